/* SPDX-License-Identifier: MIT */
/*
 * A source: a path beneath SOURCE, and the kind of content that is read from it.
 *
 * What the path holds at one time is a generation. core/content/reading.h looks at the path and
 * reads one generation.
 *
 * Sources are reference counted, and all functions are thread-safe. None of them blocks.
 */
#ifndef BIGFS_CORE_CONTENT_SOURCE_H
#define BIGFS_CORE_CONTENT_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/decode_cache.h"
#include "core/extent/extent_probe.h"
#include "core/file/beneath.h"
#include "core/file/drop_behind.h"
#include "core/file/open_files.h"
#include "core/file/window.h"
#include "core/generation/generation.h"

struct content_type;

/* What all sources of a process share. Must outlive them. */
struct source_pool {
    struct beneath beneath;
    struct open_files files;
    struct window_pool windows;
    struct drop_behind drop_behind; /* disabled unless the caller enables it before the first use */
    enum extent_method extents;     /* constant; how holes are found */
    struct decode_cache decoded;    /* of compressed files */
    _Atomic uint64_t bytes_read;    /* copied for readers and for finding record ends */
    _Atomic uint64_t bytes_zeroed;  /* holes, filled with zeros instead of read */
    _Atomic uint64_t bytes_scanned; /* looked through for record ends and maps */
    _Atomic uint64_t bytes_hashed;  /* of pieces, for checksums */
    _Atomic uint64_t probes;        /* searches that had to read the file */
    atomic_size_t digests_room;     /* entries of tables of core/content/digest_note.h */
    atomic_uint digest_helpers; /* threads of core/content/digest_batch.h, beside their callers */
    _Atomic uint64_t ended[END_REASONS]; /* generations, by how they ended */

    /*
     * Constant; called once for each generation of a path that has ended; may be NULL. `open`: a
     * program has it open, which is stale now. Must be callable from any thread, and must not block
     * for long.
     */
    void (*on_end)(void *argument, const char *path, const struct generation_end *end, bool open);
    void *on_end_argument;

    /*
     * Constant; called for what a user should know of a file; may be NULL. `kind`: constant text,
     * such as "no plain". `text` is one line, without the path. As on_end.
     */
    void (*on_trouble)(void *argument, const char *kind, const char *path, const char *text);
    void *on_trouble_argument;
};

struct source {
    atomic_uint references;
    struct source_pool *pool;           /* constant */
    const struct content_type *content; /* constant */
    char *path;                         /* constant; relative to SOURCE; owned */
    char *extension;                    /* constant; of the name of what is read; owned */
    pthread_mutex_t lock;
    struct generation *current; /* protected by lock; a reference, or NULL before the first look */
};

/*
 * Sizes are in bytes; `descriptors` is the limit for open_files_init. The caller keeps `directory`.
 * Holes are found by EXTENTS_AUTO, unless the caller sets another method before the first use.
 */
void source_pool_init(struct source_pool *pool, int directory, unsigned descriptors,
                      uint64_t window_size, uint64_t window_total);
void source_pool_destroy(struct source_pool *pool);

/*
 * Makes a source with one reference, which the caller owns. The path is copied. `content` may be
 * NULL for the plain file. Returns NULL if there is no memory.
 */
struct source *source_new(struct source_pool *pool, const char *path,
                          const struct content_type *content);
struct source *source_ref(struct source *source);
void source_unref(struct source *source); /* NULL is allowed */

/*
 * The generation that was seen last, with a reference for the caller, or NULL before the first
 * look.
 */
struct generation *source_current(struct source *source);

/*
 * Replaces `old` (may be NULL) by `fresh`; `old` is over then. Takes its own reference. Returns
 * false if another thread was first.
 */
bool source_replace(struct source *source, struct generation *old, struct generation *fresh);

/* Reports once that a generation of this source is over, to its counter and to pool->on_end. */
void source_report_end(struct source *source, struct generation *generation);

/* Reports what a user should know of the file, in one line, to pool->on_trouble. */
void source_report_trouble(const struct source *source, const char *kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
