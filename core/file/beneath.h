/* SPDX-License-Identifier: MIT */
/*
 * Opening paths that cannot leave a directory.
 *
 * Every path of the source tree is resolved by the kernel in one openat2(2) call with
 * RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS: no "..", no symbolic link and no
 * rename that happens meanwhile leads out. A path of PATH_MAX or more bytes takes several calls,
 * each beneath the directory that the previous call opened; then the way back up is checked. A path
 * that crosses a mount also takes several calls while there are mounts that lead back to bigfs:
 * each component is then checked before its file system is asked anything.
 */
#ifndef BIGFS_CORE_FILE_BENEATH_H
#define BIGFS_CORE_FILE_BENEATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/file/own_mounts.h"

struct beneath {
    int directory; /* an open directory; owned by the maker of this struct */

    /* Called when no descriptor is free. Closes one if it can. Must be thread-safe. */
    bool (*relieve)(void *argument);
    void *relieve_argument;

    struct own_mounts *own; /* mounts that must not be entered; borrowed, or NULL */
};

/*
 * Opens `path`, relative to the directory ("" is the directory itself), with the open(2) `flags`;
 * O_CLOEXEC is added. A path may have any length; one of PATH_MAX or more bytes must have no "."
 * and no "..". The caller owns the descriptor. Blocks as open(2) does; a FIFO blocks unless
 * O_NONBLOCK or O_PATH is among the flags. If there is a lease on the file, the kernel begins to
 * break it and this returns -HELD_BY_LEASE (core/base/outcome.h); the caller may try again. If
 * descriptors run out, it calls `relieve` for as long as that closes one, then returns
 * -NO_DESCRIPTOR; the caller may try again. Thread-safe. Returns the descriptor or -errno. A path
 * with a symbolic link in it gives -ELOOP (with O_PATH | O_NOFOLLOW the last component may be one),
 * a path that leads out -EXDEV, a path into a mount that leads back to bigfs -MET_OURSELVES.
 */
int beneath_open(const struct beneath *beneath, const char *path, int flags);

/*
 * Gets the attributes of what `path` names, without following a final symbolic link. Thread-safe.
 * Returns 0 or -errno, as beneath_open does.
 */
int beneath_stat(const struct beneath *beneath, const char *path, struct stat *attributes);

/*
 * The same, for a caller that may wait only for the file system *device, that of the directory. If
 * another file system is mounted at the path, it is not asked anything: this returns -OTHER_DEVICE
 * (core/base/outcome.h) and sets *device to its number.
 */
int beneath_stat_on(const struct beneath *beneath, const char *path, uint64_t *device,
                    struct stat *attributes);

#endif
