/* SPDX-License-Identifier: MIT */
#include "core/generation/file_rest.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "core/base/checked.h"

enum {
    REST_LEAST_MS = 20, /* longer than a tick of the clock used for mtimes */
    REST_MOST_MS = 250,
    REST_MS_PER_MIB = 2, /* a write of the whole file should be over by then */
    COARSE_MOST_MS = 2050,
    LOOKS = 100,         /* looks for the end of a write, before waiting in line after it … */
    LOOK_PAUSE_US = 200, /* … and the pause after each */
};

/* The age of the mtime in ms; negative if the local clock and that of the file disagree. */
static int64_t age_of(const struct file_identity *identity)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec - identity->mtime.tv_sec) * 1000 +
           (now.tv_nsec - identity->mtime.tv_nsec) / 1000000;
}

/* How many ms a file of this size must have been quiet to count as at rest. */
static int64_t rest_of(const struct file_identity *identity)
{
    uint64_t most_mib = (REST_MOST_MS - REST_LEAST_MS) / REST_MS_PER_MIB;
    return REST_LEAST_MS + REST_MS_PER_MIB * (int64_t)min_u64(identity->size >> 20, most_mib);
}

static int64_t max_ms(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* How much longer to wait for a file with the identity `now`, after `waited` ms. */
static int64_t still_to_wait(int fd, const struct file_identity *now, int64_t waited)
{
    int64_t rest = rest_of(now) - max_ms(age_of(now), waited);
    int64_t coarse = file_identity_unsettled_ms(now, fd);

    if (coarse > COARSE_MOST_MS - waited)
        coarse = COARSE_MOST_MS - waited;
    return max_ms(rest, coarse);
}

void file_rest_await(int fd)
{
    struct file_identity now;
    int64_t waited = 0;

    while (file_look(fd, NULL, &now) == 0) {
        int64_t wait = still_to_wait(fd, &now, waited);
        if (wait <= 0)
            return;
        const struct timespec pause = {wait / 1000, wait % 1000 * 1000000};
        (void)nanosleep(&pause, NULL);
        waited += wait;
    }
}

/* A write excludes: on ext4, btrfs, tmpfs and FUSE a search for holes, on XFS a read. */
void file_rest_stand_in_line(int fd)
{
    char byte;
    (void)!lseek(fd, 0, SEEK_HOLE);
    (void)!pread(fd, &byte, 1, 0);
}

int file_rest_await_write(int fd, const struct file_identity *was, struct file_identity *now)
{
    const struct timespec pause = {.tv_nsec = LOOK_PAUSE_US * 1000};
    int error = file_look(fd, NULL, now);

    for (int i = 0; i < LOOKS && error == 0 && now->size == was->size; i++) {
        (void)nanosleep(&pause, NULL);
        error = file_look(fd, NULL, now);
    }
    if (error != 0 || now->size != was->size)
        return error;
    file_rest_stand_in_line(fd);
    return file_look(fd, NULL, now);
}
