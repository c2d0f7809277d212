/* SPDX-License-Identifier: MIT */
#include "fs/command/mount_command.h"

#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <fuse_lowlevel.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"
#include "core/file/fault_guard.h"
#include "core/file/mount_table.h"
#include "fs/command/complaint.h"
#include "fs/command/init_answer.h"
#include "fs/command/life_lock.h"
#include "fs/command/mount.h"
#include "fs/command/service.h"
#include "fs/command/signals.h"
#include "fs/operation/operations.h"
#include "fs/serve/log_sink.h"
#include "fs/tree/directory_node.h"
#include "fs/tree/handle.h"

enum {
    MOST_ARENAS = 2,          /* of malloc; else each thread makes one */
    MAPPED_FROM = 128 * 1024, /* larger allocations are mappings, and go when they are freed */
};

/* Says why the mount fails, in the log: standard error may be closed already. */
static int fail(struct mount *mount, const char *what, int error)
{
    log_say(&mount->driver.server.log, LOG_LIFE, FUSE_LOG_ERR, "%s: %s: %s", what, strerror(-error),
            complaint_cure(-error));
    return EXIT_FAILURE;
}

/* The same before there is a log. */
static int fail_to_begin(const char *what, int error)
{
    return complain(EXIT_FAILURE, "%s: %s: %s", what, strerror(-error), complaint_cure(-error));
}

/* Whether the user gave this -o option, or one that starts with it if it ends in "=". */
static bool has_option(const struct fuse_args *arguments, const char *option)
{
    size_t length = strlen(option);
    bool prefix = option[length - 1] == '=';
    for (int i = 1; i < arguments->argc; i++)
        if (strncmp(arguments->argv[i], option, length + (prefix ? 0 : 1)) == 0)
            return true;
    return false;
}

/* Whether other users are let in. */
static bool lets_others_in(const struct options *options)
{
    return has_option(&options->fuse, "allow_other") ||
           has_option(&options->fuse, "allow_root"); /* libfuse makes allow_other of it */
}

static bool shows_requests(const struct options *options)
{
    return options->debug || options->log_level == FUSE_LOG_DEBUG;
}

/*
 * Adds mount options after the user's, so that they count: those that are not the user's to choose,
 * and a name of the file system unless the user gave one.
 */
static int add_mount_options(struct options *options, const char *source, bool others)
{
    AUTO_FREE char *name = NULL;
    AUTO_FREE char *most = NULL;
    char *list = NULL;

    if (asprintf(&name, "fsname=%s", source) < 0 || asprintf(&most, "max_read=%d", MOST_READ) < 0)
        return -ENOMEM;
    bool named = has_option(&options->fuse, "fsname=");
    int failed = (!named && fuse_opt_add_opt_escaped(&list, name) != 0) ||
                 fuse_opt_add_opt(&list, "subtype=bigfs,ro,nosuid,nodev") != 0 ||
                 fuse_opt_add_opt(&list, most) != 0 ||
                 (others && fuse_opt_add_opt(&list, "default_permissions") != 0) ||
                 fuse_opt_add_arg(&options->fuse, "-o") != 0 ||
                 fuse_opt_add_arg(&options->fuse, list) != 0 ||
                 (shows_requests(options) && fuse_opt_add_arg(&options->fuse, "-d") != 0);
    free(list);
    return failed ? -ENOMEM : 0;
}

/* Learns the mount's device without asking the mount, which does not answer yet. */
static void learn_device(struct driver *driver)
{
    const int flags = AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT;
    struct statx seen = {0};

    if (!mount_table_find(-1, driver->mountpoint, &driver->device) &&
        statx(AT_FDCWD, driver->mountpoint, flags, 0, &seen) == 0)
        driver->device = makedev(seen.stx_dev_major, seen.stx_dev_minor);
    own_mounts_set(&driver->own, driver->mountpoint, driver->device);
}

static int serve_mounted(struct mount *mount)
{
    learn_device(&mount->driver);
    life_lock_take(mount->driver.mountpoint, mount->driver.device);
    kernel_readahead_start(&mount->readahead, mount->driver.mountpoint);
    int error = service_run(mount);
    kernel_readahead_stop(&mount->readahead);
    return error != 0 ? fail(mount, "cannot serve the mount", error) : EXIT_SUCCESS;
}

/* Mounts and serves a session. libfuse says itself why it cannot mount. */
static int mount_session(struct mount *mount)
{
    struct server *server = &mount->driver.server;

    if (fuse_session_mount(server->session, mount->driver.mountpoint) != 0)
        return EXIT_FAILURE;
    int error = init_answer_extend(server->session);
    if (error == 0)
        error = crew_prepare(&server->crew, server->session);
    if (error != 0) {
        fuse_session_unmount(server->session);
        return fail(mount, "cannot serve the mount", error);
    }
    mount->departing = true;
    return serve_mounted(mount);
}

/* libfuse says itself why it cannot make a session (an -o option). */
static int serve_session(struct mount *mount, struct options *options)
{
    const bool others = lets_others_in(options);
    struct driver *driver = &mount->driver;
    struct server *server = &driver->server;

    driver->kernel_checks = others || has_option(&options->fuse, "default_permissions");
    int error = add_mount_options(options, driver->source, others);
    if (error != 0)
        return fail(mount, "cannot mount", error);
    server->session =
        fuse_session_new(&options->fuse, &operation_receivers, sizeof(operation_receivers), server);
    if (server->session == NULL)
        return EXIT_USAGE;
    int status = mount_session(mount);
    fuse_session_destroy(server->session);
    return status;
}

/* So that the mappings of the process stay the same under any load. */
static void steady_memory(void)
{
    (void)mallopt(M_ARENA_MAX, MOST_ARENAS);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
}

/*
 * What the caller has open is none of the daemon's: the caller's locks would be held, and programs
 * that read from its pipes would wait, for as long as the daemon lives.
 */
static void close_inherited(void)
{
    (void)close_range(STDERR_FILENO + 1, UINT_MAX, 0);
}

/* What the mount is doing, in one line. The caller frees it. NULL: no memory. */
static char *describe_mount(const struct paths *paths)
{
    AUTO_FREE char *text = NULL;

    if (asprintf(&text, "serving %s on %s", paths->source, paths->mountpoint) < 0)
        text = NULL;
    return text != NULL ? printable(text) : NULL;
}

static void on_ready(struct server *server)
{
    struct mount *mount = mount_of(server);
    struct driver *driver = &mount->driver;

    if (!mount->daemon.foreground)
        log_set_sink(&server->log, log_to_syslog);
    log_name_mountpoint(&server->log, driver->mountpoint);
    log_say(&server->log, LOG_LIFE, FUSE_LOG_NOTICE, "serving %s on %s (bigfs %s)", driver->source,
            driver->mountpoint, BIGFS_VERSION);
    atomic_store(&mount->ready, true);
    daemon_ready(&mount->daemon);
}

/* The log of a mount is there from now on. */
static void begin_log(struct mount *mount, const struct options *options)
{
    struct log *log = &mount->driver.server.log;

    log->level = shows_requests(options) ? FUSE_LOG_DEBUG : options->log_level;
    log_set_sink(log, log_sink_of_stderr());
    log_take_libfuse(log);
}

/* Everything before the mount, none of which has to be undone: the end of the process does that. */
static int prepare(struct mount *mount, const struct options *options, struct paths *paths,
                   const char *status)
{
    struct driver *driver = &mount->driver;
    int error = daemon_start(&mount->daemon, options->foreground, &mount->notify, status);
    if (error == 0)
        error = fault_guard_install();
    if (error != 0)
        return fail_to_begin("cannot start", error);
    error = driver_init(driver, &options->settings, &directory_node, operations, paths->source,
                        paths->mountpoint, paths->single);
    if (error != 0)
        return fail_to_begin(options->source, error);
    begin_log(mount, options);
    driver->server.on_ready = on_ready;
    signals_block(NULL);
    daemon_mounting();
    error = driver_start(driver);
    if (error == 0)
        return EXIT_SUCCESS;
    (void)fail(mount, "cannot start", error);
    log_stop(&driver->server.log); /* so that this is written */
    return EXIT_FAILURE;
}

int mount_command(struct options *options, struct paths *paths)
{
    struct mount mount = {.departing = false};

    signals_ignore_broken_pipes();
    close_inherited();
    notify_open(&mount.notify);
    steady_memory();
    AUTO_FREE char *serving = describe_mount(paths);
    if (serving == NULL)
        return complain_of_memory();
    int status = prepare(&mount, options, paths, serving);
    if (status != EXIT_SUCCESS)
        return status;
    status = serve_session(&mount, options);
    driver_stop(&mount.driver);
    handle_close_all(&mount.driver);
    log_take_libfuse(NULL);
    driver_destroy(&mount.driver);
    daemon_end(&mount.daemon);
    notify_close(&mount.notify);
    if (mount.departing)
        departure_end(&mount.departure);
    return status;
}
