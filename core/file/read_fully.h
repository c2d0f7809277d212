/* SPDX-License-Identifier: MIT */
/* pread(2) that returns all bytes or fails. */
#ifndef BIGFS_CORE_FILE_READ_FULLY_H
#define BIGFS_CORE_FILE_READ_FULLY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Reads exactly `length` bytes at `offset`, in as many calls as it takes. Blocks as pread(2).
 * Thread-safe. Returns 0, -FILE_TOO_SHORT (core/base/outcome.h) if the file ends earlier, or a read
 * error, which is never -ENOENT or -EINTR.
 */
int read_fully(int fd, void *buffer, size_t length, uint64_t offset);

/*
 * Reads up to `length` bytes at `offset` in one call, with the preadv2(2) `flags`. Returns how many
 * it got, 0 at the end of the file, or an error as read_fully does. Blocks as preadv2(2).
 */
ssize_t read_once(int fd, void *buffer, size_t length, uint64_t offset, int flags);

#endif
