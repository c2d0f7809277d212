/* SPDX-License-Identifier: MIT */
#include "fs/operation/xattr.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/operation/dispatch.h"
#include "fs/operation/parking.h"
#include "fs/serve/reply.h"
#include "fs/tree/piece_xattr.h"
#include "fs/tree/rights.h"

/*
 * Writes the value, of at most XATTR_SIZE_MAX bytes. Returns its size, 0 if there is none, or
 * -errno, as reply_failure() takes it.
 */
typedef ssize_t xattr_reader(struct driver *driver, struct node *node, const struct cancel *cancel,
                             void *value);

static ssize_t read_access_acl(struct driver *driver, struct node *node,
                               const struct cancel *cancel, void *value)
{
    (void)cancel;
    return rights_access_acl(driver, node, value);
}

static ssize_t read_default_acl(struct driver *driver, struct node *node,
                                const struct cancel *cancel, void *value)
{
    (void)cancel;
    return rights_default_acl(driver, node, value);
}

static const struct xattr {
    const char *name;
    bool is_of_rights; /* the kernel asks for it to check rights; else there is none */
    bool is_listed;    /* programs that copy all attributes get it: it costs little */
    enum lane lane;
    xattr_reader *read;
    size_t (*size)(const struct node *node); /* of the value, or 0; NULL: as the value is read */
} xattrs[] = {
    {"system.posix_acl_access", true, true, LANE_LOOKS, read_access_acl, NULL},
    {"system.posix_acl_default", true, true, LANE_LOOKS, read_default_acl, NULL},
    {"user.bigfs.offset", false, true, LANE_LOOKS, piece_xattr_offset, NULL},
    {"user.bigfs.length", false, true, LANE_LOOKS, piece_xattr_length, NULL},
    {"user.bigfs.xxh128", false, false, LANE_DIGESTS, piece_xattr_digest, piece_xattr_digest_size},
};

enum { XATTRS = sizeof(xattrs) / sizeof(xattrs[0]), NAMES_MOST = 256 };

/* NULL: nothing has an attribute of this name in this mount. */
static const struct xattr *xattr_named(const struct driver *driver, const char *name)
{
    for (size_t i = 0; i < XATTRS; i++)
        if (strcmp(name, xattrs[i].name) == 0)
            return xattrs[i].is_of_rights && !driver->kernel_checks ? NULL : &xattrs[i];
    return NULL;
}

/*
 * What a program gets that asks for an attribute that nothing has. Without allow_other there are
 * no ACLs or labels, and EOPNOTSUPP makes ls ask no more after the first file. (ENOSYS would make
 * the kernel itself ask no more, but for other attributes too.)
 */
static int error_of_unknown(const struct driver *driver, const char *name)
{
    static const char user[] = "user.";
    bool is_of_user = strncmp(name, user, strlen(user)) == 0;
    return driver->kernel_checks || is_of_user ? ENODATA : EOPNOTSUPP;
}

/* Answers with a value, or with its size if only that was requested. */
static void reply_value(const struct request *request, const char *value, size_t size)
{
    if (request->size == 0)
        reply_size(request, size);
    else if (size > request->size)
        reply_errno(request, ERANGE);
    else
        reply_data(request, value, size);
}

/* Answers if nothing has to be read for that: there is no value, or its size is all that counts. */
static bool reply_without_reading(const struct request *request, const struct xattr *xattr,
                                  const struct node *node)
{
    const size_t size = xattr->size(node);

    if (size == 0)
        reply_errno(request, ENODATA);
    else if (size > request->size)
        reply_value(request, NULL, size);
    return size == 0 || size > request->size;
}

static void run_getxattr(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    struct node *node = driver_node(driver, request->inode);
    const struct cancel cancel = server_cancel(request);
    AUTO_FREE char *value = malloc(XATTR_SIZE_MAX);
    if (value == NULL) {
        reply_error(request, -ENOMEM);
        return;
    }
    const struct xattr *xattr = xattr_named(driver, request->name);
    const ssize_t size = xattr->read(driver, node, &cancel, value);
    if (size == -AWAITS_INDEX)
        parking_wait(request, node, NULL, xattr->lane);
    else if (size < 0)
        reply_failure(request, (int)size);
    else if (size == 0) /* an answer, not a failure */
        reply_errno(request, ENODATA);
    else
        reply_value(request, value, (size_t)size);
}

const struct operation getxattr_operation = {
    .name = "getxattr", .run = run_getxattr, .refuse = reply_error};

void on_getxattr(fuse_req_t fuse, fuse_ino_t inode, const char *name, size_t size)
{
    struct request request = request_begin(&getxattr_operation, fuse, inode);
    struct driver *driver = driver_of(fuse);
    const struct xattr *xattr = xattr_named(driver, name);

    request.size = size;
    if (xattr == NULL) {
        reply_errno(&request, error_of_unknown(driver, name));
        return;
    }
    if (xattr->size != NULL && reply_without_reading(&request, xattr, driver_node(driver, inode)))
        return;
    (void)strcpy(request.name, xattr->name);
    dispatch(&request, xattr->lane);
}

/* Writes the names of a node's attributes. Returns their size, or -errno. */
static ssize_t write_names(struct driver *driver, struct node *node, void *value, char *names)
{
    size_t used = 0;

    for (size_t i = 0; i < XATTRS; i++) {
        const struct xattr *xattr = xattr_named(driver, xattrs[i].name);
        if (xattr == NULL || !xattr->is_listed)
            continue;
        ssize_t size = xattr->read(driver, node, NULL, value);
        if (size < 0)
            return size;
        if (size == 0)
            continue;
        size_t length = strlen(xattr->name) + 1;
        memcpy(names + used, xattr->name, length);
        used += length;
    }
    return (ssize_t)used;
}

static void run_listxattr(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    char names[NAMES_MOST];
    AUTO_FREE void *value = malloc(XATTR_SIZE_MAX);
    ssize_t size = -ENOMEM;

    if (value != NULL)
        size = write_names(driver, driver_node(driver, request->inode), value, names);
    if (size < 0)
        reply_failure(request, (int)size);
    else
        reply_value(request, names, (size_t)size);
}

const struct operation listxattr_operation = {
    .name = "listxattr", .run = run_listxattr, .refuse = reply_error};

void on_listxattr(fuse_req_t fuse, fuse_ino_t inode, size_t size)
{
    struct request request = request_begin(&listxattr_operation, fuse, inode);

    request.size = size;
    dispatch_look(&request, false);
}
