/* SPDX-License-Identifier: MIT */
#include "core/file/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/file/file_identity.h"

enum {
    /* No signal reaches these threads, so the file system itself answers EINTR. */
    INTERRUPTED_ATTEMPTS = 4,
    /* The kernel returns EAGAIN if a rename crosses its walk. */
    RACE_ATTEMPTS = 100,
};

/* Opens a path shorter than PATH_MAX in one call. */
static int open_step(int directory, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (unsigned long long)(flags | O_CLOEXEC),
        .resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, directory, path[0] != '\0' ? path : ".", &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

/* Goes `levels` directories up from `fd`, which the caller keeps. Returns a new descriptor. */
static int climb(int fd, size_t levels)
{
    static const char parent[] = "../";
    enum { AT_ONCE = 1024 }; /* levels per call, so that the path stays shorter than PATH_MAX */
    AUTO_FREE char *parents = malloc(AT_ONCE * (sizeof(parent) - 1) + 1);
    AUTO_CLOSE int at = -1;

    if (parents == NULL)
        return -ENOMEM;
    parents[0] = '\0';
    for (size_t i = 0; i < AT_ONCE; i++)
        memcpy(parents + i * (sizeof(parent) - 1), parent, sizeof(parent));
    while (levels > 0) {
        size_t now = levels < AT_ONCE ? levels : AT_ONCE;
        const char *names = parents + (AT_ONCE - now) * (sizeof(parent) - 1);
        int above = open_step(at >= 0 ? at : fd, names, O_PATH | O_DIRECTORY, 0);
        if (above < 0)
            return above;
        cleanup_close(&at);
        at = above;
        levels -= now;
    }
    return steal_fd(&at);
}

/*
 * Checks that the directory `fd` lies `levels` below beneath->directory. Returns 0, or -EXDEV if
 * not.
 */
static int check_is_beneath(const struct beneath *beneath, int fd, size_t levels)
{
    struct stat top;
    struct stat own;
    AUTO_CLOSE int above = climb(fd, levels);

    if (above < 0)
        return above;
    if (fstat(above, &top) != 0 || fstat(beneath->directory, &own) != 0)
        return -errno;
    return top.st_dev == own.st_dev && top.st_ino == own.st_ino ? 0 : -EXDEV;
}

/*
 * The end of the next step along a path: as many directories as one call can take, or one if each
 * must be checked. NULL: only the last step is left.
 */
static const char *end_of_step(const char *path, bool watchful)
{
    if (watchful)
        return strchr(path, '/');
    /* With the sanitizers gcc warns about a null path if the length is a constant. */
    size_t length = strnlen(path, PATH_MAX);
    return length < PATH_MAX ? NULL : memrchr(path, '/', length);
}

/* Whether a directory or file that was opened with O_PATH may be used. */
static int check_is_foreign(const struct beneath *beneath, int fd, bool watchful)
{
    return watchful ? own_mounts_check(beneath->own, fd, "") : 0;
}

/*
 * Takes a step along *path, up to `end`. Sets *directory to the last directory, moves *path past
 * the step and adds its components to *levels.
 */
static int take_step(const struct beneath *beneath, const char **path, const char *end,
                     bool watchful, int *directory, size_t *levels)
{
    int base = *directory >= 0 ? *directory : beneath->directory;
    AUTO_FREE char *step = strndup(*path, (size_t)(end - *path));
    if (step == NULL)
        return -ENOMEM;
    AUTO_CLOSE int fd = open_step(base, step, O_PATH | O_DIRECTORY, RESOLVE_BENEATH);
    int error = fd < 0 ? fd : check_is_foreign(beneath, fd, watchful);
    if (error != 0)
        return error;
    cleanup_close(directory);
    *directory = steal_fd(&fd);
    for (const char *at = *path; at <= end; at++)
        *levels += *at == '/' ? 1 : 0;
    *path = end + 1;
    return 0;
}

/* Takes the last step. */
static int open_last(const struct beneath *beneath, int directory, const char *path, int flags,
                     bool watchful)
{
    if (watchful) {
        AUTO_CLOSE int fd = open_step(directory, path, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH);
        int error = fd < 0 ? fd : check_is_foreign(beneath, fd, true);
        if (error != 0)
            return error;
    }
    return open_step(directory, path, flags, RESOLVE_BENEATH);
}

/*
 * Opens a path in several calls. Between two steps a directory may have been moved out of
 * beneath->directory, so the result is returned only if its way up leads back there.
 */
static int open_in_steps(const struct beneath *beneath, const char *path, int flags, bool watchful)
{
    AUTO_CLOSE int directory = -1;
    size_t levels = 0;
    const char *end = NULL;

    while ((end = end_of_step(path, watchful)) != NULL) {
        int error = end == path ? -ENAMETOOLONG
                                : take_step(beneath, &path, end, watchful, &directory, &levels);
        if (error != 0)
            return error;
    }
    if (strlen(path) >= PATH_MAX)
        return -ENAMETOOLONG;
    int last = directory >= 0 ? directory : beneath->directory;
    AUTO_CLOSE int fd = open_last(beneath, last, path, flags, watchful);
    if (fd < 0 || directory < 0)
        return steal_fd(&fd);
    int error = check_is_beneath(beneath, directory, levels);
    return error != 0 ? error : steal_fd(&fd);
}

/*
 * Usually one call is enough: a path that stays on SOURCE's mount cannot lead back to bigfs. Only a
 * path that crosses a mount can.
 */
static int open_once(const struct beneath *beneath, const char *path, int flags)
{
    const uint64_t same_mount = beneath->own != NULL ? RESOLVE_NO_XDEV : 0;
    bool is_long = strlen(path) >= PATH_MAX;
    int fd =
        is_long ? -EXDEV : open_step(beneath->directory, path, flags, RESOLVE_BENEATH | same_mount);

    if (fd != -EXDEV || (!is_long && same_mount == 0))
        return fd;
    bool watchful = beneath->own != NULL && own_mounts_possible(beneath->own);
    if (is_long || watchful)
        return open_in_steps(beneath, path, flags, watchful);
    return open_step(beneath->directory, path, flags, RESOLVE_BENEATH);
}

static int open_patiently(const struct beneath *beneath, const char *path, int flags)
{
    int fd = open_once(beneath, path, flags);
    for (int i = 0; i < INTERRUPTED_ATTEMPTS && fd == -EINTR; i++)
        fd = open_once(beneath, path, flags);
    for (int i = 0; i < RACE_ATTEMPTS && fd == -EAGAIN; i++)
        fd = open_once(beneath, path, flags);
    return fd == -EAGAIN && (flags & O_PATH) == 0 ? -HELD_BY_LEASE : fd;
}

int beneath_open(const struct beneath *beneath, const char *path, int flags)
{
    int fd = open_patiently(beneath, path, flags);

    while ((fd == -EMFILE || fd == -ENFILE) && beneath->relieve != NULL &&
           beneath->relieve(beneath->relieve_argument))
        fd = open_patiently(beneath, path, flags);
    return fd == -EMFILE || fd == -ENFILE ? -NO_DESCRIPTOR : fd;
}

int beneath_stat(const struct beneath *beneath, const char *path, struct stat *attributes)
{
    AUTO_CLOSE int fd = beneath_open(beneath, path, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return fd;
    return file_look(fd, attributes, NULL);
}

/* Whether something is mounted there, or may be (the kernel does not say before Linux 5.8). */
static bool may_be_mount(const struct statx *known)
{
    return (known->stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) == 0 ||
           (known->stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/*
 * Checks whether an O_PATH descriptor is on another file system than *device; if so, sets *device
 * to its number. Does not ask that file system. Files of an overlay and subvolumes also have other
 * device numbers, but only a mount at the path is another file system.
 */
static int check_device(int fd, uint64_t *device)
{
    struct statx known;

    if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &known) != 0)
        return -errno;
    uint64_t found = makedev(known.stx_dev_major, known.stx_dev_minor);
    if (found == *device || !may_be_mount(&known))
        return 0;
    *device = found;
    return -OTHER_DEVICE;
}

int beneath_stat_on(const struct beneath *beneath, const char *path, uint64_t *device,
                    struct stat *attributes)
{
    AUTO_CLOSE int fd = beneath_open(beneath, path, O_PATH | O_NOFOLLOW);
    int error = fd < 0 ? fd : check_device(fd, device);

    return error != 0 ? error : file_look(fd, attributes, NULL);
}
