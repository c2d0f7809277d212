/* SPDX-License-Identifier: MIT */
#include "fs/command/life_lock.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "core/base/cleanup.h"

static const char fuse_device[] = "/dev/fuse";

/* The mount's byte. With the path in it, the next mount that gets the same device has another. */
static struct flock byte_of(const char *mountpoint, dev_t device, short type)
{
    const uint64_t digest = XXH3_64bits_withSeed(mountpoint, strlen(mountpoint), device);
    return (struct flock){
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)(digest >> 2), .l_len = 1};
}

void life_lock_take(const char *mountpoint, dev_t device)
{
    struct flock byte = byte_of(mountpoint, device, F_RDLCK);
    AUTO_CLOSE int fd = open(fuse_device, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &byte) == 0)
        (void)steal_fd(&fd); /* the end of the process closes it */
}

bool life_lock_is_held(const char *mountpoint, dev_t device)
{
    struct flock byte = byte_of(mountpoint, device, F_WRLCK);
    AUTO_CLOSE int fd = open(fuse_device, O_RDONLY | O_CLOEXEC);

    return fd >= 0 && fcntl(fd, F_OFD_GETLK, &byte) == 0 && byte.l_type != F_UNLCK;
}
