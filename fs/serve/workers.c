#include "fs/serve/workers.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>

#include "core/base/cleanup.h"

enum {
    STACK_SIZE = 2048 * 1024, /* a scan has buffers of 512 KiB, the thread sanitizer takes 770 */
    CACHE_LINE = 64,
    SHORTAGE_MS = 10, /* until a receiver that got no memory tries again */
    WAKE_SIGNAL = SIGUSR1,
    WAKE_STEP_MS = 5, /* until a worker that still receives at the end is woken again */
};

/* Counted by the worker itself, so each has a cache line of its own. */
struct worker {
    _Alignas(CACHE_LINE) _Atomic uint64_t received;
    _Atomic uint64_t finished;
    atomic_bool receiving; /* written by the worker itself */
    atomic_bool over;      /* it has come to its end, and can be joined */
    struct workers *workers;
    pthread_t thread;
    struct fuse_buf buffer; /* its memory is allocated by libfuse, and ours to free */
};

struct workers {
    struct fuse_session *session;
    struct receivers *receivers;
    int ended;        /* eventfd, written when a worker has found the session at its end; owned */
    atomic_int error; /* the first that happened */
    unsigned most;
    unsigned count;        /* of those that were started */
    struct worker *worker; /* `most` of them; owned */
};

static void end_session(struct workers *workers, int error)
{
    int none = 0;
    (void)atomic_compare_exchange_strong(&workers->error, &none, error);
    fuse_session_exit(workers->session);
    (void)eventfd_write(workers->ended, 1);
}

static void count(_Atomic uint64_t *counter)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, now + 1, memory_order_relaxed); /* no other thread writes it */
}

/* Receives a request. Returns its length, 0 at the end of the session, or -errno. */
static int receive(struct worker *worker)
{
    const struct timespec pause = {.tv_nsec = SHORTAGE_MS * 1000000L};
    struct fuse_session *session = worker->workers->session;

    atomic_store_explicit(&worker->receiving, true, memory_order_relaxed);
    int received = fuse_session_receive_buf(session, &worker->buffer);
    if (received == -ENOMEM) /* of the kernel, as the buffer is there */
        (void)nanosleep(&pause, NULL);
    atomic_store_explicit(&worker->receiving, false, memory_order_relaxed);
    return received;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct fuse_session *session = worker->workers->session;
    struct receivers *receivers = worker->workers->receivers;
    int received = 1;

    bool here = receivers_enter(receivers);
    while (here && !fuse_session_exited(session) && received > 0) {
        received = receive(worker);
        if (received == -EINTR || received == -ENOMEM) {
            received = 1;
        } else if (received > 0) {
            count(&worker->received);
            fuse_session_process_buf(session, &worker->buffer);
            count(&worker->finished);
        }
        here = receivers_go_on(receivers);
    }
    end_session(worker->workers, received < 0 ? received : 0);
    atomic_store(&worker->over, true);
    return NULL;
}

static void free_workers(struct workers *workers)
{
    for (unsigned i = 0; i < workers->most; i++)
        free(workers->worker[i].buffer.mem);
    cleanup_close(&workers->ended);
    free(workers->worker);
    free(workers);
}

int workers_new(struct workers **made, struct fuse_session *session, struct receivers *receivers,
                unsigned count)
{
    struct workers *workers = calloc(1, sizeof(*workers));
    if (workers == NULL)
        return -ENOMEM;
    *workers = (struct workers){.session = session, .receivers = receivers};
    workers->ended = eventfd(0, EFD_CLOEXEC);
    int error = workers->ended < 0 ? -errno : 0;
    workers->worker = aligned_alloc(CACHE_LINE, count * sizeof(*workers->worker));
    workers->most = workers->worker != NULL ? count : 0;
    if (workers->most == 0)
        error = -ENOMEM;
    for (unsigned i = 0; i < workers->most; i++)
        workers->worker[i] = (struct worker){.workers = workers};
    for (unsigned i = 0; i < workers->most && error == 0; i++) {
        (void)fuse_session_receive_buf(session, &workers->worker[i].buffer);
        error = workers->worker[i].buffer.mem != NULL ? 0 : -ENOMEM;
    }
    if (error == 0)
        *made = workers;
    else
        free_workers(workers);
    return error;
}

static int start_worker(struct worker *worker)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int error = -pthread_create(&worker->thread, &attributes, work, worker);
    pthread_attr_destroy(&attributes);
    return error;
}

static void on_wake(int number)
{
    (void)number; /* it has interrupted a wait, and that is all */
}

int workers_start(struct workers *workers)
{
    const struct sigaction wake = {.sa_handler = on_wake}; /* without SA_RESTART */
    int error = sigaction(WAKE_SIGNAL, &wake, NULL) != 0 ? -errno : 0;

    while (error == 0 && workers->count < workers->most) {
        error = start_worker(&workers->worker[workers->count]);
        workers->count += error == 0 ? 1 : 0;
    }
    return error;
}

int workers_ended(const struct workers *workers)
{
    return workers->ended;
}

bool workers_busy(const struct workers *workers)
{
    bool busy = false;
    for (unsigned i = 0; i < workers->count; i++) {
        const struct worker *worker = &workers->worker[i];
        busy = busy || atomic_load(&worker->finished) != atomic_load(&worker->received);
    }
    return busy;
}

uint64_t workers_progress(const struct workers *workers)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < workers->count; i++)
        sum +=
            atomic_load(&workers->worker[i].finished) + atomic_load(&workers->worker[i].received);
    return sum;
}

/* Wakes the workers that wait for a request and have not been joined. */
static void wake_receivers(const struct workers *workers, unsigned joined)
{
    for (unsigned i = joined; i < workers->count; i++)
        if (atomic_load_explicit(&workers->worker[i].receiving, memory_order_relaxed))
            (void)pthread_kill(workers->worker[i].thread, WAKE_SIGNAL);
}

/* Joins a worker if it has come to its end; else waits for a moment. Returns whether it has. */
static bool join_soon(struct worker *worker)
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
 * A signal that comes just before a worker begins to wait is lost, so they are woken until all have
 * ended. (pthread_cancel() has no such gap, but it loads a library, and without a free descriptor
 * it aborts the process.)
 */
int workers_stop(struct workers *workers)
{
    unsigned joined = 0;

    fuse_session_exit(workers->session);
    receivers_end(workers->receivers);
    while (joined < workers->count) {
        wake_receivers(workers, joined);
        joined += join_soon(&workers->worker[joined]) ? 1 : 0;
    }
    int error = atomic_load(&workers->error);
    free_workers(workers);
    return error;
}
