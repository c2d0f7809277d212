/* SPDX-License-Identifier: MIT */
#include "core/file/directory_watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

enum {
    LOOK_EVERY_MS = 1000,
    WATCH_STACK = 128 * 1024,
};

/* Has the kernel's opinion; a server is not asked. */
static int know(int directory, const char *name, struct statx *known)
{
    const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    const unsigned mask = STATX_TYPE | STATX_UID | STATX_INO | STATX_MNT_ID;
    return statx(directory, name, flags, mask, known) == 0 ? 0 : -errno;
}

void directory_watch_init(struct directory_watch *watch)
{
    struct statx known = {0};

    watch->is_gone = watch->is_refused = watch->stopping = watch->running = false;
    watch->first_owner = know(watch->directory, "", &known) == 0 ? known.stx_uid : geteuid();
    pthread_mutex_init(&watch->lock, NULL);
    pthread_cond_init(&watch->change, NULL);
}

void directory_watch_destroy(struct directory_watch *watch)
{
    pthread_cond_destroy(&watch->change);
    pthread_mutex_destroy(&watch->lock);
}

/* --- looking ---------------------------------------------------------------------------------- */

/* Opens what the path leads to. No component may be a link: the path was resolved once. */
static int open_watched_path(const struct directory_watch *watch)
{
    struct open_how how = {
        .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
        .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, AT_FDCWD, watch->path, &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

/* What is found at the path. */
struct directory_found {
    int fd; /* owned */
    struct statx known;
};

static int find_directory(const struct directory_watch *watch, struct directory_found *found)
{
    struct statx entry;

    found->fd = open_watched_path(watch);
    if (found->fd < 0)
        return found->fd;
    int error = own_mounts_check(watch->own, found->fd, "");
    if (error == 0)
        error = know(found->fd, "", &found->known);
    if (error == 0 && watch->entry != NULL)
        error = know(found->fd, watch->entry, &entry);
    return error;
}

static uint64_t device_of(const struct statx *known)
{
    return makedev(known->stx_dev_major, known->stx_dev_minor);
}

/* Whether it is the directory that is open, by way of the same mount. */
static bool is_open_one(const struct directory_watch *watch, const struct statx *found,
                        bool *same_mount)
{
    struct statx open;

    if (know(watch->directory, "", &open) != 0 || open.stx_ino != found->stx_ino ||
        device_of(&open) != device_of(found))
        return false;
    *same_mount = (open.stx_mask & found->stx_mask & STATX_MNT_ID) == 0 ||
                  open.stx_mnt_id == found->stx_mnt_id;
    return true;
}

static bool may_follow(const struct directory_watch *watch, uid_t owner)
{
    return owner == 0 || owner == geteuid() || owner == watch->first_owner;
}

static void tell_gone(struct directory_watch *watch, int error)
{
    if (!watch->is_gone)
        watch->tell(watch->argument,
                    &(struct directory_news){.event = DIRECTORY_GONE, .error = error});
    watch->is_gone = true;
    watch->is_refused = false;
}

static void tell_refused(struct directory_watch *watch, int error)
{
    if (!watch->is_refused)
        watch->tell(watch->argument,
                    &(struct directory_news){.event = DIRECTORY_REFUSED, .error = error});
    watch->is_refused = true;
    watch->is_gone = false;
}

static void tell_there(struct directory_watch *watch, enum directory_event event, uint64_t device)
{
    watch->tell(watch->argument, &(struct directory_news){.event = event, .device = device});
    watch->is_gone = watch->is_refused = false;
}

/* There is a directory at the path. */
static void compare(struct directory_watch *watch, const struct directory_found *found)
{
    bool same_mount = false;
    const bool same = is_open_one(watch, &found->known, &same_mount);

    if (!same && !may_follow(watch, found->known.stx_uid)) {
        tell_refused(watch, -EPERM);
        return;
    }
    /* Through another mount it is the same one: then only the old mount is let go. */
    if ((!same || !same_mount) && dup3(found->fd, watch->directory, O_CLOEXEC) < 0)
        return; /* next time */
    if (!same)
        tell_there(watch, DIRECTORY_FOLLOWED, device_of(&found->known));
    else if (watch->is_gone || watch->is_refused)
        tell_there(watch, DIRECTORY_BACK, device_of(&found->known));
}

void directory_watch_look(struct directory_watch *watch)
{
    struct directory_found found;
    int error = find_directory(watch, &found);

    if (error == -MET_OURSELVES)
        tell_refused(watch, error);
    else if (error == 0)
        compare(watch, &found);
    else if (error != -EMFILE && error != -ENFILE && error != -ENOMEM && error != -EINTR)
        tell_gone(watch, error);
    cleanup_close(&found.fd);
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Waits for the next look. False: it stops. */
static bool await_look(struct directory_watch *watch)
{
    const struct timespec next = clock_in_ms(LOOK_EVERY_MS);
    HOLD_LOCK(&watch->lock);

    while (!watch->stopping)
        if (pthread_cond_clockwait(&watch->change, &watch->lock, CLOCK_MONOTONIC, &next) ==
            ETIMEDOUT)
            return true;
    return false;
}

static void *watch_directory(void *argument)
{
    while (await_look(argument))
        directory_watch_look(argument);
    return NULL;
}

int directory_watch_start(struct directory_watch *watch)
{
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, WATCH_STACK);
    int error = pthread_create(&watch->thread, &attributes, watch_directory, watch);
    pthread_attr_destroy(&attributes);
    watch->running = error == 0;
    return -error;
}

void directory_watch_stop(struct directory_watch *watch)
{
    if (!watch->running)
        return;
    {
        HOLD_LOCK(&watch->lock);
        watch->stopping = true;
        pthread_cond_signal(&watch->change);
    }
    (void)pthread_join(watch->thread, NULL);
    watch->running = false;
}
