#include "fs/operation/xattr.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "fs/operation/request.h"
#include "fs/tree/driver.h"
#include "fs/tree/rights.h"

/* Writes the value, of at most XATTR_SIZE_MAX bytes. Returns its size, 0: none, or -errno. */
typedef ssize_t xattr_reader(struct driver *driver, struct node *node, void *value);

static const struct xattr {
    const char *name;
    xattr_reader *read;
} xattrs[] = {
    {"system.posix_acl_access", rights_access_acl},
    {"system.posix_acl_default", rights_default_acl},
};

enum { XATTRS = sizeof(xattrs) / sizeof(xattrs[0]), NAMES_MOST = 256 };

static const struct xattr *named(const char *name)
{
    for (size_t i = 0; i < XATTRS; i++)
        if (strcmp(name, xattrs[i].name) == 0)
            return &xattrs[i];
    return NULL;
}

/* Answers with a value, or with its size where that is what was asked for. */
static void reply_value(const struct job *job, const void *value, size_t size)
{
    if (job->size == 0)
        (void)fuse_reply_xattr(job->request, size);
    else if (size > job->size)
        (void)fuse_reply_err(job->request, ERANGE);
    else
        (void)fuse_reply_buf(job->request, value, size);
}

static void run_get(struct job *job)
{
    AUTO_FREE void *value = malloc(XATTR_SIZE_MAX);
    if (value == NULL) {
        reply_error(job->request, -ENOMEM);
        return;
    }
    const ssize_t size =
        named(job->name)->read(driver_of(job->request), node_of(job->request, job->inode), value);
    if (size < 0)
        fail_job(job, (int)size);
    else if (size == 0) /* an answer, and no failure */
        (void)fuse_reply_err(job->request, ENODATA);
    else
        reply_value(job, value, (size_t)size);
}

void xattr_get(fuse_req_t request, fuse_ino_t inode, const char *name, size_t size)
{
    struct job job = {.run = run_get, .request = request, .inode = inode, .size = size};

    if (!driver_of(request)->kernel_checks) {
        (void)fuse_reply_err(request, ENOSYS);
        return;
    }
    if (named(name) == NULL) {
        (void)fuse_reply_err(request, ENODATA);
        return;
    }
    (void)strcpy(job.name, named(name)->name);
    dispatch(&job, false);
}

/* Writes the names of what a node has. Returns their size, or -errno. */
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

static void run_list(struct job *job)
{
    char names[NAMES_MOST];
    AUTO_FREE void *value = malloc(XATTR_SIZE_MAX);
    ssize_t size = -ENOMEM;

    if (value != NULL)
        size =
            write_names(driver_of(job->request), node_of(job->request, job->inode), value, names);
    if (size < 0)
        fail_job(job, (int)size);
    else
        reply_value(job, names, (size_t)size);
}

void xattr_list(fuse_req_t request, fuse_ino_t inode, size_t size)
{
    struct job job = {.run = run_list, .request = request, .inode = inode, .size = size};

    if (driver_of(request)->kernel_checks)
        dispatch(&job, false);
    else
        (void)fuse_reply_err(request, ENOSYS);
}
