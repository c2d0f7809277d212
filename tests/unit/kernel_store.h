/* SPDX-License-Identifier: MIT */
/*
 * What the kernel is given of a text, kept here. For programs linked with
 * --wrap=fuse_lowlevel_notify_store.
 */
#ifndef BIGFS_TESTS_KERNEL_STORE_H
#define BIGFS_TESTS_KERNEL_STORE_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <fuse_lowlevel.h>

#include "tests/unit/support.h"

enum { STORED_STEPS_MOST = 1024 };

struct stored_step {
    const void *node;
    uint64_t offset; /* in the text */
    uint64_t size;
    uint64_t at; /* in kernel_store.bytes */
};

static struct {
    struct stored_step steps[STORED_STEPS_MOST];
    unsigned count;
    char *bytes; /* of one step after the other; owned */
    uint64_t used;
    uint64_t size; /* of the file, as the kernel knows it by now */
} kernel_store;

static inline void kernel_store_reset(void)
{
    free(kernel_store.bytes);
    memset(&kernel_store, 0, sizeof(kernel_store));
}

int __wrap_fuse_lowlevel_notify_store(struct fuse_session *session, fuse_ino_t inode, off_t offset,
                                      struct fuse_bufvec *bytes, enum fuse_buf_copy_flags flags);

int __wrap_fuse_lowlevel_notify_store(struct fuse_session *session, fuse_ino_t inode, off_t offset,
                                      struct fuse_bufvec *bytes, enum fuse_buf_copy_flags flags)
{
    struct stored_step *step = &kernel_store.steps[kernel_store.count++];
    uint64_t end = (uint64_t)offset + bytes->buf[0].size;

    (void)session;
    (void)flags;
    assert_true(kernel_store.count <= STORED_STEPS_MOST && bytes->count == 1);
    *step = (struct stored_step){.node = (const void *)(uintptr_t)inode,
                                 .offset = (uint64_t)offset,
                                 .size = bytes->buf[0].size,
                                 .at = kernel_store.used};
    kernel_store.bytes = realloc(kernel_store.bytes, kernel_store.used + step->size + 1);
    assert_non_null(kernel_store.bytes);
    memcpy(kernel_store.bytes + kernel_store.used, bytes->buf[0].mem, step->size);
    kernel_store.used += step->size;
    kernel_store.size = end > kernel_store.size ? end : kernel_store.size;
    return 0;
}

#endif
