/* SPDX-License-Identifier: MIT */
#include "core/file/file_identity.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>

#include "core/base/checked.h"
#include "core/base/clock.h"
#include "core/file/file_system_kind.h"

enum {
    SECOND_MS = 1000,
    TICK_MS = 10,      /* the tick of the clock used for time stamps */
    SURELY_PAST_S = 4, /* whatever the file system */
    STAT_BLOCK = 512,  /* what st_blocks counts in */
    RECENT_S = 3,      /* how old a change is of a file that may change again soon */
};

void file_identity_of(const struct stat *attributes, struct file_identity *identity)
{
    *identity = (struct file_identity){
        .device = attributes->st_dev,
        .inode = attributes->st_ino,
        .size = (uint64_t)attributes->st_size,
        .mtime = attributes->st_mtim,
        .ctime = attributes->st_ctim,
        .blocks = (uint64_t)attributes->st_blocks,
    };
}

static struct timespec time_of(const struct statx_timestamp *stamp)
{
    return (struct timespec){.tv_sec = stamp->tv_sec, .tv_nsec = stamp->tv_nsec};
}

static void stat_of(const struct statx *seen, struct stat *attributes)
{
    *attributes = (struct stat){
        .st_dev = makedev(seen->stx_dev_major, seen->stx_dev_minor),
        .st_ino = seen->stx_ino,
        .st_mode = seen->stx_mode,
        .st_nlink = seen->stx_nlink,
        .st_uid = seen->stx_uid,
        .st_gid = seen->stx_gid,
        .st_rdev = makedev(seen->stx_rdev_major, seen->stx_rdev_minor),
        .st_size = (off_t)seen->stx_size,
        .st_blksize = (blksize_t)seen->stx_blksize,
        .st_blocks = (blkcnt_t)seen->stx_blocks,
        .st_atim = time_of(&seen->stx_atime),
        .st_mtim = time_of(&seen->stx_mtime),
        .st_ctim = time_of(&seen->stx_ctime),
    };
}

int file_look(int fd, struct stat *attributes, struct file_identity *identity)
{
    struct stat told;
    struct statx seen;
    const int flags = AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC;

    if (statx(fd, "", flags, STATX_BASIC_STATS | STATX_BTIME, &seen) != 0)
        return -errno;
    stat_of(&seen, &told);
    if (attributes != NULL)
        *attributes = told;
    if (identity == NULL)
        return 0;
    file_identity_of(&told, identity);
    if ((seen.stx_mask & STATX_BTIME) != 0)
        identity->birth = time_of(&seen.stx_btime);
    return 0;
}

int file_recall(int directory, const char *name, struct stat *attributes)
{
    struct statx known;
    const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;

    if (statx(directory, name, flags, STATX_BASIC_STATS, &known) != 0)
        return -errno;
    stat_of(&known, attributes);
    return 0;
}

bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode;
}

bool file_identity_same_birth(const struct file_identity *a, const struct file_identity *b)
{
    const struct timespec unknown = {0};
    return time_equal(a->birth, unknown) || time_equal(b->birth, unknown) ||
           time_equal(a->birth, b->birth);
}

bool file_identity_same_content(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_file(a, b) && a->size == b->size && time_equal(a->mtime, b->mtime);
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_content(a, b) && time_equal(a->ctime, b->ctime);
}

bool file_identity_same_blocks(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_equal(a, b) && a->blocks == b->blocks;
}

bool file_changed_recently(struct timespec ctime)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - ctime.tv_sec < RECENT_S;
}

uint64_t file_data(const struct file_identity *identity)
{
    return min_u64(identity->blocks, OFFSET_MAX / STAT_BLOCK) * STAT_BLOCK;
}

bool file_may_have_holes(const struct file_identity *now)
{
    return now->blocks < now->size / STAT_BLOCK;
}

int64_t file_identity_unsettled_ms(const struct file_identity *identity, int fd)
{
    struct timespec now;
    int64_t step = 0;

    if (identity->ctime.tv_nsec != 0)
        return 0;
    clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec - identity->ctime.tv_sec > SURELY_PAST_S)
        return 0; /* past by any granularity, so the file system need not be asked */
    step = (file_system_has(fd, FILE_SYSTEM_SECONDS) ? SECOND_MS : 2 * SECOND_MS) + TICK_MS;
    int64_t age =
        ((int64_t)now.tv_sec - identity->ctime.tv_sec) * SECOND_MS + now.tv_nsec / 1000000;
    if (age < 0)
        age = 0;
    return age >= step ? 0 : step - age;
}
