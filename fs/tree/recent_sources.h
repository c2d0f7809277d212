/* SPDX-License-Identifier: MIT */
/*
 * The sources of the most recently opened small files, and of compressed contents, by path.
 *
 * A small file gets a new node each time it has grown. Through this its nodes share one source, and
 * so what is known of its generation. An open can then tell whether the file has grown since the
 * look-up or was rewritten. A compressed content keeps its map, though the kernel forgets its node.
 *
 * Thread-safe. Nothing here touches a file.
 */
#ifndef BIGFS_FS_TREE_RECENT_SOURCES_H
#define BIGFS_FS_TREE_RECENT_SOURCES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/source.h"

enum { RECENT_SOURCES = 256 };

struct recent_sources {
    pthread_mutex_t lock;
    uint64_t hashes[RECENT_SOURCES];        /* protected by lock; hashes of the paths */
    struct source *sources[RECENT_SOURCES]; /* protected by lock; a ring of references, or NULL */
    size_t next;                            /* protected by lock */
};

void recent_sources_init(struct recent_sources *recent);

/* Drops all references. */
void recent_sources_destroy(struct recent_sources *recent);

/*
 * The source of `path` and this kind of content, made in the pool if it is not here. The caller
 * gets a reference. NULL: no memory.
 */
struct source *recent_sources_get(struct recent_sources *recent, struct source_pool *pool,
                                  const char *path, const struct content_type *content);

/* Whether the source of the plain file `path` is here. */
bool recent_sources_has(struct recent_sources *recent, const char *path);

#endif
