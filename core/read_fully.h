/* pread(2) that comes back with all of it. */
#ifndef BIGFS_CORE_READ_FULLY_H
#define BIGFS_CORE_READ_FULLY_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads exactly `length` bytes at `offset`, in as many calls as it takes. Blocks as pread(2).
 * Thread-safe. Returns 0, -ENODATA where the file ends before, or a read error.
 */
int read_fully(int fd, void *buffer, size_t length, uint64_t offset);

#endif
