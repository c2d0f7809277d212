#include "fs/operation/file_operations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/operation/parking.h"
#include "fs/operation/request.h"
#include "fs/tree/driver.h"
#include "fs/tree/handle.h"
#include "fs/tree/lookup.h"

enum { SMALL_READ = 16 * 1024 };

static struct handle *handle_of(const struct fuse_file_info *file)
{
    return (struct handle *)(uintptr_t)file->fh;
}

static bool open_may_scan(const struct node *node)
{
    if (node->kind == NODE_TABLE) /* it is made when it is opened */
        return true;
    return node->kind == NODE_PIECE && lookup_may_scan(node->parent);
}

static void run_open(struct job *job)
{
    struct driver *driver = driver_of(job->request);
    struct node *node = node_of(job->request, job->inode);
    const struct cancel cancel = cancel_of(job->request);
    struct handle *handle = NULL;

    int error = handle_open(driver, node, fuse_req_ctx(job->request), &cancel, &handle);
    if (error == -AWAITS_INDEX) {
        parking_wait(job, node);
        return;
    }
    if (error != 0) {
        fail_job(job, error);
        return;
    }
    job->file.fh = (uint64_t)(uintptr_t)handle;
    /* The kernel's cache lets generated files be sent and mapped whatever --cache says. */
    job->file.direct_io = handle->kind == HANDLE_PIECE && driver->settings->cache == CACHE_NONE;
    job->file.keep_cache = !job->file.direct_io; /* what a node holds never changes */
    if (fuse_reply_open(job->request, &job->file) != 0)
        handle_close(driver, handle);
}

void file_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct job job = {.run = run_open, .request = request, .inode = inode, .file = *file};
    const struct node *node = node_of(request, inode);

    if ((file->flags & O_ACCMODE) != O_RDONLY || (file->flags & O_TRUNC) != 0)
        reply_error(request, -EROFS);
    else
        dispatch(&job, open_may_scan(node));
}

static void run_release(struct job *job)
{
    handle_close(driver_of(job->request), handle_of(&job->file));
    (void)fuse_reply_err(job->request, 0);
}

/* Where there is no memory to put it in line: a handle is closed whatever happens. */
static void close_all_the_same(const struct job *job, int error)
{
    struct job copy = *job;
    (void)error;
    run_release(&copy);
}

/* To close a descriptor may take a wait: of a file system that flushes, as some in a network do. */
void file_release(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct job job = {
        .run = run_release,
        .refuse = close_all_the_same,
        .request = request,
        .inode = inode,
        .file = *file,
    };
    run_behind(driver_of(request), &driver_of(request)->looks, &job);
}

/*
 * Reads what can be had without waiting. It is ventured for just as long as it takes: to reply
 * blocks nobody. Returns 0, or -NOT_AT_ONCE if it must be read behind a gate.
 */
static int venture_read(const struct job *job, char *buffer, size_t *got)
{
    struct receivers *receivers = &driver_of(job->request)->receivers;

    if (!receivers_venture(receivers))
        return -NOT_AT_ONCE;
    int error =
        handle_read_at_once(handle_of(&job->file), (uint64_t)job->offset, buffer, job->size, got);
    receivers_ventured(receivers);
    return error;
}

/*
 * Answers with bytes that can be had without waiting: no gate, and nobody called to take our place.
 * Returns false where there are none, or not all.
 */
static bool answer_at_once(const struct job *job)
{
    struct buffers *buffers = &driver_of(job->request)->buffers;
    char small[SMALL_READ]; /* saves the lock of the buffers */
    char *buffer = job->size <= sizeof(small) ? small : buffers_take(buffers);
    size_t got = 0;

    int error = venture_read(job, buffer, &got);
    if (error == 0)
        (void)fuse_reply_buf(job->request, buffer, got);
    if (buffer != small)
        buffers_give_back(buffers, buffer);
    return error == 0;
}

/* Reads into `buffer` and replies from it: exactly what was read, or an error. */
static void read_and_reply(const struct job *job, char *buffer, size_t size)
{
    const struct cancel cancel = cancel_of(job->request);
    size_t got = 0;
    int error =
        handle_read(handle_of(&job->file), (uint64_t)job->offset, buffer, size, &cancel, &got);
    if (error != 0)
        fail_job(job, error);
    else
        (void)fuse_reply_buf(job->request, buffer, got);
}

static void run_read(struct job *job)
{
    struct driver *driver = driver_of(job->request);

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

static void read_piece(struct job *job)
{
    struct driver *driver = driver_of(job->request);
    if (!answer_at_once(job))
        run_behind(driver, &driver->reads, job);
}

/* Begins a read that others may have copied ahead for. False: too many venture that already. */
static bool venture_begin(const struct job *job, struct ahead_read *read)
{
    struct receivers *receivers = &driver_of(job->request)->receivers;
    struct handle *handle = handle_of(&job->file);

    if (!receivers_venture(receivers))
        return false;
    ahead_begin(&handle->ahead, (uint64_t)job->offset, job->size, read);
    if (read->bytes != NULL && !handle_is_still(handle, &read->then))
        read->bytes = NULL;
    receivers_ventured(receivers);
    return true;
}

static int copy_ahead(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                      struct file_identity *then)
{
    return handle_read_ahead(argument, offset, buffer, size, got, then);
}

/* Ends a read whose request is gone by now; copies what comes next, where that may be ventured. */
static void end_and_copy_ahead(struct receivers *receivers, struct handle *handle,
                               const struct ahead_read *read)
{
    bool ventured = receivers_venture(receivers);

    ahead_end(&handle->ahead, read, ventured ? copy_ahead : NULL, handle);
    if (ventured)
        receivers_ventured(receivers);
}

static void read_piece_ahead(struct job *job)
{
    struct driver *driver = driver_of(job->request);
    struct handle *handle = handle_of(&job->file);
    struct ahead_read read;

    if (!ahead_concerns(&handle->ahead, job->size)) {
        read_piece(job);
        return;
    }
    if (!venture_begin(job, &read)) {
        run_behind(driver, &driver->reads, job);
        return;
    }
    if (read.bytes != NULL) {
        atomic_fetch_add(&driver->counters.reads_ahead, 1);
        (void)fuse_reply_buf(job->request, read.bytes, job->size);
    } else if (!answer_at_once(job)) {
        /* Ended first: a thread behind a gate goes on with the jobs of others, for long perhaps. */
        ahead_end(&handle->ahead, &read, NULL, NULL);
        run_behind(driver, &driver->reads, job);
        return;
    }
    end_and_copy_ahead(&driver->receivers, handle, &read);
}

void file_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
               struct fuse_file_info *file)
{
    struct driver *driver = driver_of(request);
    enum handle_kind kind = handle_of(file)->kind;
    struct job job = {
        .run = kind == HANDLE_PIECE ? run_read : run_read_generated,
        .refuse = refuse_job,
        .request = request,
        .inode = inode,
        .size = size,
        .offset = offset,
        .file = *file,
    };
    atomic_fetch_add(&driver->counters.reads, 1);
    if (size > driver->buffers.size) /* not with the max_read that we mount with */
        reply_error(request, -EIO);
    else if (kind == HANDLE_REPORT)
        run_read_generated(&job);
    else if (kind == HANDLE_TABLE)
        run_behind(driver, &driver->scans, &job);
    else if (handle_of(file)->reads_ahead)
        read_piece_ahead(&job);
    else
        read_piece(&job);
}

static void run_seek(struct job *job)
{
    const struct cancel cancel = cancel_of(job->request);
    enum extent_kind kind = job->whence == SEEK_HOLE ? EXTENT_HOLE : EXTENT_DATA;
    uint64_t found = 0;
    int error = handle_seek(handle_of(&job->file), kind, (uint64_t)job->offset, &cancel, &found);
    if (error == -NO_MORE_DATA) /* an answer, and no failure */
        (void)fuse_reply_err(job->request, ENXIO);
    else if (error != 0)
        fail_job(job, error);
    else
        (void)fuse_reply_lseek(job->request, (off_t)found);
}

/* The kernel asks for SEEK_DATA and SEEK_HOLE alone; it knows the others itself. */
void file_seek(fuse_req_t request, fuse_ino_t inode, off_t offset, int whence,
               struct fuse_file_info *file)
{
    struct job job = {
        .run = run_seek,
        .refuse = refuse_job,
        .request = request,
        .inode = inode,
        .offset = offset,
        .whence = whence,
        .file = *file,
    };
    if (whence != SEEK_DATA && whence != SEEK_HOLE)
        (void)fuse_reply_err(request, EINVAL);
    else if (offset < 0)
        (void)fuse_reply_err(request, ENXIO);
    else if (handle_of(file)->kind == HANDLE_REPORT)
        run_seek(&job);
    else
        run_behind(driver_of(request), &driver_of(request)->reads, &job);
}
