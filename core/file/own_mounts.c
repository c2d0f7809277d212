/* SPDX-License-Identifier: MIT */
#include "core/file/own_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/mount_table.h"

void own_mounts_init(struct own_mounts *mounts, const char *type)
{
    memset(mounts, 0, sizeof(*mounts));
    mounts->type = type;
    pthread_mutex_init(&mounts->lock, NULL);
    mounts->table = mount_table_open();
}

static void forget_all(struct own_mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        free(mounts->mounts[i].path);
        free(mounts->mounts[i].source);
    }
    mounts->count = 0;
}

void own_mounts_destroy(struct own_mounts *mounts)
{
    forget_all(mounts);
    cleanup_close(&mounts->table);
    pthread_mutex_destroy(&mounts->lock);
}

void own_mounts_set(struct own_mounts *mounts, const char *mountpoint, dev_t device)
{
    HOLD_LOCK(&mounts->lock);
    mounts->own = device;
    mounts->mountpoint = mountpoint;
    mounts->fresh = false;
}

/* The lock is held. */
static void note(void *argument, const struct mount_entry *entry)
{
    struct own_mounts *mounts = argument;

    if (strcmp(entry->type, mounts->type) != 0)
        return;
    struct own_mount found = {
        .device = entry->device, .path = strdup(entry->path), .source = strdup(entry->source)};
    if (mounts->count < MOST_OWN_MOUNTS && found.path != NULL && found.source != NULL) {
        mounts->mounts[mounts->count++] = found;
        return;
    }
    free(found.path);
    free(found.source);
    mounts->complete = false;
}

/* Whether a mount shows `path`. Assumed if the mount does not say what it shows. */
static bool shows(const struct own_mount *mount, const char *path)
{
    size_t length = strcmp(mount->source, "/") == 0 ? 0 : strlen(mount->source);
    if (mount->source[0] != '/')
        return true;
    return strncmp(path, mount->source, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

/* Whether the mount is this process's own, or shows one that leads to it. The lock is held. */
static bool leads(const struct own_mounts *mounts, const struct own_mount *mount)
{
    bool found = mount->device == mounts->own;
    for (size_t i = 0; i < mounts->count && !found; i++) {
        const struct own_mount *other = &mounts->mounts[i];
        found = (other->leads && shows(mount, other->path)) ||
                (other->leads && other->device == mount->device);
    }
    return found;
}

/* The lock is held. */
static void mark_all_that_lead(struct own_mounts *mounts)
{
    for (bool again = true; again;) {
        again = false;
        for (size_t i = 0; i < mounts->count; i++) {
            struct own_mount *mount = &mounts->mounts[i];
            if (mount->leads || !leads(mounts, mount))
                continue;
            mount->leads = again = true;
        }
    }
}

/* The lock is held. */
static bool any_elsewhere(const struct own_mounts *mounts)
{
    bool found = !mounts->complete;
    for (size_t i = 0; i < mounts->count && !found; i++) {
        const struct own_mount *mount = &mounts->mounts[i];
        found = mount->leads &&
                (mounts->mountpoint == NULL || strcmp(mount->path, mounts->mountpoint) != 0);
    }
    return found;
}

/* The kernel records per open file which changes of the table it has reported. The lock is held. */
static void refresh(struct own_mounts *mounts)
{
    struct pollfd change = {.fd = mounts->table, .events = POLLPRI};

    if (mounts->table >= 0 && poll(&change, 1, 0) != 0)
        mounts->fresh = false;
    if (mounts->fresh)
        return;
    forget_all(mounts);
    mounts->complete = true;
    int error = mount_table_visit(mounts->table, note, mounts);
    mounts->complete = mounts->complete && error == 0;
    mark_all_that_lead(mounts);
    mounts->elsewhere = any_elsewhere(mounts);
    mounts->fresh = mounts->complete && mounts->table >= 0;
}

/* The lock is held. */
static bool has(const struct own_mounts *mounts, dev_t device)
{
    bool found = mounts->own != 0 && device == mounts->own;
    for (size_t i = 0; i < mounts->count && !found; i++)
        found = mounts->mounts[i].leads && mounts->mounts[i].device == device;
    return found;
}

bool own_mounts_possible(struct own_mounts *mounts)
{
    HOLD_LOCK(&mounts->lock);
    refresh(mounts);
    return mounts->elsewhere;
}

int own_mounts_check(struct own_mounts *mounts, int fd, const char *name)
{
    const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    struct statx seen = {0};

    /* A mask of 0 asks the file system for nothing, but still returns the device. */
    if (statx(fd, name, flags, 0, &seen) != 0)
        return -errno;
    HOLD_LOCK(&mounts->lock);
    refresh(mounts);
    return has(mounts, makedev(seen.stx_dev_major, seen.stx_dev_minor)) ? -MET_OURSELVES : 0;
}
