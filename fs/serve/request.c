#include "fs/serve/request.h"

#include <string.h>
#include <time.h>

#include "fs/serve/server.h"

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

static bool is_caller_gone(void *argument)
{
    fuse_req_t fuse = argument;
    const struct server *server = server_of(fuse);
    return fuse_req_interrupted(fuse) != 0 || fuse_session_exited(server->session) != 0 ||
           atomic_load_explicit(&server->ending, memory_order_relaxed);
}

struct cancel request_cancel(fuse_req_t fuse)
{
    return (struct cancel){is_caller_gone, fuse};
}
