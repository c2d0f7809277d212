#include "fs/command/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"

static int complain(const char *path, const char *what, const char *to_do)
{
    AUTO_FREE char *shown = printable(path);
    fprintf(stderr, "bigfs: %s: %s: %s\n", printable_or(shown), what, to_do);
    return -1;
}

/* The absolute path, or NULL after a complaint; `missing` says what to do where it does not exist.
 */
static char *resolve(const char *path, const char *missing)
{
    char *resolved = realpath(path, NULL);
    if (resolved != NULL)
        return resolved;
    if (errno == ENOTCONN)
        (void)complain(path, "the mount there is dead", "run fusermount3 -u on it first");
    else if (errno == ENOENT)
        (void)complain(path, "there is no such file or directory", missing);
    else
        (void)complain(path, strerror(errno), "give a path that can be reached");
    return NULL;
}

static int check_source(const char *path, const char *resolved, struct stat *attributes)
{
    if (stat(resolved, attributes) != 0)
        return complain(path, strerror(errno), "give a SOURCE that can be reached");
    if (!S_ISDIR(attributes->st_mode) && !S_ISREG(attributes->st_mode))
        return complain(path, "is not a directory or a regular file", "give one as SOURCE");
    int access = S_ISDIR(attributes->st_mode) ? R_OK | X_OK : R_OK;
    if (faccessat(AT_FDCWD, resolved, access, AT_EACCESS) != 0)
        return complain(path, "cannot be read", "mount it as a user who may read it");
    return 0;
}

static int check_mountpoint(const char *path, const char *resolved)
{
    struct stat attributes;
    if (stat(resolved, &attributes) != 0 && errno == ENOTCONN)
        return complain(path, "the mount there is dead", "run fusermount3 -u on it first");
    if (stat(resolved, &attributes) != 0)
        return complain(path, strerror(errno), "give a MOUNTPOINT that can be reached");
    if (!S_ISDIR(attributes.st_mode))
        return complain(path, "is not a directory", "give a directory as MOUNTPOINT");
    /* fusermount3, which mounts for all but root, wants this. */
    if (geteuid() != 0 && faccessat(AT_FDCWD, resolved, W_OK | X_OK, AT_EACCESS) != 0)
        return complain(path, "cannot be written to", "give a directory of your own as MOUNTPOINT");
    return 0;
}

/* Whether `inner` is `outer`, or lies in it. Both are absolute and resolved. */
static bool is_within(const char *inner, const char *outer)
{
    size_t length = strcmp(outer, "/") == 0 ? 0 : strlen(outer);
    return strncmp(inner, outer, length) == 0 && (inner[length] == '/' || inner[length] == '\0');
}

int paths_check(const char *source, const char *mountpoint, struct paths *paths)
{
    static const char missing_mountpoint[] = "create it with mkdir";
    struct stat attributes;
    AUTO_FREE char *from = resolve(source, "give an existing directory or file as SOURCE");
    AUTO_FREE char *to = from != NULL ? resolve(mountpoint, missing_mountpoint) : NULL;
    AUTO_FREE char *single = NULL;

    if (from == NULL || to == NULL || check_source(source, from, &attributes) != 0 ||
        check_mountpoint(mountpoint, to) != 0)
        return -1;
    if (is_within(from, to) || (S_ISDIR(attributes.st_mode) && is_within(to, from)))
        return complain(mountpoint, "SOURCE and MOUNTPOINT lie inside each other",
                        "give a MOUNTPOINT outside of SOURCE");
    if (S_ISREG(attributes.st_mode)) {
        single = strdup(strrchr(from, '/') + 1);
        if (single == NULL)
            return complain(source, strerror(errno), "try again with more memory");
    }
    paths->source = steal_pointer(&from);
    paths->mountpoint = steal_pointer(&to);
    paths->single = steal_pointer(&single);
    return 0;
}

/* The absolute path of the deepest directory on the path that exists; the caller's, or NULL. */
static char *resolve_existing(const char *path)
{
    AUTO_FREE char *part = strdup(path);
    char *resolved = part != NULL ? realpath(part, NULL) : NULL;

    while (resolved == NULL && part != NULL && strrchr(part, '/') > part) {
        *strrchr(part, '/') = '\0';
        resolved = realpath(part, NULL);
    }
    return resolved;
}

int paths_check_index_dir(struct paths *paths, struct options *options)
{
    if (options->settings.index_dir == NULL)
        return 0;
    AUTO_FREE char *existing = resolve_existing(options->settings.index_dir);
    if (existing == NULL || !is_within(existing, paths->mountpoint))
        return 0;
    if (!options->index_dir_given) {
        free(steal_pointer(&options->settings.index_dir));
        return 0;
    }
    free(steal_pointer(&paths->source));
    free(steal_pointer(&paths->mountpoint));
    free(steal_pointer(&paths->single));
    return complain(options->settings.index_dir, "lies in MOUNTPOINT",
                    "give an --index-dir outside of it");
}
