#include "fs/command/index_place.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/own_path.h"

/* Whether nobody else can lead us astray on this path. What is missing we make ourselves. */
static bool is_ours(const char *path)
{
    AUTO_CLOSE int fd = own_path_open(path, OWN_PATH_ONLY);
    return fd >= 0 || fd == -ENOENT;
}

/* Takes the path below `base` if it will do, and there is none yet. Returns 0 or -ENOMEM. */
static int consider(const char *base, const char *below, char **path)
{
    AUTO_FREE char *candidate = NULL;

    if (*path != NULL || base == NULL || base[0] != '/')
        return 0;
    if (asprintf(&candidate, "%s/%s", base, below) < 0) {
        candidate = NULL;
        return -ENOMEM;
    }
    if (is_ours(candidate))
        *path = steal_pointer(&candidate);
    return 0;
}

/* The user database is asked last: it may be somewhere in a network. */
static const char *home_in_database(void)
{
    const struct passwd *user = getpwuid(geteuid());
    return user != NULL ? user->pw_dir : NULL;
}

int index_place_choose(char **path)
{
    static const char below_home[] = ".cache/bigfs";

    *path = NULL;
    int error = consider(getenv("XDG_CACHE_HOME"), "bigfs", path);
    if (error == 0)
        error = consider(getenv("HOME"), below_home, path);
    if (error == 0 && *path == NULL)
        error = consider(home_in_database(), below_home, path);
    return error;
}
