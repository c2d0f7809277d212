/* SPDX-License-Identifier: MIT */
#include "fs/operation/xattr.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/rights.h"

/*
 * Writes the value, of at most XATTR_SIZE_MAX bytes. Returns its size, 0 if there is none, or
 * -errno.
 */
typedef ssize_t xattr_reader(struct driver *driver, struct node *node, void *value);

static const struct xattr {
    const char *name;
    xattr_reader *read;
} xattrs[] = {
    {"system.posix_acl_access", rights_access_acl},
    {"system.posix_acl_default", rights_default_acl},
};

enum { XATTRS = sizeof(xattrs) / sizeof(xattrs[0]), NAMES_MOST = 256 };

static const struct xattr *xattr_named(const char *name)
{
    for (size_t i = 0; i < XATTRS; i++)
        if (strcmp(name, xattrs[i].name) == 0)
            return &xattrs[i];
    return NULL;
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

static void run_getxattr(struct request *request)
{
    struct driver *driver = driver_of(request->fuse);
    AUTO_FREE char *value = malloc(XATTR_SIZE_MAX);
    if (value == NULL) {
        reply_error(request, -ENOMEM);
        return;
    }
    const ssize_t size =
        xattr_named(request->name)->read(driver, driver_node(driver, request->inode), value);
    if (size < 0)
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
    const struct xattr *xattr = xattr_named(name);

    request.size = size;
    if (!driver_of(fuse)->kernel_checks) {
        reply_errno(&request, ENOSYS);
    } else if (xattr == NULL) {
        reply_errno(&request, ENODATA);
    } else {
        (void)strcpy(request.name, xattr->name);
        dispatch_look(&request, false);
    }
}

/* Writes the names of a node's attributes. Returns their size, or -errno. */
static ssize_t write_names(struct driver *driver, struct node *node, void *value, char *names)
{
    size_t used = 0;

    for (size_t i = 0; i < XATTRS; i++) {
        ssize_t size = xattrs[i].read(driver, node, value);
        if (size < 0)
            return size;
        if (size == 0)
            continue;
        size_t length = strlen(xattrs[i].name) + 1;
        memcpy(names + used, xattrs[i].name, length);
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
    if (driver_of(fuse)->kernel_checks)
        dispatch_look(&request, false);
    else
        reply_errno(&request, ENOSYS);
}
