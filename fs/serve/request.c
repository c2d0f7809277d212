/* SPDX-License-Identifier: MIT */
#include "fs/serve/request.h"

#include <string.h>
#include <time.h>

struct request request_begin(const struct operation *operation, fuse_req_t fuse, fuse_ino_t inode)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (struct request){
        .operation = operation,
        .fuse = fuse,
        .began = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
        .inode = inode,
    };
}

void request_copy(struct request *copy, const struct request *request)
{
    memcpy(copy, request, offsetof(struct request, link));
    list_reset(&copy->link);
    copy->lane = NULL;
    copy->waiting = false;
    copy->interrupted = false;
}
