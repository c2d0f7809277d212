/* SPDX-License-Identifier: MIT */
/*
 * Intercepts mmap(2) of files: a test can make it fail, or change the file just after a window has
 * been mapped, and so in the middle of a scan.
 *
 * For one file of a program that is linked with --wrap=mmap,--wrap=mmap64.
 */
#ifndef BIGFS_TESTS_MAP_HOOK_H
#define BIGFS_TESTS_MAP_HOOK_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/types.h>

static atomic_int map_error;  /* 0, or what mmap(2) of a file fails with … */
static atomic_uint map_spare; /* … after this many that succeed */
static atomic_uint map_count; /* how many there were */
static void *map_last;        /* where the last one is; for map_after */

/* NULL, or called before each mapping of a file; set while no thread maps. */
static void (*map_before)(int fd, off_t offset);
static void (*map_after)(int fd, off_t offset); /* the same for afterwards */

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);

static void map_hook_reset(void)
{
    atomic_store(&map_error, 0);
    atomic_store(&map_spare, 0);
    atomic_store(&map_count, 0);
    map_before = NULL;
    map_after = NULL;
}

static void *map_file(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    unsigned before = atomic_fetch_add(&map_count, 1);
    if (map_before != NULL)
        map_before(fd, offset);
    if (atomic_load(&map_error) != 0 && before >= atomic_load(&map_spare)) {
        errno = atomic_load(&map_error);
        return MAP_FAILED;
    }
    void *mapped = __real_mmap(address, length, protection, flags, fd, offset);
    if (map_after != NULL) {
        map_last = mapped;
        map_after(fd, offset);
    }
    return mapped;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return fd < 0 ? __real_mmap(address, length, protection, flags, fd, offset)
                  : map_file(address, length, protection, flags, fd, offset);
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return __wrap_mmap(address, length, protection, flags, fd, offset);
}

#endif
