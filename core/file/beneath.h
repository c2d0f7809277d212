/*
 * Opening paths that cannot leave a directory.
 *
 * Every path of the source tree is resolved by the kernel in one openat2(2) call with
 * RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS and RESOLVE_NO_MAGICLINKS: no "..", no symbolic link and no
 * rename that happens meanwhile leads out. A path of PATH_MAX or more bytes takes several calls,
 * each beneath the directory that the one before has opened; then the way back up is checked. So
 * does one that crosses a mount while there are mounts that lead back to ourselves: then
 * each component is looked at before anything is asked of it.
 */
#ifndef BIGFS_CORE_FILE_BENEATH_H
#define BIGFS_CORE_FILE_BENEATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/file/own_mounts.h"

struct beneath {
    int directory; /* an open directory; owned by the maker of this struct */

    /* Asked when no descriptor is to be had: closes one if it can. Must be thread-safe. */
    bool (*relieve)(void *argument);
    void *relieve_argument;

    struct own_mounts *own; /* what must not be met; borrowed, or NULL */
};

/*
 * Opens `path`, relative to the directory ("" is the directory itself), with the open(2) `flags`;
 * O_CLOEXEC is added. A path may have any length; one of PATH_MAX or more bytes must have no "."
 * and no "..". The caller owns the descriptor. Blocks as open(2) does; a FIFO blocks unless
 * O_NONBLOCK or O_PATH is among the flags. If there is a lease on the file the kernel begins
 * to break it and this returns -HELD_BY_LEASE (core/base/outcome.h): to be tried again. When
 * descriptors run out it asks for relief as long as that closes one. Then it returns
 * -NO_DESCRIPTOR: to be tried again, too. Thread-safe. Returns the descriptor or -errno; a path
 * with a symbolic link in it gives -ELOOP (the last component may be one with O_PATH | O_NOFOLLOW),
 * one that leads out -EXDEV, one into a mount that leads back to ourselves -MET_OURSELVES.
 */
int beneath_open(const struct beneath *beneath, const char *path, int flags);

/*
 * The attributes of what `path` names, a final symbolic link not followed. Thread-safe.
 * Returns 0 or -errno, as beneath_open does.
 */
int beneath_stat(const struct beneath *beneath, const char *path, struct stat *attributes);

/*
 * The same for a caller that is prepared to wait only for the file system *device, that of the
 * directory: if another one is mounted at the path, that is not asked anything. Returns
 * -OTHER_DEVICE (core/base/outcome.h) then, with its number in *device.
 */
int beneath_stat_on(const struct beneath *beneath, const char *path, uint64_t *device,
                    struct stat *attributes);

#endif
