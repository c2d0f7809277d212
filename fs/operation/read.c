/* SPDX-License-Identifier: MIT */
#include "fs/operation/read.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/operation/dispatch.h"
#include "fs/serve/reply.h"
#include "fs/tree/handle.h"

enum { SMALL_READ = 16 * 1024 };

static struct handle *handle_of(const struct request *request)
{
    return (struct handle *)(uintptr_t)request->file.fh;
}

/* --- reads that may wait ---------------------------------------------------------------------- */

/* Reads into `buffer` and replies with exactly the bytes read, or an error. */
static void read_and_reply(const struct request *request, char *buffer)
{
    const struct cancel cancel = server_cancel(request);
    size_t got = 0;
    int error = handle_read(handle_of(request), (uint64_t)request->offset, buffer, request->size,
                            &cancel, &got);
    if (error != 0)
        reply_failure(request, error);
    else
        reply_data(request, buffer, got);
}

static void read_piece(const struct request *request)
{
    struct buffers *buffers = &server_of(request->fuse)->buffers;
    char *buffer = buffers_take(buffers);

    read_and_reply(request, buffer);
    buffers_give_back(buffers, buffer);
}

/* Reading a text may make parts of it again with a scan, which must not delay readers of pieces. */
static void read_generated(const struct request *request)
{
    AUTO_FREE char *buffer = malloc(request->size);
    if (buffer == NULL)
        reply_error(request, -ENOMEM);
    else
        read_and_reply(request, buffer);
}

static void run_read(struct request *request)
{
    if (handle_of(request)->type->is_piece)
        read_piece(request);
    else
        read_generated(request);
}

const struct operation read_operation = {.name = "read", .run = run_read, .refuse = reply_error};

/* --- reads that do not wait ------------------------------------------------------------------- */

/*
 * Reads what can be had without waiting. Ventures only during the read, as a reply does not block.
 * Returns 0, or -NOT_AT_ONCE if it must be read in a lane.
 */
static int venture_read(const struct request *request, char *buffer, size_t *got)
{
    struct crew *crew = &server_of(request->fuse)->crew;

    if (!crew_venture(crew))
        return -NOT_AT_ONCE;
    int error = handle_read_at_once(handle_of(request), (uint64_t)request->offset, buffer,
                                    request->size, got);
    crew_ventured(crew);
    return error;
}

/*
 * Answers with bytes that can be had without waiting, outside the lanes and without calling another
 * leader. Returns false if not all bytes can be had.
 */
static bool answer_at_once(const struct request *request)
{
    struct buffers *buffers = &server_of(request->fuse)->buffers;
    char small[SMALL_READ]; /* saves the lock of the buffers */
    char *buffer = request->size <= sizeof(small) ? small : buffers_take(buffers);
    size_t got = 0;

    int error = venture_read(request, buffer, &got);
    if (error == 0)
        reply_data(request, buffer, got);
    if (buffer != small)
        buffers_give_back(buffers, buffer);
    return error == 0;
}

/* --- reads of what was prefetched ------------------------------------------------------------- */

/* Begins a read whose bytes may have been prefetched. Returns false if too many leaders venture. */
static bool venture_begin(const struct request *request, struct prefetch_read *read)
{
    struct crew *crew = &server_of(request->fuse)->crew;
    struct handle *handle = handle_of(request);

    if (!crew_venture(crew))
        return false;
    prefetch_begin(&handle->prefetch, (uint64_t)request->offset, request->size, read);
    if (read->bytes != NULL && !handle_is_still(handle, &read->then))
        read->bytes = NULL;
    crew_ventured(crew);
    return true;
}

static int copy_for_later(void *argument, uint64_t offset, char *buffer, size_t size, size_t *got,
                          struct file_identity *then)
{
    return handle_prefetch(argument, offset, buffer, size, got, then);
}

/* Ends a read that has been answered. Copies the next bytes, if that may be ventured. */
static void end_and_prefetch(struct crew *crew, struct handle *handle,
                             const struct prefetch_read *read)
{
    bool ventured = crew_venture(crew);

    prefetch_end(&handle->prefetch, read, ventured ? copy_for_later : NULL, handle);
    if (ventured)
        crew_ventured(crew);
}

/* Answers a read, with prefetched bytes if there are any. Returns false as answer_at_once(). */
static bool answer_prefetched(struct request *request)
{
    struct server *server = server_of(request->fuse);
    struct handle *handle = handle_of(request);
    struct prefetch_read read;

    if (!prefetch_concerns(&handle->prefetch, request->size))
        return answer_at_once(request);
    if (!venture_begin(request, &read))
        return false;
    if (read.bytes != NULL) {
        atomic_fetch_add(&server->prefetched, 1);
        reply_data(request, read.bytes, request->size);
    } else if (!answer_at_once(request)) {
        /* End it first: in a lane this thread goes on with other requests, perhaps for long. */
        prefetch_end(&handle->prefetch, &read, NULL, NULL);
        return false;
    }
    end_and_prefetch(&server->crew, handle, &read);
    return true;
}

static bool answer_piece(struct request *request)
{
    return handle_of(request)->prefetches ? answer_prefetched(request) : answer_at_once(request);
}

void on_read(fuse_req_t fuse, fuse_ino_t inode, size_t size, off_t offset,
             struct fuse_file_info *file)
{
    struct request request = request_begin(&read_operation, fuse, inode);

    request.size = size;
    request.offset = offset;
    request.file = *file;
    const struct handle_type *type = handle_of(&request)->type;
    if (size > server_of(fuse)->buffers.size) /* cannot happen with the max_read of the mount */
        reply_error(&request, -EIO);
    else if (type->is_report)
        run_read(&request);
    else if (!type->is_piece || !answer_piece(&request))
        dispatch(&request, type->lane);
}
