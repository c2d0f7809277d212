#include "fs/operation/operations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/command/daemon.h"
#include "fs/operation/file_operations.h"
#include "fs/operation/parking.h"
#include "fs/operation/refusal.h"
#include "fs/operation/request.h"
#include "fs/operation/xattr.h"
#include "fs/tree/attributes.h"
#include "fs/tree/driver.h"
#include "fs/tree/listing.h"
#include "fs/tree/lookup.h"

enum {
    /* Requests the kernel sends ahead of readers; beyond its default of 9 it drops readahead. */
    MOST_BACKGROUND = 64,
};

static void on_init(void *argument, struct fuse_conn_info *connection)
{
    struct driver *driver = argument;

    /* Pipes for each thread, which nothing here would gain from. */
    connection->want &=
        ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
    /* The kernel then checks rights, as default_permissions says, and asks for ACLs. */
    if (driver->kernel_checks)
        connection->want |= connection->capable & FUSE_CAP_POSIX_ACL;
    connection->max_read = MOST_READ; /* as in the mount options */
    connection->max_background = MOST_BACKGROUND;
    connection->congestion_threshold = MOST_BACKGROUND;
    connection->time_gran = 1;
    daemon_ready(driver->daemon);
}

static void run_lookup(struct job *job)
{
    struct driver *driver = driver_of(job->request);
    struct node *parent = node_of(job->request, job->inode);
    const struct cancel cancel = cancel_of(job->request);
    struct entry entry = {.device = job->device};

    int error = lookup(driver, parent, job->name, &cancel, &entry);
    if (error == -AWAITS_INDEX) {
        parking_wait(job, parent);
        return;
    }
    if (error == -OTHER_DEVICE) { /* it may have to wait in line for that one */
        gate_queue(&driver->looks, job, entry.device);
        return;
    }
    if (error != 0) {
        retries_give_up(&driver->retries, fuse_req_ctx(job->request)->pid);
        fail_job(job, error);
        return;
    }
    const struct fuse_entry_param reply = entry_for_kernel(driver, &entry);
    if (fuse_reply_entry(job->request, &reply) != 0)
        node_forget(&driver->nodes, entry.node, 1);
}

static void on_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    struct job job = {.run = run_lookup, .request = request, .inode = parent};
    const struct node *node = node_of(request, parent);
    size_t length = strlen(name);

    if (length >= sizeof(job.name)) {
        reply_error(request, -ENAMETOOLONG);
        return;
    }
    memcpy(job.name, name, length + 1);
    if (lookup_is_control(driver_of(request), node, name))
        run_lookup(&job);
    else
        dispatch(&job, lookup_may_scan(node));
}

static void on_forget(fuse_req_t request, fuse_ino_t inode, uint64_t lookups)
{
    node_forget(&driver_of(request)->nodes, node_of(request, inode), lookups);
    fuse_reply_none(request);
}

static void on_forget_multi(fuse_req_t request, size_t count, struct fuse_forget_data *forgets)
{
    for (size_t i = 0; i < count; i++)
        node_forget(&driver_of(request)->nodes, node_of(request, forgets[i].ino),
                    forgets[i].nlookup);
    fuse_reply_none(request);
}

static void run_getattr(struct job *job)
{
    struct stat attributes;
    struct node *node = node_of(job->request, job->inode);
    const struct cancel cancel = cancel_of(job->request);
    struct driver *driver = driver_of(job->request);
    int error = attributes_now(driver, node, &cancel, &attributes);
    if (error != 0)
        fail_job(job, error);
    else
        (void)fuse_reply_attr(job->request, &attributes,
                              attributes_believed(driver, node, &attributes));
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct job job = {.run = run_getattr, .request = request, .inode = inode};
    (void)file;
    dispatch(&job, false);
}

static void run_readlink(struct job *job)
{
    fuse_req_t request = job->request;
    struct driver *driver = driver_of(request);
    char target[PATH_MAX + 1];
    AUTO_FREE char *path = node_path(node_of(request, job->inode), NULL);
    AUTO_CLOSE int fd =
        path != NULL ? beneath_open(&driver->pool.beneath, path, O_PATH | O_NOFOLLOW) : -ENOMEM;
    ssize_t length = fd < 0 ? fd : readlinkat(fd, "", target, sizeof(target) - 1);
    if (fd >= 0 && length < 0)
        length = errno == ENOENT ? -ESTALE : -errno; /* ENOENT: it is no link any more */
    if (length < 0) {
        fail_job(job, (int)length);
        return;
    }
    target[length] = '\0';
    (void)fuse_reply_readlink(request, target);
}

static void on_readlink(fuse_req_t request, fuse_ino_t inode)
{
    struct job job = {.run = run_readlink, .request = request, .inode = inode};
    dispatch(&job, false);
}

static struct open_dir *dir_of(const struct fuse_file_info *file)
{
    return (struct open_dir *)(uintptr_t)file->fh;
}

/* Only a directory of SOURCE has anything to keep. Without memory it is listed all the same. */
static void on_opendir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct dir_streams *dirs = &driver_of(request)->dirs;
    bool of_source = node_of(request, inode)->kind == NODE_DIRECTORY;
    struct open_dir *dir = of_source ? dir_streams_begin(dirs) : NULL;

    file->fh = (uint64_t)(uintptr_t)dir;
    if (fuse_reply_open(request, file) != 0)
        dir_streams_end(dirs, dir);
}

static void run_releasedir(struct job *job)
{
    dir_streams_end(&driver_of(job->request)->dirs, dir_of(&job->file));
    (void)fuse_reply_err(job->request, 0);
}

/* A directory is closed whatever happens, and closing may take a wait. */
static void release_all_the_same(const struct job *job, int error)
{
    struct job copy = *job;
    (void)error;
    run_releasedir(&copy);
}

static void on_releasedir(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct job job = {
        .run = run_releasedir,
        .refuse = release_all_the_same,
        .request = request,
        .inode = inode,
        .file = *file,
    };
    if (file->fh == 0)
        run_releasedir(&job);
    else
        run_behind(driver_of(request), &driver_of(request)->looks, &job);
}

/* READDIR, and READDIRPLUS where `with_nodes`. */
static void list(struct job *job, bool with_nodes)
{
    struct driver *driver = driver_of(job->request);
    struct node *node = node_of(job->request, job->inode);
    AUTO_FREE char *buffer = malloc(job->size);
    struct listing_reply reply = {.buffer = buffer, .size = job->size};
    const struct listing_place from = {dir_of(&job->file), job->offset};

    atomic_fetch_add(&driver->counters.listings, 1);
    int error = buffer == NULL
                    ? -ENOMEM
                    : listing_fill(driver, job->request, node, &from, with_nodes, &reply);
    if (error == -AWAITS_INDEX)
        parking_wait(job, node);
    else if (error != 0)
        fail_job(job, error);
    else /* it fails at the end of the mount alone: the nodes that it brings go with all others */
        (void)fuse_reply_buf(job->request, buffer, reply.used);
}

static void run_readdir(struct job *job)
{
    list(job, false);
}

static void run_readdirplus(struct job *job)
{
    list(job, true);
}

static void dispatch_listing(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                             const struct fuse_file_info *file, void (*run)(struct job *job))
{
    struct job job = {
        .run = run,
        .request = request,
        .inode = inode,
        .size = size,
        .offset = offset,
        .file = *file,
    };
    const struct node *node = node_of(request, inode);
    dispatch(&job, node->kind == NODE_VIEW && view_needs_index(&node->content.view));
}

static void on_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    dispatch_listing(request, inode, size, offset, file, run_readdir);
}

static void on_readdirplus(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                           struct fuse_file_info *file)
{
    dispatch_listing(request, inode, size, offset, file, run_readdirplus);
}

static void run_statfs(struct job *job)
{
    struct statvfs statistics;
    if (fstatvfs(driver_of(job->request)->directory, &statistics) != 0)
        reply_error(job->request, -errno);
    else
        (void)fuse_reply_statfs(job->request, &statistics);
}

static void on_statfs(fuse_req_t request, fuse_ino_t inode)
{
    struct job job = {.run = run_statfs, .request = request, .inode = FUSE_ROOT_ID};
    (void)inode; /* it is SOURCE's that are told */
    dispatch(&job, false);
}

const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .forget = on_forget,
    .forget_multi = on_forget_multi,
    .getattr = on_getattr,
    .readlink = on_readlink,
    .open = file_open,
    .read = file_read,
    .lseek = file_seek,
    .release = file_release,
    .opendir = on_opendir,
    .releasedir = on_releasedir,
    .readdir = on_readdir,
    .readdirplus = on_readdirplus,
    .statfs = on_statfs,
    .setattr = refuse_setattr,
    .mknod = refuse_mknod,
    .mkdir = refuse_mkdir,
    .unlink = refuse_removal,
    .rmdir = refuse_removal,
    .symlink = refuse_symlink,
    .rename = refuse_rename,
    .link = refuse_link,
    .create = refuse_create,
    .write = refuse_write,
    .getxattr = xattr_get,
    .listxattr = xattr_list,
    .setxattr = refuse_setxattr,
    .removexattr = refuse_removexattr,
    .fallocate = refuse_fallocate,
};
