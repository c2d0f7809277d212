/* SPDX-License-Identifier: MIT */
/*
 * Follows a directory that is kept open by its path: tells when the path leads nowhere, and when it
 * leads somewhere again. If that is another directory, the open descriptor becomes one of it.
 *
 *     path ──> the same directory       nothing to do
 *          ──> nowhere                  DIRECTORY_GONE, once
 *          ──> the same one again       DIRECTORY_BACK
 *          ──> another one              DIRECTORY_FOLLOWED
 *          ──> one that is not taken    DIRECTORY_REFUSED, once
 *
 * dup3(2) puts another one under the same number, so that each system call sees the old or the new.
 *
 * Another directory is taken only if it belongs to the user who owned the first one, to root, or to
 * the user of this process, and does not lead back to bigfs. No symbolic link is followed. So
 * whoever may write to a directory above cannot make the process show what is another user's.
 *
 * A thread of its own looks every second, as a path may lead to a disk that does not answer. It
 * asks no server that the kernel does not ask by itself.
 */
#ifndef BIGFS_CORE_FILE_DIRECTORY_WATCH_H
#define BIGFS_CORE_FILE_DIRECTORY_WATCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/file/own_mounts.h"

enum directory_event { DIRECTORY_GONE, DIRECTORY_BACK, DIRECTORY_FOLLOWED, DIRECTORY_REFUSED };

struct directory_news {
    enum directory_event event;
    int error;       /* if it is gone: -errno, why; if it is refused: -EPERM or -MET_OURSELVES */
    uint64_t device; /* of the file system, if it was followed */
};

struct directory_watch {
    const char *path;       /* constant; absolute, without symbolic links; borrowed */
    const char *entry;      /* constant; what must be in it, too; borrowed, or NULL */
    int directory;          /* the open descriptor; borrowed */
    uid_t first_owner;      /* constant */
    struct own_mounts *own; /* borrowed */

    /* Called by the thread. May block. */
    void (*tell)(void *argument, const struct directory_news *news);
    void *argument;

    bool is_gone;    /* only the thread uses it, as the next */
    bool is_refused; /* that was reported */
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool stopping; /* protected by lock */
    bool running;  /* the thread has been started */
    pthread_t thread;
};

/* Begins with the directory that is open now. The caller sets the members that are borrowed. */
void directory_watch_init(struct directory_watch *watch);
void directory_watch_destroy(struct directory_watch *watch);

/* Starts the thread. Call it once the signals are blocked. Returns 0 or -errno. */
int directory_watch_start(struct directory_watch *watch);

/* Ends the thread: at once, or when the look ends that it is in. Does nothing the second time. */
void directory_watch_stop(struct directory_watch *watch);

/* Looks once, and tells what is new. For the thread. */
void directory_watch_look(struct directory_watch *watch);

#endif
