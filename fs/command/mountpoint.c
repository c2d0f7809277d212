/* SPDX-License-Identifier: MIT */
#include "fs/command/mountpoint.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "fs/command/complaint.h"

enum { MOST_LINKS = 40 }; /* as the kernel follows */

/* Cuts off the slashes at the end of a path, but not the only character. */
static void cut_slashes(char *path)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        path[--length] = '\0';
}

/* A path in a directory. Returns 0 or -ENOMEM; *joined is the caller's to free. */
static int join_path(const char *directory, const char *name, char **joined)
{
    const bool needs_slash = directory[0] != '\0' && strcmp(directory, "/") != 0;

    if (asprintf(joined, "%s%s%s", directory, needs_slash ? "/" : "", name) >= 0)
        return 0;
    *joined = NULL;
    return -ENOMEM;
}

/* Splits a path before its last component. Both parts are the caller's to free. */
static int split_last(const char *path, char **directory, char **name)
{
    AUTO_FREE char *parent = strdup(path);

    if (parent == NULL)
        return -ENOMEM;
    cut_slashes(parent);
    char *slash = strrchr(parent, '/');
    *name = strdup(slash != NULL ? slash + 1 : parent);
    if (slash != NULL)
        slash[slash == parent ? 1 : 0] = '\0';
    *directory = realpath(slash != NULL ? parent : ".", NULL);
    if (*name != NULL && *directory != NULL)
        return 0;
    return *name == NULL ? -ENOMEM : -errno;
}

/*
 * Takes one step: *next is the path with all but its last component resolved, or where that leads
 * to if it is a symbolic link; then *linked is set. readlink(2) asks nothing of what is mounted at
 * the path. *next is the caller's to free.
 */
static int resolve_step(const char *path, char **next, bool *linked)
{
    char target[PATH_MAX];
    AUTO_FREE char *directory = NULL;
    AUTO_FREE char *name = NULL;
    AUTO_FREE char *joined = NULL;

    int error = split_last(path, &directory, &name);
    if (error == 0)
        error = join_path(directory, name, &joined);
    if (error != 0)
        return error;
    ssize_t length = readlink(joined, target, sizeof(target) - 1);
    *linked = length >= 0;
    if (length < 0) {
        *next = errno == EINVAL ? steal_pointer(&joined) : NULL;
        return *next != NULL ? 0 : -errno;
    }
    target[length] = '\0';
    return join_path(target[0] == '/' ? "" : directory, target, next);
}

/* Whether the last component of a path has no name of its own: then the path is no mountpoint's. */
static bool is_nameless(const char *path)
{
    AUTO_FREE char *copy = strdup(path);
    if (copy == NULL)
        return false;
    cut_slashes(copy);
    const char *slash = strrchr(copy, '/');
    const char *last = slash != NULL ? slash + 1 : copy;
    return last[0] == '\0' || strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
}

int mountpoint_resolve(const char *path, char **resolved)
{
    AUTO_FREE char *at = strdup(path);
    bool linked = true;

    if (at == NULL)
        return -ENOMEM;
    if (path[0] == '\0')
        return -ENOENT;
    for (int links = 0; linked; links++) {
        char *next = NULL;
        if (links > MOST_LINKS)
            return -ELOOP;
        if (is_nameless(at)) {
            *resolved = realpath(at, NULL);
            return *resolved != NULL ? 0 : -errno;
        }
        int error = resolve_step(at, &next, &linked);
        if (error != 0)
            return error;
        free(at);
        at = next;
    }
    *resolved = steal_pointer(&at);
    return 0;
}

bool mountpoint_is_ours(const struct mount_description *mount)
{
    return strcmp(mount->type, BIGFS_MOUNT_TYPE) == 0;
}

int mountpoint_check_free(const char *path)
{
    AUTO_FREE char *resolved = NULL;
    struct mount_description mount;
    int status = 0;

    if (mountpoint_resolve(path, &resolved) != 0 || mount_table_describe(-1, resolved, &mount) != 0)
        return 0;
    if (mountpoint_is_ours(&mount))
        status = complain(-1,
                          "%s: bigfs is mounted there already (SOURCE %s): unmount it first: "
                          "bigfs --unmount %s",
                          path, mount.source, path);
    mount_description_free(&mount);
    return status;
}
