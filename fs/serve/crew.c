/* SPDX-License-Identifier: MIT */
#include "fs/serve/crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

#include "core/base/cleanup.h"

enum {
    STACK_SIZE = 2048 * 1024, /* a scan has a buffer of 256 KiB; the thread sanitizer needs more */
    CACHE_LINE = 64,
    SHORTAGE_MS = 10, /* until a receiver without memory tries again */
    WAKE_SIGNAL = SIGUSR1,
    WAKE_STEP_MS = 5, /* until a worker that is still receiving at the end is woken again */
};

const char *const lane_names[LANES] = {"reads", "scans", "digests", "looks"};

/* Each worker updates its own counters, so each has its own cache line. */
struct crew_worker {
    _Alignas(CACHE_LINE) _Atomic uint64_t received;
    _Atomic uint64_t finished;
    atomic_bool receiving; /* written by the worker itself */
    atomic_bool over;      /* it has ended and can be joined */
    struct crew *crew;
    pthread_t thread;
    struct fuse_buf buffer; /* its memory is allocated by libfuse and freed here */
};

/* --- lanes ------------------------------------------------------------------------------------ */

static void run_lines(void *argument)
{
    crew_run_lines(argument);
}

void crew_init(struct crew *crew, const unsigned *limits)
{
    *crew = (struct crew){.ended = -1};
    for (unsigned i = 0; i < LANES; i++)
        crew_lane_init(&crew->lanes[i], limits[i]);
    crew_leaders_init(&crew->leaders, run_lines, crew);
}

void crew_destroy(struct crew *crew)
{
    for (unsigned i = 0; i < crew->prepared; i++)
        free(crew->workers[i].buffer.mem);
    free(crew->workers);
    cleanup_close(&crew->ended);
    crew_leaders_destroy(&crew->leaders);
    for (unsigned i = 0; i < LANES; i++)
        crew_lane_destroy(&crew->lanes[i]);
}

unsigned crew_size(const struct crew *crew)
{
    const unsigned for_errands = 1;
    unsigned size = crew->leaders.most + for_errands;
    for (unsigned i = 0; i < LANES; i++)
        size += crew->lanes[i].limit;
    return size;
}

void crew_run(struct crew *crew, enum lane lane, const struct request *request)
{
    crew_leaders_step_down(&crew->leaders);
    crew_lane_run(&crew->lanes[lane], request);
    crew_leaders_return(&crew->leaders);
}

void crew_queue(struct crew *crew, enum lane lane, const struct request *request, uint64_t device)
{
    crew_lane_queue(&crew->lanes[lane], request, device);
}

void crew_resume(struct crew *crew, enum lane lane, const struct request *request)
{
    crew_lane_queue(&crew->lanes[lane], request, request->device);
    crew_send(crew);
}

void crew_send(struct crew *crew)
{
    crew_leaders_send(&crew->leaders);
}

void crew_run_lines(struct crew *crew)
{
    for (unsigned i = LANES; i-- > 0;)
        crew_lane_work(&crew->lanes[i]);
}

bool crew_venture(struct crew *crew)
{
    return crew_leaders_venture(&crew->leaders);
}

void crew_ventured(struct crew *crew)
{
    crew_leaders_ventured(&crew->leaders);
}

struct crew_load crew_load(struct crew *crew, enum lane lane)
{
    return crew_lane_load(&crew->lanes[lane]);
}

/* --- threads ---------------------------------------------------------------------------------- */

static void end_session(struct crew *crew, int error)
{
    int none = 0;
    (void)atomic_compare_exchange_strong(&crew->error, &none, error);
    fuse_session_exit(crew->session);
    (void)eventfd_write(crew->ended, 1);
}

static void count_up(_Atomic uint64_t *counter)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + 1, memory_order_relaxed); /* no other thread writes it */
}

/* Receives a request. Returns its length, 0 at the end of the session, or -errno. */
static int receive(struct crew_worker *worker)
{
    const struct timespec pause = {.tv_nsec = SHORTAGE_MS * 1000000L};
    struct fuse_session *session = worker->crew->session;

    atomic_store_explicit(&worker->receiving, true, memory_order_relaxed);
    int received = fuse_session_receive_buf(session, &worker->buffer);
    if (received == -ENOMEM) /* of the kernel, as the buffer exists */
        (void)nanosleep(&pause, NULL);
    atomic_store_explicit(&worker->receiving, false, memory_order_relaxed);
    return received;
}

static void *serve_requests(void *argument)
{
    struct crew_worker *worker = argument;
    struct fuse_session *session = worker->crew->session;
    struct crew_leaders *leaders = &worker->crew->leaders;
    int received = 1;

    bool here = crew_leaders_enter(leaders);
    while (here && !fuse_session_exited(session) && received > 0) {
        received = receive(worker);
        if (received == -EINTR || received == -ENOMEM) {
            received = 1;
        } else if (received > 0) {
            count_up(&worker->received);
            fuse_session_process_buf(session, &worker->buffer);
            count_up(&worker->finished);
        }
        here = crew_leaders_go_on(leaders);
    }
    end_session(worker->crew, received < 0 ? received : 0);
    atomic_store(&worker->over, true);
    return NULL;
}

int crew_prepare(struct crew *crew, struct fuse_session *session)
{
    unsigned count = crew_size(crew);

    crew->session = session;
    crew->ended = eventfd(0, EFD_CLOEXEC);
    if (crew->ended < 0)
        return -errno;
    crew->workers = aligned_alloc(CACHE_LINE, count * sizeof(*crew->workers));
    if (crew->workers == NULL)
        return -ENOMEM;
    for (; crew->prepared < count; crew->prepared++) {
        struct crew_worker *worker = &crew->workers[crew->prepared];
        *worker = (struct crew_worker){.crew = crew};
        (void)fuse_session_receive_buf(session, &worker->buffer);
        if (worker->buffer.mem == NULL)
            return -ENOMEM;
    }
    return 0;
}

static int start_worker(struct crew_worker *worker)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int error = -pthread_create(&worker->thread, &attributes, serve_requests, worker);
    pthread_attr_destroy(&attributes);
    return error;
}

static void on_wake(int number)
{
    (void)number; /* only interrupts a wait */
}

int crew_start(struct crew *crew)
{
    const struct sigaction wake = {.sa_handler = on_wake}; /* without SA_RESTART */
    atomic_store_explicit(&crew->receiving, true, memory_order_release);
    int error = sigaction(WAKE_SIGNAL, &wake, NULL) != 0 ? -errno : 0;

    while (error == 0 && crew->started < crew->prepared) {
        error = start_worker(&crew->workers[crew->started]);
        crew->started += error == 0 ? 1 : 0;
    }
    return error;
}

int crew_ended(const struct crew *crew)
{
    return crew->ended;
}

bool crew_busy(const struct crew *crew)
{
    bool busy = false;
    for (unsigned i = 0; i < crew->started; i++) {
        const struct crew_worker *worker = &crew->workers[i];
        busy = busy || atomic_load(&worker->finished) != atomic_load(&worker->received);
    }
    return busy;
}

uint64_t crew_progress(const struct crew *crew)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < crew->started; i++)
        sum += atomic_load(&crew->workers[i].finished) + atomic_load(&crew->workers[i].received);
    return sum;
}

/* Wakes the workers that wait for a request and have not been joined. */
static void wake_receivers(const struct crew *crew, unsigned joined)
{
    for (unsigned i = joined; i < crew->started; i++)
        if (atomic_load_explicit(&crew->workers[i].receiving, memory_order_relaxed))
            (void)pthread_kill(crew->workers[i].thread, WAKE_SIGNAL);
}

/* Joins a worker if it has ended; otherwise waits for a moment. Returns whether it has. */
static bool join_soon(struct crew_worker *worker)
{
    const struct timespec moment = {.tv_nsec = WAKE_STEP_MS * 1000000L};

    if (!atomic_load(&worker->over)) {
        (void)nanosleep(&moment, NULL);
        return false;
    }
    (void)pthread_join(worker->thread, NULL);
    return true;
}

/*
 * A signal just before a worker begins to wait is lost, so workers are woken until all have ended.
 * (pthread_cancel() has no such gap, but it loads a library, and aborts the process if no
 * descriptor is free.)
 */
int crew_stop(struct crew *crew)
{
    unsigned joined = 0;

    fuse_session_exit(crew->session);
    crew_leaders_end(&crew->leaders);
    while (joined < crew->started) {
        wake_receivers(crew, joined);
        joined += join_soon(&crew->workers[joined]) ? 1 : 0;
    }
    return atomic_load(&crew->error);
}
