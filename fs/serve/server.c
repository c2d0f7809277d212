/* SPDX-License-Identifier: MIT */
#include "fs/serve/server.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "fs/serve/errors.h"
#include "fs/serve/request.h"

/* For four readers at once (fs/serve/prefetch.h). With more, the processors are busy anyway. */
enum { SPARE_BUFFERS = 4 * PREFETCH_STRETCHES };

/* How many threads work in the lane of reads at the same time by default. */
enum { DEFAULT_READS = 24 };

/*
 * However many processors and readers there are, each read in a lane holds a buffer, and so does
 * each read answered at once. The promise is 48 MB (docs/performance.md), 3 of them for everything
 * else. Reads of generated files, in steps of a MiB, are not counted.
 */
static_assert((DEFAULT_READS + MOST_LEADERS + SPARE_BUFFERS) * MOST_READ <= 45 * 1000 * 1000,
              "the replies of a mount as it is by default take more memory than is promised");

struct server *server_of(fuse_req_t fuse)
{
    return fuse_req_userdata(fuse);
}

/* A request that was queued again needs a thread. */
static void send_worker(void *argument)
{
    crew_send(argument);
}

int server_init(struct server *server, const struct operation *const *operations,
                const unsigned *lanes)
{
    memset(server, 0, sizeof(*server));
    server->operations = operations;
    int error = log_init(&server->log);
    if (error != 0)
        return error;
    crew_init(&server->crew, lanes);
    error = buffers_init(&server->buffers, crew_size(&server->crew), MOST_READ);
    if (error != 0) {
        crew_destroy(&server->crew);
        log_destroy(&server->log);
        return error;
    }
    error = prefetch_pool_init(&server->prefetch, SPARE_BUFFERS, MOST_READ);
    if (error != 0) {
        buffers_destroy(&server->buffers);
        crew_destroy(&server->crew);
        log_destroy(&server->log);
    }
    return error;
}

void server_destroy(struct server *server)
{
    prefetch_pool_destroy(&server->prefetch);
    buffers_destroy(&server->buffers);
    crew_destroy(&server->crew);
    log_stop(&server->log);
    log_destroy(&server->log);
}

int server_start(struct server *server)
{
    int error = log_start(&server->log);
    return error != 0 ? error : aside_start(&server->aside, send_worker, &server->crew);
}

void server_stop(struct server *server)
{
    aside_stop(&server->aside);
    crew_run_lines(&server->crew); /* requests put in line while the workers were ending */
}

static bool is_caller_gone(void *argument)
{
    fuse_req_t fuse = argument;
    const struct server *server = server_of(fuse);
    return fuse_req_interrupted(fuse) != 0 || fuse_session_exited(server->session) != 0 ||
           atomic_load_explicit(&server->ending, memory_order_relaxed);
}

struct cancel server_cancel(const struct request *request)
{
    return (struct cancel){is_caller_gone, request->fuse, request->began / 1000000};
}

/* --- counts ----------------------------------------------------------------------------------- */

static size_t operation_number(const struct server *server, const struct operation *operation)
{
    size_t number = 0;
    while (server->operations[number] != NULL && server->operations[number] != operation)
        number++;
    assert(number < MOST_OPERATIONS &&
           server->operations[number] != NULL); /* the operation must have a row */
    return number;
}

uint64_t server_requests(const struct server *server, const char *operation)
{
    for (size_t i = 0; server->operations[i] != NULL; i++)
        if (strcmp(server->operations[i]->name, operation) == 0)
            return histogram_count(&server->counts[i].times);
    return 0;
}

uint64_t server_errors(const struct server *server, int answer)
{
    return answer <= MOST_ERRNO ? atomic_load(&server->errors[answer]) : 0;
}

void server_log_failure(struct server *server, const struct request *request, int error)
{
    char text[512] = "";

    if (!log_may_write(&server->log, LOG_FAILED, FUSE_LOG_WARNING))
        return;
    if (server->describe != NULL)
        server->describe(request, text, sizeof(text));
    const char *cause = error_cause(error);
    log_write(&server->log, LOG_FAILED, FUSE_LOG_WARNING, "%s: %s was answered with EIO%s%s", text,
              request->operation->name, cause[0] != '\0' ? ": " : "", cause);
}

void server_count(struct server *server, const struct request *request, int answer, size_t bytes,
                  uint64_t nanoseconds)
{
    struct operation_counts *counts = &server->counts[operation_number(server, request->operation)];

    histogram_add(&counts->times, nanoseconds);
    if (bytes > 0)
        atomic_fetch_add_explicit(&counts->bytes, bytes, memory_order_relaxed);
    if (answer == 0)
        return;
    atomic_fetch_add_explicit(&counts->failures, 1, memory_order_relaxed);
    if (answer <= MOST_ERRNO)
        atomic_fetch_add_explicit(&server->errors[answer], 1, memory_order_relaxed);
    if (answer == EIO && server->on_io_error != NULL)
        server->on_io_error(request);
}
