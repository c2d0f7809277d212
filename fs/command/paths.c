/* SPDX-License-Identifier: MIT */
#include "fs/command/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "fs/command/complaint.h"
#include "fs/command/mountpoint.h"

static int complain_of(const char *path, int error)
{
    if (error == ENOTCONN)
        return complain(-1, "%s: the mount there is dead: run fusermount3 -u on it first", path);
    return complain(-1, "%s: %s: %s", path, strerror(error), complaint_cure(error));
}

/*
 * Returns the absolute path, which the caller frees, or NULL after a message. `missing` says what
 * to do if the path does not exist.
 */
static char *resolve_path(const char *path, const char *missing)
{
    char *resolved = realpath(path, NULL);
    if (resolved != NULL)
        return resolved;
    if (errno == ENOENT)
        (void)complain(-1, "%s: does not exist: %s", path, missing);
    else
        (void)complain_of(path, errno);
    return NULL;
}

static int check_source(const char *path, const char *resolved, struct stat *attributes)
{
    if (stat(resolved, attributes) != 0)
        return complain_of(path, errno);
    if (!S_ISDIR(attributes->st_mode) && !S_ISREG(attributes->st_mode))
        return complain(-1, "%s: is neither a directory nor a regular file: give one as SOURCE",
                        path);
    int access = S_ISDIR(attributes->st_mode) ? R_OK | X_OK : R_OK;
    if (faccessat(AT_FDCWD, resolved, access, AT_EACCESS) != 0)
        return complain(-1, "%s: cannot be read: mount it as a user who may read it", path);
    return 0;
}

static int check_mountpoint(const char *path, const char *resolved)
{
    struct stat attributes;
    if (stat(resolved, &attributes) != 0)
        return complain_of(path, errno);
    if (!S_ISDIR(attributes.st_mode))
        return complain(-1, "%s: is not a directory: give a directory as MOUNTPOINT", path);
    /* Required by fusermount3, which mounts for all users but root. */
    if (geteuid() != 0 && faccessat(AT_FDCWD, resolved, W_OK | X_OK, AT_EACCESS) != 0)
        return complain(-1, "%s: cannot be written to: give a directory of your own as MOUNTPOINT",
                        path);
    return 0;
}

/* Whether `inner` is `outer` or inside it. Both are absolute and resolved. */
static bool is_within(const char *inner, const char *outer)
{
    size_t length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
    return strncmp(inner, outer, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

static void drop_paths(struct paths *paths)
{
    free(steal_pointer(&paths->source));
    free(steal_pointer(&paths->mountpoint));
    free(steal_pointer(&paths->single));
}

static int check_both(const char *source, const char *mountpoint, struct paths *paths)
{
    struct stat attributes;

    paths->source = resolve_path(source, "give an existing directory or file as SOURCE");
    if (paths->source == NULL)
        return -1;
    if (mountpoint_check_free(mountpoint) != 0)
        return -1;
    paths->mountpoint = resolve_path(mountpoint, "create it with mkdir");
    if (paths->mountpoint == NULL || check_source(source, paths->source, &attributes) != 0 ||
        check_mountpoint(mountpoint, paths->mountpoint) != 0)
        return -1;
    if (is_within(paths->source, paths->mountpoint) || is_within(paths->mountpoint, paths->source))
        return complain(-1,
                        "%s: SOURCE and MOUNTPOINT lie inside each other: give a MOUNTPOINT "
                        "outside of SOURCE",
                        mountpoint);
    if (!S_ISREG(attributes.st_mode))
        return 0;
    paths->single = strdup(strrchr(paths->source, '/') + 1);
    return paths->single != NULL ? 0 : complain_of_memory();
}

int paths_check(const char *source, const char *mountpoint, struct paths *paths)
{
    *paths = (struct paths){NULL, NULL, NULL};
    int error = check_both(source, mountpoint, paths);
    if (error != 0)
        drop_paths(paths);
    return error != 0 ? -1 : 0;
}

/*
 * Whether an absolute path passes through `directory`, which is absolute and resolved. Once
 * something is mounted there, the path leads into the mount, even if a link leads out of it now.
 */
static bool leads_into(const char *path, const char *directory)
{
    AUTO_FREE char *part = strdup(path);
    bool leads = false;

    while (part != NULL && part[0] != '\0' && !leads) {
        AUTO_FREE char *resolved = realpath(part, NULL);
        leads = resolved != NULL && is_within(resolved, directory);
        *strrchr(part, '/') = '\0';
    }
    return leads;
}

int paths_check_index_dir(struct paths *paths, struct options *options)
{
    char **index_dir = &options->settings.index_dir;

    if (*index_dir == NULL || !leads_into(*index_dir, paths->mountpoint))
        return 0;
    if (!options->index_dir_given) {
        free(steal_pointer(index_dir));
        return 0;
    }
    drop_paths(paths);
    return complain(-1, "--index-dir=%s: leads into MOUNTPOINT: give a directory outside of it",
                    *index_dir);
}
