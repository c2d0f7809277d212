/* SPDX-License-Identifier: MIT */
#include "fs/command/departure.h"

#include <errno.h>
#include <poll.h>
#include <sys/mount.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/mount_table.h"
#include "fs/command/fusermount.h"

enum { PATIENCE_S = 2 }; /* time limit for the orderly end */

static bool is_done_by(struct departure *departure, const struct timespec *limit)
{
    HOLD_LOCK(&departure->lock);
    while (!departure->done)
        if (pthread_cond_timedwait(&departure->change, &departure->lock, limit) == ETIMEDOUT)
            break;
    return departure->done;
}

static _Noreturn void leave(const struct departure *departure)
{
    /* A thread stuck in the kernel keeps the descriptors open, so close this one explicitly. */
    (void)close(departure->fuse);
    _exit(departure->status);
}

static void *leave_if_late(void *argument)
{
    struct departure *departure = argument;
    struct timespec limit;

    clock_gettime(CLOCK_MONOTONIC, &limit);
    limit.tv_sec += PATIENCE_S;
    if (!is_done_by(departure, &limit))
        leave(departure);
    return NULL;
}

void departure_begin(struct departure *departure, int fuse, int status)
{
    pthread_condattr_t attributes;

    *departure = (struct departure){.fuse = fuse, .status = status};
    pthread_mutex_init(&departure->lock, NULL);
    pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&departure->change, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&departure->thread, NULL, leave_if_late, departure) != 0)
        leave(departure);
}

void departure_end(struct departure *departure)
{
    {
        HOLD_LOCK(&departure->lock);
        departure->done = true;
        pthread_cond_signal(&departure->change);
    }
    (void)pthread_join(departure->thread, NULL);
    pthread_cond_destroy(&departure->change);
    pthread_mutex_destroy(&departure->lock);
}

int departure_detach(int table, const char *mountpoint, dev_t device)
{
    dev_t found = 0;

    if (!mount_table_find(table, mountpoint, &found) || found != device)
        return -ENOENT;
    if (umount2(mountpoint, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
        return 0;
    return fusermount_unmount(mountpoint, true, NULL, 0);
}

bool departure_is_over(int fuse)
{
    struct pollfd state = {.fd = fuse};
    return poll(&state, 1, 0) > 0 && (state.revents & POLLERR) != 0;
}

int departure_close(int fuse)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    /* Without a reader the write end has POLLERR, like /dev/fuse after an unmount. */
    (void)close(ends[0]);
    AUTO_CLOSE int broken = ends[1];
    return dup3(broken, fuse, O_CLOEXEC) < 0 ? -errno : 0;
}
