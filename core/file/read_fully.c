/* SPDX-License-Identifier: MIT */
#include "core/file/read_fully.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/outcome.h"

/*
 * How often an interrupted read is tried again. No signal reaches these threads, so a file system
 * that returns EINTR may do so for ever.
 */
enum { INTERRUPTED_ATTEMPTS = 4 };

/*
 * Replaces errnos of a read that mean something else to callers: that a name does not exist, or
 * that the reader is gone.
 */
static int read_error(int error)
{
    return error == ENOENT || error == EINTR ? -EIO : -error;
}

ssize_t read_once(int fd, void *buffer, size_t length, uint64_t offset, int flags)
{
    const struct iovec part = {.iov_base = buffer, .iov_len = length};
    ssize_t got = -1;

    errno = EINTR;
    for (int i = 0; i < INTERRUPTED_ATTEMPTS && got < 0 && errno == EINTR; i++)
        got = flags != 0 ? preadv2(fd, &part, 1, (off_t)offset, flags)
                         : pread(fd, buffer, length, (off_t)offset);
    return got < 0 ? read_error(errno) : got;
}

int read_fully(int fd, void *buffer, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = read_once(fd, (char *)buffer + done, length - done, offset + done, 0);
        if (got < 0)
            return (int)got;
        if (got == 0)
            return -FILE_TOO_SHORT;
        done += (size_t)got;
    }
    return 0;
}
