/* SPDX-License-Identifier: MIT */
/*
 * Files of which tests of fs/serve/prefetch read, and what their reads get. For programs linked
 * with
 * --wrap=clock_gettime (tests/unit/fake_clock.h).
 */
#ifndef BIGFS_TESTS_PREFETCH_FIXTURE_H
#define BIGFS_TESTS_PREFETCH_FIXTURE_H

#include <errno.h>
#include <semaphore.h>

#include "fs/serve/prefetch.h"
#include "tests/unit/fake_clock.h"
#include "tests/unit/support.h"

enum {
    STEP = 256 * 1024, /* the smallest read that counts as large; as large as a buffer here */
    BUFFERS = 4,
    FRESH_MS = 100, /* as in fs/serve/prefetch.c */
    CALLS_MOST = 16,
};

/* A file: bytes by its number and version. The version stands in for all that identifies it. */
struct file {
    struct prefetch prefetch;
    unsigned number;
    atomic_uint version;
    atomic_int error; /* of the next copies */
    uint64_t size;
    sem_t *gate; /* each copy waits here, if it is not NULL */
    sem_t *at_gate;
    atomic_uint calls;
    uint64_t offsets[CALLS_MOST]; /* of the first calls */
};

static struct prefetch_pool pool;

static inline uint64_t kind_of(const struct file *file, uint64_t version)
{
    return file->number * 1000 + version;
}

static inline int copy(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                       struct file_identity *then)
{
    struct file *file = argument;
    unsigned call = atomic_fetch_add(&file->calls, 1);
    unsigned version = atomic_load(&file->version);

    if (call < CALLS_MOST)
        file->offsets[call] = offset;
    if (file->gate != NULL) {
        (void)sem_post(file->at_gate);
        while (sem_wait(file->gate) != 0)
            continue;
    }
    *then = (struct file_identity){.inode = version};
    uint64_t left = offset < file->size ? file->size - offset : 0;
    *got = left < size ? (size_t)left : size;
    pattern_fill(buffer, *got, offset, kind_of(file, version));
    return atomic_load(&file->error);
}

static inline void file_init(struct file *file, unsigned number)
{
    *file = (struct file){.number = number, .size = 1000 * (uint64_t)STEP};
    prefetch_init(&file->prefetch, &pool);
}

static inline struct prefetch_read begin(struct file *file, uint64_t offset, size_t size)
{
    struct prefetch_read read;
    prefetch_begin(&file->prefetch, offset, size, &read);
    return read;
}

/* Whether it got any bytes: these are right, and of the version that they are said to be of. */
static inline bool has_right_bytes(const struct file *file, const struct prefetch_read *read,
                                   uint64_t offset, size_t size)
{
    if (read->bytes == NULL)
        return false;
    assert_true(pattern_matches(read->bytes, size, offset, kind_of(file, read->then.inode)));
    return true;
}

/* Reads, and copies ahead. Returns whether the bytes had been copied ahead. */
static inline bool read_at(struct file *file, uint64_t offset, size_t size)
{
    struct prefetch_read read = begin(file, offset, size);
    bool had = has_right_bytes(file, &read, offset, size);
    prefetch_end(&file->prefetch, &read, copy, file);
    return had;
}

/* The third read of such a file finds its bytes. */
static inline void read_two(struct file *file)
{
    assert_false(read_at(file, 0, STEP));
    assert_false(read_at(file, STEP, STEP));
}

static inline unsigned count_taken(void)
{
    unsigned count = 0;
    for (size_t i = 0; i < pool.count; i++)
        count += pool.stretches[i].owner != NULL ? 1 : 0;
    return count;
}

static inline int setup(void **state)
{
    static struct file file;
    int error = prefetch_pool_init(&pool, BUFFERS, STEP);
    file_init(&file, 1);
    *state = &file;
    return error;
}

/* All buffers are there again, or their pool would not let itself be destroyed. */
static inline int teardown(void **state)
{
    struct file *file = *state;
    if (file->prefetch.reads > 0) /* the test has failed in the middle of one */
        return -1;
    prefetch_destroy(&file->prefetch);
    unsigned taken = count_taken();
    prefetch_pool_destroy(&pool);
    return taken == 0 ? 0 : -1;
}

#endif
