/* SPDX-License-Identifier: MIT */
/*
 * A file system that answers SEEK_DATA, SEEK_HOLE and FIEMAP as a test says.
 *
 * For one file of a program that is linked with --wrap=lseek, lseek64 and ioctl. One thread only.
 */
#ifndef BIGFS_TESTS_FAKE_EXTENTS_H
#define BIGFS_TESTS_FAKE_EXTENTS_H

#include "tests/unit/support.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/extent/extent_probe.h"

enum { KIB = 1024, MIB = 1024 * KIB, ASKED = EXTENT_PROBE_MOST / 2 };

/* The simulated file system. An answer below 0 is an errno. */
struct fake {
    bool on;
    off_t (*seek)(off_t offset, int whence);
    int (*fiemap)(struct fiemap *map, struct fiemap_extent *extents);
    unsigned seeks;
    unsigned fiemaps;
    uint32_t flags; /* of the last FIEMAP */
};

static struct fake fake;

off_t __real_lseek(int fd, off_t offset, int whence);
off_t __real_lseek64(int fd, off_t offset, int whence);
int __real_ioctl(int fd, unsigned long request, void *argument);
off_t __wrap_lseek(int fd, off_t offset, int whence);
off_t __wrap_lseek64(int fd, off_t offset, int whence);
int __wrap_ioctl(int fd, unsigned long request, void *argument);

static off_t result_of(off_t answer)
{
    if (answer >= 0)
        return answer;
    errno = (int)-answer;
    return -1;
}

static off_t fake_seek(off_t offset, int whence)
{
    fake.seeks++;
    return result_of(fake.seek(offset, whence));
}

off_t __wrap_lseek(int fd, off_t offset, int whence)
{
    return fake.on ? fake_seek(offset, whence) : __real_lseek(fd, offset, whence);
}

off_t __wrap_lseek64(int fd, off_t offset, int whence)
{
    return fake.on ? fake_seek(offset, whence) : __real_lseek64(fd, offset, whence);
}

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
    if (!fake.on || request != FS_IOC_FIEMAP)
        return __real_ioctl(fd, request, argument);
    struct fiemap *map = argument;
    fake.fiemaps++;
    fake.flags = map->fm_flags;
    return (int)result_of(fake.fiemap(map, (struct fiemap_extent *)(map + 1)));
}

static int setup(void **state)
{
    memset(&fake, 0, sizeof(fake));
    return scratch_setup(state);
}

static int teardown(void **state)
{
    fake.on = false;
    return scratch_teardown(state);
}

/* What the next SEEK_DATA and SEEK_HOLE answer. */
static off_t data_answer;
static off_t hole_answer;

static off_t seek_as_told(off_t offset, int whence)
{
    (void)offset;
    return whence == SEEK_DATA ? data_answer : whence == SEEK_HOLE ? hole_answer : -EINVAL;
}

static struct random answers;

/* Anything at all: near the offset, far away, huge, or an error. */
static off_t seek_at_random(off_t offset, int whence)
{
    const off_t errors[] = {-ENXIO, -EINVAL, -EIO, -EOPNOTSUPP};
    off_t answer = 0;

    if (random_chance(&answers, 20))
        answer = errors[random_below(&answers, LENGTH_OF(errors))];
    else if (random_chance(&answers, 10))
        answer = (off_t)(random_next(&answers) & OFFSET_MAX);
    else
        answer = (off_t)max_u64(100, (uint64_t)offset + random_below(&answers, 200)) - 100;
    if (whence == SEEK_DATA)
        data_answer = answer;
    return answer;
}

/* What the next FIEMAP answers. */
static struct {
    int error;
    uint32_t mapped;
    struct fiemap_extent extents[ASKED];
} told;

static int fiemap_as_told(struct fiemap *map, struct fiemap_extent *extents)
{
    assert_in_range(map->fm_extent_count, 1, ASKED);
    if (told.error == 0)
        memcpy(extents, told.extents, map->fm_extent_count * sizeof(*extents));
    map->fm_mapped_extents = told.mapped;
    return told.error;
}

static void play_fiemap(void)
{
    memset(&told, 0, sizeof(told));
    fake.on = true;
    fake.fiemap = fiemap_as_told;
}

static void tell(uint64_t start, uint64_t length, uint32_t flags)
{
    assert_true(told.mapped < ASKED);
    told.extents[told.mapped++] =
        (struct fiemap_extent){.fe_logical = start, .fe_length = length, .fe_flags = flags};
}

static void tell_at_random(struct random *random, bool sorted)
{
    const uint32_t flags[] = {0,
                              FIEMAP_EXTENT_UNWRITTEN,
                              FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC,
                              FIEMAP_EXTENT_ENCODED,
                              FIEMAP_EXTENT_NOT_ALIGNED,
                              FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_NOT_ALIGNED,
                              FIEMAP_EXTENT_LAST};
    const uint64_t count = random_chance(random, 30) ? ASKED : random_below(random, ASKED + 1);
    uint64_t place = 0;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t length = random_chance(random, 10) ? 0 : random_below(random, 30000);
        if (random_chance(random, 2))
            length = random_next(random);
        place = sorted ? place + random_below(random, 20000) : random_below(random, MIB);
        tell(place, length, flags[random_below(random, LENGTH_OF(flags))]);
    }
    if (count == ASKED)
        told.mapped += (uint32_t)random_below(random, 3);
}

static void assert_extent(const struct extent *extent, enum extent_kind kind, uint64_t start,
                          uint64_t end)
{
    assert_int_equal(extent->kind, kind);
    assert_int_equal(extent->start, start);
    assert_int_equal(extent->end, end);
}

#endif
