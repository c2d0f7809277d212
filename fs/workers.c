#include "fs/workers.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "core/cleanup.h"

enum { STACK_SIZE = 1024 * 1024 };

struct workers {
    struct fuse_session *session;
    struct receivers *receivers;
    int ended;        /* eventfd, written when a worker has found the session at its end */
    atomic_int error; /* the first that happened */
};

struct worker {
    struct workers *workers;
    pthread_t thread;
    struct fuse_buf buffer; /* its memory is allocated by libfuse, and ours to free */
};

static void signals_to_wait_for(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
}

void workers_block_signals(void)
{
    sigset_t signals;
    signals_to_wait_for(&signals);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

static void end_session(struct workers *workers, int error)
{
    int none = 0;
    (void)atomic_compare_exchange_strong(&workers->error, &none, error);
    fuse_session_exit(workers->session);
    (void)eventfd_write(workers->ended, 1);
}

/* A worker can be cancelled while it waits for a request, and never while it works on one. */
static void *work(void *argument)
{
    struct worker *worker = argument;
    struct fuse_session *session = worker->workers->session;
    struct receivers *receivers = worker->workers->receivers;
    int received = 1;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
    bool here = receivers_enter(receivers);
    while (here && !fuse_session_exited(session) && received > 0) {
        (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
        received = fuse_session_receive_buf(session, &worker->buffer);
        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
        if (received == -EINTR)
            received = 1;
        else if (received > 0)
            fuse_session_process_buf(session, &worker->buffer);
        here = receivers_go_on(receivers);
    }
    end_session(worker->workers, received < 0 ? received : 0);
    return NULL;
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

/* Waits for a signal, or for the session to end by itself. */
static int wait_for_end(const struct workers *workers)
{
    sigset_t signals;
    signals_to_wait_for(&signals);
    AUTO_CLOSE int signalled = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signalled < 0)
        return -errno;
    struct pollfd events[] = {{.fd = signalled, .events = POLLIN},
                              {.fd = workers->ended, .events = POLLIN}};
    while (poll(events, 2, -1) < 0)
        if (errno != EINTR)
            return -errno;
    return 0;
}

static void stop_workers(struct workers *workers, struct worker *worker, unsigned count)
{
    fuse_session_exit(workers->session);
    receivers_end(workers->receivers);
    for (unsigned i = 0; i < count; i++)
        (void)pthread_cancel(worker[i].thread);
    for (unsigned i = 0; i < count; i++) {
        (void)pthread_join(worker[i].thread, NULL);
        free(worker[i].buffer.mem);
    }
}

int workers_run(struct fuse_session *session, struct receivers *receivers, unsigned count)
{
    AUTO_FREE struct worker *worker = calloc(count, sizeof(*worker));
    AUTO_CLOSE int ended = eventfd(0, EFD_CLOEXEC);
    struct workers workers = {.session = session, .receivers = receivers, .ended = ended};
    unsigned started = 0;
    int error = worker == NULL ? -ENOMEM : ended < 0 ? -errno : 0;

    while (error == 0 && started < count) {
        worker[started].workers = &workers;
        error = start_worker(&worker[started]);
        started += error == 0 ? 1 : 0;
    }
    if (error == 0)
        error = wait_for_end(&workers);
    stop_workers(&workers, worker, started);
    return error != 0 ? error : atomic_load(&workers.error);
}
