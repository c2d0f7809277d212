/* SPDX-License-Identifier: MIT */
#include "fs/command/service.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/file/mount_table.h"
#include "fs/command/daemon.h"
#include "fs/command/signals.h"

enum {
    DRAIN_MS = 1000,         /* for requests under way, after a signal */
    DRAIN_STEP_MS = 5,       /* between two checks whether they have ended */
    DETACHED_STEP_MS = 1000, /* between two checks of a mount that was detached from outside … */
    STUCK_STEPS = 5,         /* … which ends after this many checks without progress */
};

struct service {
    struct mount *mount;
    struct driver *driver; /* the mount's */
    struct crew *crew;     /* the driver's */
    struct log *log;       /* the server's */
    int signals;           /* owned */
    int table;             /* core/file/mount_table.h; owned; or less than 0 */
    int64_t began;         /* in ms */
    const char *why;       /* it ends; NULL: it does not */
    bool detached;
    uint64_t progress; /* at the last check */
    unsigned idle;     /* consecutive checks without progress while requests were under way */
};

enum event { EVENT_SIGNAL, EVENT_ENDED, EVENT_PARENT, EVENT_TABLE, EVENTS };

/* What is under way, and a number that changes with any progress. */
struct work {
    bool any;
    uint64_t progress;
};

static void add_build(void *argument, const struct index_progress *build)
{
    struct work *work = argument;
    work->any = true;
    work->progress += build->done;
}

static struct work look_at_work(const struct service *service)
{
    struct source_pool *pool = &service->driver->pool;
    struct work work = {
        .any = crew_busy(service->crew),
        .progress = crew_progress(service->crew) + atomic_load(&pool->bytes_read) +
                    atomic_load(&pool->bytes_scanned),
    };
    index_builder_report(&service->driver->index_builder, add_build, &work);
    return work;
}

/*
 * Whether a mount that was detached from outside is kept only by requests stuck in the kernel.
 * Their callers keep it, so the kernel does not report its end.
 */
static bool is_stuck(struct service *service)
{
    const struct work work = look_at_work(service);

    if (!work.any || work.progress != service->progress)
        service->idle = 0;
    else
        service->idle++;
    service->progress = work.progress;
    return service->idle >= STUCK_STEPS;
}

/*
 * Why the signal that came ends the mount; NULL if it does not. SIGHUP tells a daemon to read its
 * files again, and bigfs has none: its terminal is not the daemon's any more.
 */
static const char *hear_signal(const struct service *service)
{
    const int number = signals_take(service->signals);

    if (number == SIGHUP && daemon_is_free(&service->mount->daemon)) {
        log_say(service->log, LOG_LIFE, FUSE_LOG_INFO,
                "SIGHUP has no effect: there is nothing to read again");
        return NULL;
    }
    return number != 0 ? signals_name(number) : NULL;
}

/*
 * Why the connection has ended: the kernel says only that. An aborted one keeps its mount. The
 * device alone would not tell, as another mount may have got its number by now.
 */
static const char *explain_end(const struct service *service)
{
    const struct driver *driver = service->driver;
    dev_t found = 0;
    const bool mounted =
        mount_table_find(service->table, driver->mountpoint, &found) && found == driver->device;
    return mounted ? "the connection was aborted" : "unmounted";
}

/*
 * Why an event, or a long time without one, is the end; NULL if it is not. The command's goodbye
 * comes before any signal that was sent after it.
 */
static const char *find_end(struct service *service, const struct pollfd *events)
{
    struct driver *driver = service->driver;
    const char *why = NULL;

    if (events[EVENT_PARENT].revents != 0 &&
        daemon_hear(&service->mount->daemon) == DAEMON_ORPHANED)
        return "the command was killed";
    if (events[EVENT_SIGNAL].revents != 0)
        why = hear_signal(service);
    if (why == NULL && events[EVENT_ENDED].revents != 0)
        why = explain_end(service);
    if (events[EVENT_TABLE].revents != 0)
        service->detached = !mount_table_has(service->table, driver->device);
    if (why == NULL && service->detached && is_stuck(service))
        why = "unmounted, and its requests do not end";
    return why;
}

/* Waits for the end. Returns 0 or -errno. */
static int await_end(struct service *service)
{
    struct pollfd events[EVENTS] = {
        [EVENT_SIGNAL] = {.fd = service->signals, .events = POLLIN},
        [EVENT_ENDED] = {.fd = crew_ended(service->crew), .events = POLLIN},
        [EVENT_PARENT] = {.events = POLLIN},
        [EVENT_TABLE] = {.fd = service->table, .events = POLLPRI},
    };

    do {
        events[EVENT_PARENT].fd = atomic_load(&service->mount->daemon.parent);
        while (poll(events, EVENTS, service->detached ? DETACHED_STEP_MS : -1) < 0)
            if (errno != EINTR)
                return -errno;
        service->why = find_end(service, events);
    } while (service->why == NULL);
    return 0;
}

/* Keeps serving until nothing is under way, but not for long; another signal cuts it short. */
static void drain(const struct service *service)
{
    struct pollfd events[] = {
        {.fd = service->signals, .events = POLLIN},
        {.fd = crew_ended(service->crew), .events = POLLIN},
    };
    int64_t limit = clock_ms() + DRAIN_MS;

    while (crew_busy(service->crew) && clock_ms() < limit)
        if (poll(events, 2, DRAIN_STEP_MS) != 0)
            return;
}

static void end_mount(const struct service *service)
{
    struct driver *driver = service->driver;
    int fuse = fuse_session_fd(driver->server.session);

    if (departure_is_over(fuse))
        return;
    int error = departure_detach(service->table, driver->mountpoint, driver->device);
    if (error != 0 && !departure_is_over(fuse))
        log_say(service->log, LOG_LIFE, FUSE_LOG_ERR,
                "%s: cannot be unmounted: run fusermount3 -u on it", driver->mountpoint);
    atomic_store(&driver->server.ending, true);
    drain(service);
}

/* What the mount has done, if it was ready. */
static void say_end(const struct service *service, int error)
{
    const struct server *server = &service->driver->server;
    const char *why = service->why != NULL ? service->why : "a signal during the mount";
    uint64_t requests = 0;

    if (!atomic_load(&service->mount->ready))
        return;
    for (size_t i = 0; server->operations[i] != NULL; i++)
        requests += atomic_load(&server->counts[i].requests);
    log_say(service->log, LOG_LIFE, FUSE_LOG_NOTICE,
            "stopped: %s: served %" PRIu64 " requests in %" PRId64 " s",
            error != 0 ? "it failed" : why, requests, (clock_ms() - service->began) / 1000);
}

static int open_events(struct service *service)
{
    service->signals = signals_open();
    service->table = mount_table_open(); /* optional */
    return service->signals < 0 ? service->signals : 0;
}

/* Serves from the first request to the end. */
static int serve(struct service *service)
{
    int error = open_events(service);
    if (error != 0)
        return error;
    if (signals_take(service->signals) != 0)
        return 0; /* a signal came during the mount, so the command does not report success */
    atomic_store(&service->crew->receiving, true);
    error = crew_start(service->crew);
    return error != 0 ? error : await_end(service);
}

int service_run(struct mount *mount)
{
    struct driver *driver = &mount->driver;
    struct service service = {
        .mount = mount,
        .driver = driver,
        .crew = &driver->server.crew,
        .log = &driver->server.log,
        .began = clock_ms(),
    };
    int fuse = fuse_session_fd(driver->server.session);

    int error = serve(&service);
    notify_send(&mount->notify, "STOPPING=1\nSTATUS=ending");
    departure_begin(&mount->departure, fuse, error == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
    end_mount(&service);
    say_end(&service, error);
    int stopped = crew_stop(service.crew);
    driver_stop(driver);
    if (departure_close(fuse) == 0)
        fuse_session_unmount(driver->server.session);
    cleanup_close(&service.table);
    cleanup_close(&service.signals);
    return error != 0 ? error : stopped;
}
