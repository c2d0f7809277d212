/* SPDX-License-Identifier: MIT */
#include "fs/serve/reply.h"

#include <errno.h>
#include <time.h>

#include "fs/serve/errors.h"
#include "fs/serve/server.h"

/* Records the end of a request. Before the reply, as the request is invalid afterwards. */
static void end_request(const struct request *request, int answer, size_t bytes)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t took = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - request->began;
    server_count(server_of(request->fuse), request, answer, bytes, took > 0 ? (uint64_t)took : 0);
}

void reply_errno(const struct request *request, int answer)
{
    end_request(request, 0, 0);
    (void)fuse_reply_err(request->fuse, answer);
}

void reply_error(const struct request *request, int error)
{
    int answer = error_for_reader(error);

    if (answer == EIO)
        server_log_failure(server_of(request->fuse), request, error);
    end_request(request, answer, 0);
    (void)fuse_reply_err(request->fuse, answer);
}

void reply_failure(const struct request *request, int error)
{
    struct server *server = server_of(request->fuse);
    if (!aside_wait(&server->aside, request, error_patience_ms(error)))
        reply_error(request, error);
}

void reply_nothing(const struct request *request)
{
    end_request(request, 0, 0);
    fuse_reply_none(request->fuse);
}

void reply_data(const struct request *request, const char *bytes, size_t size)
{
    end_request(request, 0, size);
    (void)fuse_reply_buf(request->fuse, bytes, size);
}

void reply_attributes(const struct request *request, const struct stat *attributes, double believed)
{
    end_request(request, 0, 0);
    (void)fuse_reply_attr(request->fuse, attributes, believed);
}

void reply_link(const struct request *request, const char *target)
{
    end_request(request, 0, 0);
    (void)fuse_reply_readlink(request->fuse, target);
}

void reply_place(const struct request *request, uint64_t offset)
{
    end_request(request, 0, 0);
    (void)fuse_reply_lseek(request->fuse, (off_t)offset);
}

void reply_statistics(const struct request *request, const struct statvfs *statistics)
{
    end_request(request, 0, 0);
    (void)fuse_reply_statfs(request->fuse, statistics);
}

void reply_size(const struct request *request, size_t size)
{
    end_request(request, 0, 0);
    (void)fuse_reply_xattr(request->fuse, size);
}

bool reply_entry(const struct request *request, const struct fuse_entry_param *entry)
{
    end_request(request, 0, 0);
    return fuse_reply_entry(request->fuse, entry) == 0;
}

bool reply_open(const struct request *request)
{
    end_request(request, 0, 0);
    return fuse_reply_open(request->fuse, &request->file) == 0;
}
