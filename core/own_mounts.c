#include "core/own_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/mount_table.h"

void own_mounts_init(struct own_mounts *mounts, const char *type)
{
    memset(mounts, 0, sizeof(*mounts));
    mounts->type = type;
    pthread_mutex_init(&mounts->lock, NULL);
    mounts->table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
}

void own_mounts_destroy(struct own_mounts *mounts)
{
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

static bool has(const struct own_mounts *mounts, dev_t device)
{
    bool found = mounts->own != 0 && device == mounts->own;
    for (size_t i = 0; i < mounts->count && !found; i++)
        found = mounts->devices[i] == device;
    return found;
}

/* The lock is held. */
static void note(void *argument, const struct mount_entry *entry)
{
    struct own_mounts *mounts = argument;

    if (strcmp(entry->type, mounts->type) != 0)
        return;
    if (mounts->mountpoint == NULL || strcmp(entry->path, mounts->mountpoint) != 0)
        mounts->elsewhere++;
    if (!has(mounts, entry->device) && mounts->count < MOST_OWN_MOUNTS)
        mounts->devices[mounts->count++] = entry->device;
}

/* The kernel notes for each open file which changes of the table it has told of. The lock is held.
 */
static void refresh(struct own_mounts *mounts)
{
    struct pollfd change = {.fd = mounts->table, .events = POLLPRI};

    if (mounts->table >= 0 && poll(&change, 1, 0) != 0)
        mounts->fresh = false;
    if (mounts->fresh)
        return;
    mounts->elsewhere = 0;
    mounts->count = 0;
    mounts->fresh = mount_table_visit(note, mounts) == 0 && mounts->table >= 0;
}

bool own_mounts_possible(struct own_mounts *mounts)
{
    HOLD_LOCK(&mounts->lock);
    refresh(mounts);
    return !mounts->fresh || mounts->elsewhere > 0;
}

int own_mounts_check(struct own_mounts *mounts, int fd, const char *name)
{
    const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    struct statx seen = {0};

    /* Who wants to know nothing is told the device. */
    if (statx(fd, name, flags, 0, &seen) != 0)
        return -errno;
    HOLD_LOCK(&mounts->lock);
    refresh(mounts);
    return has(mounts, makedev(seen.stx_dev_major, seen.stx_dev_minor)) ? -MET_OURSELVES : 0;
}
