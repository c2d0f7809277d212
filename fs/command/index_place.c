/* SPDX-License-Identifier: MIT */
#include "fs/command/index_place.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/own_path.h"

/*
 * Whether no other user controls this path. Missing components do not matter, as bigfs makes them.
 */
static bool is_own(const char *path)
{
    AUTO_CLOSE int fd = own_path_open(path, OWN_PATH_ONLY);
    return fd >= 0 || fd == -ENOENT;
}

/* Sets *path to the path below `base` if it is suitable and *path is NULL. Returns 0 or -ENOMEM. */
static int try_place(const char *base, const char *below, char **path)
{
    AUTO_FREE char *candidate = NULL;

    if (*path != NULL || base == NULL || base[0] != '/')
        return 0;
    if (asprintf(&candidate, "%s/%s", base, below) < 0) {
        candidate = NULL;
        return -ENOMEM;
    }
    if (is_own(candidate))
        *path = steal_pointer(&candidate);
    return 0;
}

/* Used last, as the user database may be on another host. */
static const char *home_in_database(void)
{
    const struct passwd *user = getpwuid(geteuid());
    return user != NULL ? user->pw_dir : NULL;
}

int index_place_choose(char **path)
{
    static const char below_home[] = ".cache/bigfs";

    *path = NULL;
    int error = try_place(getenv("XDG_CACHE_HOME"), "bigfs", path);
    if (error == 0)
        error = try_place(getenv("HOME"), below_home, path);
    if (error == 0 && *path == NULL)
        error = try_place(home_in_database(), below_home, path);
    return error;
}
