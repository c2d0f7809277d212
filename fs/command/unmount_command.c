/* SPDX-License-Identifier: MIT */
#include "fs/command/unmount_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "fs/command/complaint.h"
#include "fs/command/fusermount.h"
#include "fs/command/life_lock.h"
#include "fs/command/mountpoint.h"

enum {
    SAID_MOST = 512,
    GONE_PAUSE_MS = 20,
    GONE_ATTEMPTS = 250,  /* 5 s; the kernel takes no longer than it must */
    ENDED_ATTEMPTS = 250, /* 5 s; a process that can end takes 2 s at most */
};

/* A mount that is to end. */
struct ending {
    const char *given; /* the mountpoint in messages */
    const char *path;  /* absolute, without symbolic links */
    int id;            /* of the mount */
    dev_t device;      /* of the mount */
};

static void pause_a_moment(void)
{
    const struct timespec pause = {.tv_nsec = GONE_PAUSE_MS * 1000000L};
    (void)nanosleep(&pause, NULL);
}

static bool is_gone(const struct ending *ending)
{
    struct mount_description now;

    int error = mount_table_describe(-1, ending->path, &now);
    if (error != 0)
        return error == -ENOENT;
    const bool gone = now.id != ending->id;
    mount_description_free(&now);
    return gone;
}

/*
 * Until then SOURCE is in use, and the disk that it is on cannot be unmounted. If the mount is seen
 * at another place too, its process rightly lives.
 */
static int wait_until_ended(const struct ending *ending)
{
    for (int i = 0; i < ENDED_ATTEMPTS; i++) {
        if (!life_lock_is_held(ending->path, ending->device) || mount_table_has(-1, ending->device))
            return EXIT_SUCCESS;
        pause_a_moment();
    }
    return complain(EXIT_FAILURE,
                    "%s: is unmounted, but its process has not ended and keeps SOURCE in use: look "
                    "for errors of the disk (dmesg), and for mounts in other namespaces",
                    ending->given);
}

static int wait_until_gone(const struct ending *ending)
{
    for (int i = 0; i < GONE_ATTEMPTS; i++) {
        if (is_gone(ending))
            return wait_until_ended(ending);
        pause_a_moment();
    }
    return complain(EXIT_FAILURE, "%s: is still mounted: try again", ending->given);
}

static int refuse_busy(const struct ending *ending)
{
    return complain(EXIT_FAILURE,
                    "%s: is in use: end what uses it, or detach it with fusermount3 -uz %s",
                    ending->given, ending->given);
}

/* What fusermount3 said, as one line without its name. */
static const char *reason_in(char *said)
{
    static const char name[] = "fusermount3: ";

    said[strcspn(said, "\n")] = '\0';
    return strncmp(said, name, strlen(name)) == 0 ? said + strlen(name) : said;
}

/* For users whom the kernel does not allow to unmount. */
static int unmount_by_helper(const struct ending *ending)
{
    char said[SAID_MOST];

    int error = fusermount_unmount(ending->path, false, said, sizeof(said));
    if (error == 0 || is_gone(ending))
        return wait_until_gone(ending);
    if (error == -ENOENT)
        return complain(EXIT_FAILURE, "fusermount3 cannot be found: install the package fuse3, or "
                                      "run bigfs --unmount as root");
    if (error != -EPERM)
        return complain(EXIT_FAILURE, "fusermount3 cannot be run: %s: %s", strerror(-error),
                        complaint_cure(-error));
    if (strstr(said, "busy") != NULL)
        return refuse_busy(ending);
    return complain(EXIT_FAILURE,
                    "%s: cannot be unmounted (%s): run bigfs as the user who mounted "
                    "it, or as root",
                    ending->given, reason_in(said));
}

static int unmount_bigfs(const struct ending *ending)
{
    if (umount2(ending->path, UMOUNT_NOFOLLOW) == 0 || is_gone(ending))
        return wait_until_gone(ending);
    if (errno == EPERM)
        return unmount_by_helper(ending);
    if (errno == EBUSY)
        return refuse_busy(ending);
    return complain(EXIT_FAILURE, "%s: cannot be unmounted: %s: %s", ending->given, strerror(errno),
                    complaint_cure(errno));
}

static int refuse_path(const char *path, int error)
{
    if (error == -ENOENT)
        return complain(EXIT_FAILURE, "%s: does not exist: give the MOUNTPOINT of a bigfs mount",
                        path);
    if (error == -ENOTCONN)
        return complain(EXIT_FAILURE, "%s: it is inside a mount that is dead: unmount that first",
                        path);
    return complain(EXIT_FAILURE, "%s: %s: %s", path, strerror(-error), complaint_cure(-error));
}

int unmount_command(const struct options *options)
{
    const char *given = options->mountpoint;
    struct mount_description mount;
    AUTO_FREE char *path = NULL;
    int status = EXIT_FAILURE;

    int error = mountpoint_resolve(given, &path);
    if (error != 0)
        return refuse_path(given, error);
    error = mount_table_describe(-1, path, &mount);
    if (error == -ENOENT)
        return complain(EXIT_FAILURE,
                        "%s: nothing is mounted there: findmnt -t fuse.bigfs shows "
                        "what is mounted",
                        given);
    if (error != 0)
        return complain(EXIT_FAILURE, "/proc/self/mountinfo: %s: %s", strerror(-error),
                        complaint_cure(-error));
    const struct ending ending = {given, path, mount.id, mount.device};
    if (mountpoint_is_ours(&mount))
        status = unmount_bigfs(&ending);
    else
        (void)complain(EXIT_FAILURE, "%s: %s is mounted there, not bigfs: use umount", given,
                       mount.type);
    mount_description_free(&mount);
    return status;
}
