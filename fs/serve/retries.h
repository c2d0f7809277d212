/*
 * Which threads were just told to look a name up again.
 *
 * An open that finds its node out of date is answered ESTALE. The kernel then looks the name up
 * anew and opens what it finds, in the same system call; if that is answered ESTALE too, the reader
 * gets the error. Of a file that grows all the time no look-up is ever fresh enough, so the second
 * open of a piece, whose generation tells growing from rewriting, must be content with what the
 * look-up before it found: it is told by its thread and the inode number. There is no limit of
 * time, as that look-up takes as long as the source does. An entry that is left over, because its
 * thread was killed in between, can only make an open content with what a look-up found before.
 *
 * All functions are thread-safe and do not block.
 */
#ifndef BIGFS_FS_SERVE_RETRIES_H
#define BIGFS_FS_SERVE_RETRIES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { RETRIES_KEPT = 256 }; /* more threads than that are hardly in the middle of one at once */

struct retries {
    pthread_mutex_t lock;
    struct {
        bool used;
        pid_t thread;         /* 0: of another pid namespace */
        uint64_t inode;       /* as users see it: the same for all nodes of a name */
    } expected[RETRIES_KEPT]; /* protected by lock; a ring */
    size_t next;              /* protected by lock */
};

void retries_init(struct retries *retries);
void retries_destroy(struct retries *retries);

/* Notes that this thread (as fuse_req_ctx() tells it) was told to look again. */
void retries_expect(struct retries *retries, pid_t thread, uint64_t inode);

/* Notes that a look-up of this thread failed: no second open follows. */
void retries_give_up(struct retries *retries, pid_t thread);

/* Whether an open of this thread is such a second one; it is told so once. */
bool retries_take(struct retries *retries, pid_t thread, uint64_t inode);

#endif
