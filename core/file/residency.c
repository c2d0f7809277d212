/* SPDX-License-Identifier: MIT */
#include "core/file/residency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_cachestat
#define SYS_cachestat 451 /* the same on all architectures; Linux 6.5 */
#endif

/* As in linux/mman.h of newer systems. */
struct cache_range {
    uint64_t offset;
    uint64_t length;
};

struct cache_counts {
    uint64_t cached; /* pages */
    uint64_t dirty;
    uint64_t writeback;
    uint64_t evicted;
    uint64_t recently_evicted;
};

/*
 * Counts the cached pages, which is much faster than finding out which they are. Returns 0 or
 * -errno.
 */
static int count_cached(int fd, uint64_t offset, uint64_t length, uint64_t *cached)
{
    struct cache_range range = {offset, length};
    struct cache_counts counts;

    if (syscall(SYS_cachestat, fd, &range, &counts, 0) != 0)
        return -errno;
    *cached = counts.cached;
    return 0;
}

bool residency_is_told(int fd)
{
    struct stat attributes;
    uint64_t cached = 0;
    int error = count_cached(fd, 0, 1, &cached);

    if (error == 0 || error == -EPERM)
        return error == 0;
    return geteuid() == 0 || (fstat(fd, &attributes) == 0 && attributes.st_uid == geteuid());
}

bool residency_is_empty(int fd, uint64_t offset, uint64_t length)
{
    uint64_t cached = 0;
    return count_cached(fd, offset, length, &cached) == 0 && cached == 0;
}

bool residency_is_full(int fd, uint64_t offset, uint64_t length)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t pages = (offset + length + page - 1) / page - offset / page;
    uint64_t cached = 0;
    return count_cached(fd, offset, length, &cached) == 0 && cached >= pages;
}

static size_t pages_of(size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (length + page - 1) / page;
}

bool residency_is_ready(const void *bytes, size_t length)
{
    enum { AT_A_TIME = 256 };
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *place = (uint8_t *)((uintptr_t)bytes & ~(uintptr_t)(page - 1));
    size_t left = pages_of((size_t)((const uint8_t *)bytes - place) + length);
    unsigned char ready[AT_A_TIME];

    while (left > 0) {
        size_t count = left < AT_A_TIME ? left : AT_A_TIME;
        if (mincore(place, count * page, ready) != 0)
            return false;
        for (size_t i = 0; i < count; i++)
            if ((ready[i] & 1) == 0)
                return false;
        place += count * page;
        left -= count;
    }
    return true;
}

void residency_read(struct residency *residency, int fd, void *bytes, uint64_t offset,
                    size_t length)
{
    uint64_t cached = 0;
    int error = count_cached(fd, offset, length, &cached);

    *residency = (struct residency){.kind = RESIDENT_ALL};
    if (error == 0 && cached == 0)
        residency->kind = RESIDENT_NONE;
    if (error == -EPERM || (error == 0 && (cached == 0 || cached >= pages_of(length))))
        return;
    residency->pages = malloc(pages_of(length));
    if (residency->pages != NULL && mincore(bytes, length, residency->pages) == 0)
        residency->kind = RESIDENT_SOME;
}

void residency_free(struct residency *residency)
{
    free(residency->pages);
}

bool residency_had(const struct residency *residency, size_t index)
{
    if (residency->kind == RESIDENT_SOME)
        return (residency->pages[index] & 1) != 0;
    return residency->kind == RESIDENT_ALL;
}
