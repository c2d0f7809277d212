/* SPDX-License-Identifier: MIT */
#include "fs/tree/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "fs/tree/acl.h"
#include "fs/tree/node_type.h"

static const char access_acl[] = "system.posix_acl_access";
static const char default_acl[] = "system.posix_acl_default";

static const mode_t write_bits = S_IWUSR | S_IWGRP | S_IWOTH;

bool rights_know_paths(uid_t user)
{
    return user == 0 || user == geteuid();
}

/* How often to look at a file again because its attributes changed in between. */
enum { ATTEMPTS = 4 };

static bool has_source(const struct node *node)
{
    return !S_ISLNK(node->type->shown_as) && !node->type->is_control;
}

/* Whether the file found at the node's path is the node's. */
static bool is_of_node(const struct node *node, const struct stat *found)
{
    if (node->type->stands && node_is_directory(node))
        return S_ISDIR(found->st_mode);
    return S_ISREG(found->st_mode) && (node->type->is_of == NULL || node->type->is_of(node, found));
}

static int open_path(const struct driver *driver, const char *path)
{
    int fd = beneath_open(&driver->pool.beneath, path, O_PATH | O_NOFOLLOW);
    return fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP ? -ESTALE : fd;
}

/* Opens the node's file with O_PATH, which needs no right to read it and has no effect on it. */
static int open_source_of(const struct driver *driver, const struct node *node)
{
    if (!node->type->stands)
        return open_path(driver, node_source(node)->path);
    AUTO_FREE char *path = node_path(node, NULL);
    return path != NULL ? open_path(driver, path) : -ENOMEM;
}

/*
 * Returns only the size if `value` is NULL. fgetxattr(2) refuses an O_PATH descriptor; its name in
 * /proc works.
 */
static ssize_t read_xattr(int fd, const char *name, void *value)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t size = getxattr(path, name, value, value != NULL ? XATTR_SIZE_MAX : 0);
    if (size < 0) /* not an error: the file has none, or the file system does not support them */
        return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
    return size;
}

static bool same_rights(const struct stat *one, const struct stat *other)
{
    return one->st_mode == other->st_mode && one->st_uid == other->st_uid &&
           one->st_gid == other->st_gid && one->st_ctim.tv_sec == other->st_ctim.tv_sec &&
           one->st_ctim.tv_nsec == other->st_ctim.tv_nsec;
}

/* Reads an ACL and attributes that belong together. Returns the ACL's size, 0, or -errno. */
static ssize_t read_acl(int fd, const struct node *node, const char *name, void *value,
                        struct stat *attributes)
{
    struct stat after;
    ssize_t size = 0;

    for (int i = 0; i < ATTEMPTS; i++) {
        if (fstat(fd, attributes) != 0)
            return -errno;
        size = is_of_node(node, attributes) ? read_xattr(fd, name, value) : -ESTALE;
        if (size < 0)
            return size;
        if (fstat(fd, &after) != 0)
            return -errno;
        if (same_rights(attributes, &after))
            return size;
    }
    return -ESTALE; /* the kernel looks the name up again */
}

static mode_t directory_mode(mode_t mode)
{
    mode_t readable = mode & (S_IRUSR | S_IRGRP | S_IROTH);
    return S_IFDIR | (mode & ALLPERMS & ~(write_bits | S_ISUID | S_ISGID | S_ISVTX)) |
           (readable >> 2);
}

/* The mode of a node whose source has no ACL. */
static mode_t plain_mode(const struct node_type *type, mode_t source)
{
    if (type->rights == ACL_OF_DIRECTORY)
        return directory_mode(source);
    if (type->rights == ACL_OF_GENERATED)
        return S_IFREG | (source & (S_IRUSR | S_IRGRP | S_IROTH));
    return type->shown_as | (source & ALLPERMS & ~write_bits);
}

/* Whether the node's file has an ACL. Assumed, to be safe, if this cannot be found out. */
static bool has_acl(const struct driver *driver, const struct node *node)
{
    AUTO_CLOSE int fd = open_source_of(driver, node);
    return fd < 0 || read_xattr(fd, access_acl, NULL) != 0;
}

mode_t rights_mode(const struct driver *driver, const struct node *node, mode_t source)
{
    mode_t mode = plain_mode(node->type, source);
    /*
     * The kernel ignores an ACL if the group has no rights, and gives the users named in it the
     * rights of others. In the source the group has rights.
     */
    const bool hidden = (source & S_IRWXG) != 0 && (mode & S_IRWXG) == 0 && (mode & S_IRWXO) != 0;
    if (hidden && driver->kernel_checks && has_source(node) && has_acl(driver, node))
        mode |= S_IXGRP; /* the mask gets it too, the entries do not */
    return mode;
}

ssize_t rights_access_acl(struct driver *driver, struct node *node, void *value)
{
    struct stat attributes;

    if (!has_source(node))
        return 0;
    AUTO_CLOSE int fd = open_source_of(driver, node);
    if (fd < 0)
        return fd;
    ssize_t size = read_acl(fd, node, access_acl, value, &attributes);
    if (size < 0)
        return size;
    if (size > 0) {
        int error = acl_take_form(value, (size_t)size, node->type->rights);
        return error != 0 ? error : size;
    }
    const mode_t mode = plain_mode(node->type, attributes.st_mode);
    if (mode == atomic_load(&node->told))
        return 0;
    acl_of_mode(mode, value);
    return ACL_MINIMAL_SIZE;
}

ssize_t rights_default_acl(struct driver *driver, struct node *node, void *value)
{
    struct stat attributes;

    if (!node->type->stands || !node_is_directory(node))
        return 0;
    AUTO_CLOSE int fd = open_source_of(driver, node);
    if (fd < 0)
        return fd;
    ssize_t size = read_acl(fd, node, default_acl, value, &attributes);
    int error = size > 0 ? acl_take_form(value, (size_t)size, ACL_AS_IT_IS) : 0;
    return error != 0 ? error : size;
}
