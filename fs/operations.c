#include "fs/operations.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "fs/attributes.h"
#include "fs/daemon.h"
#include "fs/driver.h"
#include "fs/handle.h"
#include "fs/listing.h"
#include "fs/lookup.h"
#include "fs/refusal.h"

static const double timeout = 1.0; /* seconds that the kernel believes names and attributes */

enum {
    /* Requests the kernel sends ahead of readers; beyond its default of 9 it drops readahead. */
    MOST_BACKGROUND = 64,
};

static struct driver *driver_of(fuse_req_t request)
{
    return fuse_req_userdata(request);
}

static struct node *node_of(fuse_req_t request, fuse_ino_t inode)
{
    return inode == FUSE_ROOT_ID ? driver_of(request)->nodes.root : (struct node *)(uintptr_t)inode;
}

static struct handle *handle_of(const struct fuse_file_info *file)
{
    return (struct handle *)(uintptr_t)file->fh;
}

/* Whether nobody waits for the answer any more. */
static bool reader_is_gone(void *argument)
{
    fuse_req_t request = argument;
    return fuse_req_interrupted(request) != 0 ||
           fuse_session_exited(driver_of(request)->session) != 0;
}

/* The one place where an error of the core becomes what a reader gets. */
static int errno_for_reader(int error)
{
    switch (-error) {
    case EXDEV: /* something on the path became a symbolic link or a mount that leads out */
    case ELOOP:
    case ENOTDIR:
        return ESTALE; /* the kernel looks the name up again and finds what is there now */
    case ENODATA:
    case EFAULT:
    case ENXIO:
    case ENODEV:
    case EAGAIN:
        return EIO;
    default:
        return -error;
    }
}

static void reply_error(fuse_req_t request, int error)
{
    struct counters *counters = &driver_of(request)->counters;
    int answer = errno_for_reader(error);

    if (answer == EINTR)
        atomic_fetch_add(&counters->interrupts, 1);
    else if (answer == ESTALE)
        atomic_fetch_add(&counters->stale, 1);
    else if (answer == EIO)
        atomic_fetch_add(&counters->failures, 1);
    (void)fuse_reply_err(request, answer);
}

static void on_init(void *argument, struct fuse_conn_info *connection)
{
    struct driver *driver = argument;

    /* Pipes for each thread, which nothing here would gain from. */
    connection->want &=
        ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
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
    const struct cancel cancel = {reader_is_gone, job->request};
    struct entry entry;

    int error = lookup(driver, parent, job->name, &cancel, &entry);
    if (error != 0) {
        retries_give_up(&driver->retries, fuse_req_ctx(job->request)->pid);
        reply_error(job->request, error);
        return;
    }
    const struct fuse_entry_param reply = {
        .ino = (fuse_ino_t)(uintptr_t)entry.node,
        .attr = entry.attributes,
        .attr_timeout = timeout,
        .entry_timeout = timeout,
    };
    if (fuse_reply_entry(job->request, &reply) != 0)
        node_forget(&driver->nodes, entry.node, 1);
}

/* What takes no look at SOURCE, and is answered even if that does not answer. */
static bool is_control(const struct node *node)
{
    return node->kind == NODE_CONTROL || node->kind == NODE_REPORT;
}

/* Runs a job where it can hold up no others: behind the gate that its kind of work has. */
static void dispatch(struct job *job, const struct node *node, bool scans)
{
    struct driver *driver = driver_of(job->request);

    job->refuse = reply_error;
    if (scans)
        job->group = node_large(node)->content.source;
    if (is_control(node))
        job->run(job);
    else
        gate_run(scans ? &driver->scans : &driver->looks, job);
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
        dispatch(&job, node, lookup_may_scan(node));
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
    int error =
        attributes_now(driver_of(job->request), node_of(job->request, job->inode), &attributes);
    if (error != 0)
        reply_error(job->request, error);
    else
        (void)fuse_reply_attr(job->request, &attributes, timeout);
}

static void on_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct job job = {.run = run_getattr, .request = request, .inode = inode};
    (void)file;
    dispatch(&job, node_of(request, inode), false);
}

static void run_readlink(struct job *job)
{
    fuse_req_t request = job->request;
    struct driver *driver = driver_of(request);
    char path[PATH_MAX];
    char target[PATH_MAX + 1];

    int error = node_path(node_of(request, job->inode), NULL, path, sizeof(path));
    AUTO_CLOSE int fd =
        error != 0 ? error : beneath_open(&driver->pool.beneath, path, O_PATH | O_NOFOLLOW);
    ssize_t length = fd < 0 ? fd : readlinkat(fd, "", target, sizeof(target) - 1);
    if (fd >= 0 && length < 0)
        length = errno == ENOENT ? -ESTALE : -errno; /* ENOENT: it is no link any more */
    if (length < 0) {
        reply_error(request, (int)length);
        return;
    }
    target[length] = '\0';
    (void)fuse_reply_readlink(request, target);
}

static void on_readlink(fuse_req_t request, fuse_ino_t inode)
{
    struct job job = {.run = run_readlink, .request = request, .inode = inode};
    dispatch(&job, node_of(request, inode), false);
}

static bool open_may_scan(const struct node *node)
{
    return node->kind == NODE_PIECE && lookup_may_scan(node->parent);
}

static void run_open(struct job *job)
{
    struct driver *driver = driver_of(job->request);
    struct node *node = node_of(job->request, job->inode);
    const struct cancel cancel = {reader_is_gone, job->request};
    struct handle *handle = NULL;

    int error = handle_open(driver, node, fuse_req_ctx(job->request)->pid, &cancel, &handle);
    if (error != 0) {
        reply_error(job->request, error);
        return;
    }
    bool generated = handle->kind != HANDLE_PIECE; /* has the size 0: the kernel would not read */
    job->file.fh = (uint64_t)(uintptr_t)handle;
    job->file.direct_io = generated || driver->options->cache == CACHE_NONE;
    job->file.keep_cache = !job->file.direct_io; /* what a node holds never changes */
    if (fuse_reply_open(job->request, &job->file) != 0)
        handle_close(driver, handle);
}

static void on_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct job job = {.run = run_open, .request = request, .inode = inode, .file = *file};
    const struct node *node = node_of(request, inode);

    if ((file->flags & O_ACCMODE) != O_RDONLY || (file->flags & O_TRUNC) != 0)
        reply_error(request, -EROFS);
    else
        dispatch(&job, node, open_may_scan(node));
}

static void on_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)inode;
    handle_close(driver_of(request), handle_of(file));
    (void)fuse_reply_err(request, 0);
}

/* Reads into `buffer` and replies from it: exactly what was read, or an error. */
static void read_and_reply(const struct job *job, char *buffer, size_t size)
{
    const struct cancel cancel = {reader_is_gone, job->request};
    size_t got = 0;
    int error =
        handle_read(handle_of(&job->file), (uint64_t)job->offset, buffer, size, &cancel, &got);
    if (error != 0)
        reply_error(job->request, error);
    else
        (void)fuse_reply_buf(job->request, buffer, got);
}

static void run_read(struct job *job)
{
    struct driver *driver = driver_of(job->request);

    atomic_fetch_add(&driver->counters.reads, 1);
    if (job->size > driver->buffers.size) { /* not with the max_read that we mount with */
        reply_error(job->request, -EIO);
        return;
    }
    char *buffer = buffers_take(&driver->buffers);
    read_and_reply(job, buffer, job->size);
    buffers_give_back(&driver->buffers, buffer);
}

/* Text is made as it is asked for, and may take a scan: it must not hold up those who read. */
static void run_read_generated(struct job *job)
{
    AUTO_FREE char *buffer = malloc(job->size);
    if (buffer == NULL)
        reply_error(job->request, -ENOMEM);
    else
        read_and_reply(job, buffer, job->size);
}

static void on_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                    struct fuse_file_info *file)
{
    struct driver *driver = driver_of(request);
    enum handle_kind kind = handle_of(file)->kind;
    struct job job = {
        .run = kind == HANDLE_PIECE ? run_read : run_read_generated,
        .refuse = reply_error,
        .request = request,
        .inode = inode,
        .size = size,
        .offset = offset,
        .file = *file,
        .group = handle_of(file)->source,
    };
    if (kind == HANDLE_REPORT)
        run_read_generated(&job);
    else
        gate_run(kind == HANDLE_PIECE ? &driver->reads : &driver->scans, &job);
}

static void run_readdir(struct job *job)
{
    struct driver *driver = driver_of(job->request);
    AUTO_FREE char *buffer = malloc(job->size);
    size_t used = 0;

    atomic_fetch_add(&driver->counters.listings, 1);
    int error = buffer == NULL
                    ? -ENOMEM
                    : listing_fill(driver, job->request, node_of(job->request, job->inode),
                                   job->offset, buffer, job->size, &used);
    if (error != 0)
        reply_error(job->request, error);
    else
        (void)fuse_reply_buf(job->request, buffer, used);
}

static void on_readdir(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                       struct fuse_file_info *file)
{
    struct job job = {
        .run = run_readdir,
        .request = request,
        .inode = inode,
        .size = size,
        .offset = offset,
    };
    (void)file;
    dispatch(&job, node_of(request, inode), false);
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
    struct job job = {.run = run_statfs, .request = request, .inode = inode};
    dispatch(&job, driver_of(request)->nodes.root, false);
}

const struct fuse_lowlevel_ops operations = {
    .init = on_init,
    .lookup = on_lookup,
    .forget = on_forget,
    .forget_multi = on_forget_multi,
    .getattr = on_getattr,
    .readlink = on_readlink,
    .open = on_open,
    .read = on_read,
    .release = on_release,
    .readdir = on_readdir,
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
    .setxattr = refuse_setxattr,
    .removexattr = refuse_removexattr,
    .fallocate = refuse_fallocate,
};
