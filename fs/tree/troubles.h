/* SPDX-License-Identifier: MIT */
/*
 * What was last found to be wrong with files, for .bigfs/status: at most one trouble of each kind
 * for a file, and a few in all.
 *
 * Thread-safe. Nothing here blocks.
 */
#ifndef BIGFS_FS_TREE_TROUBLES_H
#define BIGFS_FS_TREE_TROUBLES_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum { TROUBLES_REMEMBERED = 32 };

struct trouble {
    const char *kind; /* constant text, such as "no plain"; NULL: none */
    char *path;       /* beneath SOURCE; owned */
    char *text;       /* one line; owned */
    time_t when;      /* when it was last seen */
    uint64_t times;   /* how often it was seen */
};

struct troubles {
    pthread_mutex_t lock;
    struct trouble last[TROUBLES_REMEMBERED]; /* protected by lock; a ring */
    size_t next;                              /* protected by lock */
};

void troubles_init(struct troubles *troubles);
void troubles_destroy(struct troubles *troubles);

/* Remembers a trouble in place of the oldest one, or of that of its kind and path. */
void troubles_add(struct troubles *troubles, const char *kind, const char *path, const char *text);

/*
 * Forgets the troubles of a path but for those of one kind (NULL: all of them), as they were of a
 * content that it does not have any more.
 */
void troubles_forget(struct troubles *troubles, const char *path, const char *but);

/* Calls `tell` for each trouble, the oldest first. It must not call these functions. */
void troubles_tell(struct troubles *troubles,
                   void (*tell)(void *argument, const struct trouble *trouble), void *argument);

#endif
