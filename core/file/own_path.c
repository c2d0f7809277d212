/* SPDX-License-Identifier: MIT */
#include "core/file/own_path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

enum { MOST_LINKS = 40 }; /* the kernel's limit */

struct walk {
    enum own_path_way way;
    unsigned links;
    size_t given;  /* how much of `rest` is not from a link; only there directories are made */
    int directory; /* the current one; owned */
    char rest[PATH_MAX]; /* the path that is left to walk */
};

static bool is_trusted(const struct stat *attributes)
{
    return attributes->st_uid == geteuid() || attributes->st_uid == 0;
}

/* Takes the first component off the rest. Returns false if there is none. */
static bool next_component(struct walk *walk, char *name)
{
    const char *start = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(start, "/");

    if (length == 0)
        return false;
    memcpy(name, start, length);
    name[length] = '\0';
    memmove(walk->rest, start + length, strlen(start + length) + 1);
    return true;
}

static int go_to(struct walk *walk, int fd)
{
    cleanup_close(&walk->directory);
    walk->directory = fd;
    return 0;
}

static int go_to_root(struct walk *walk)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? -errno : go_to(walk, root);
}

/* Puts the target of the link `fd` before the rest. */
static int follow_link(struct walk *walk, int fd)
{
    char joined[PATH_MAX];
    char target[PATH_MAX];
    ssize_t size = readlinkat(fd, "", target, sizeof(target) - 1);

    if (size < 0)
        return -errno;
    target[size] = '\0';
    walk->given = min_u64(walk->given, strlen(walk->rest));
    if (++walk->links > MOST_LINKS)
        return -ELOOP;
    int length = snprintf(joined, sizeof(joined), "%s/%s", target, walk->rest);
    if (length < 0 || (size_t)length >= sizeof(joined))
        return -ENAMETOOLONG;
    memcpy(walk->rest, joined, (size_t)length + 1);
    return target[0] == '/' ? go_to_root(walk) : 0;
}

static int open_component(const struct walk *walk, const char *name)
{
    int fd = openat(walk->directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || walk->way != OWN_PATH_MAKE ||
        strlen(walk->rest) >= walk->given)
        return fd < 0 ? -errno : fd;
    /* Another host may be first; sshfs then says EPERM, as SFTP has no word for EEXIST. */
    int error = mkdirat(walk->directory, name, S_IRWXU) != 0 && errno != EEXIST ? -errno : 0;
    fd = openat(walk->directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? fd : error != 0 ? error : -errno;
}

static int step(struct walk *walk, const char *name)
{
    struct stat attributes;
    AUTO_CLOSE int fd = open_component(walk, name);

    if (fd < 0)
        return fd;
    if (fstat(fd, &attributes) != 0)
        return -errno;
    if ((S_ISLNK(attributes.st_mode) || walk->way == OWN_PATH_ONLY) && !is_trusted(&attributes))
        return -EPERM;
    if (S_ISLNK(attributes.st_mode))
        return follow_link(walk, fd);
    return S_ISDIR(attributes.st_mode) ? go_to(walk, steal_fd(&fd)) : -ENOTDIR;
}

int own_path_open(const char *path, enum own_path_way way)
{
    char name[PATH_MAX];
    struct walk walk = {.way = way, .given = SIZE_MAX, .directory = -1};

    if (strlen(path) >= sizeof(walk.rest))
        return -ENAMETOOLONG;
    memcpy(walk.rest, path, strlen(path) + 1);
    int error = go_to_root(&walk);
    while (error == 0 && next_component(&walk, name))
        error = step(&walk, name);
    int fd = error == 0 ? openat(walk.directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : error;
    if (error == 0 && fd < 0)
        fd = -errno;
    cleanup_close(&walk.directory);
    return fd;
}
