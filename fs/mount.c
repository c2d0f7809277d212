#include "fs/mount.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fuse_lowlevel.h>

#include "core/cleanup.h"
#include "core/fault_guard.h"
#include "fs/daemon.h"
#include "fs/driver.h"
#include "fs/handle.h"
#include "fs/init_answer.h"
#include "fs/operations.h"
#include "fs/workers.h"

enum {
    MOST_ARENAS = 2,          /* of malloc; else each thread makes one */
    MAPPED_FROM = 128 * 1024, /* larger allocations are mappings, and go when they are freed */
};

static int complain(const char *what, int error)
{
    fuse_log(FUSE_LOG_ERR, "bigfs: %s: %s\n", what, strerror(-error));
    return EXIT_FAILURE;
}

/* Whether the user gave this -o option, or one that starts with it where it ends in "=". */
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

/*
 * Adds mount options behind the user's, so that they count: those that are not his to choose, and a
 * name of the file system if he gave none.
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
                 (options->debug && fuse_opt_add_arg(&options->fuse, "-d") != 0);
    free(list);
    return failed ? -ENOMEM : 0;
}

/* libfuse says itself why it cannot make a session (an -o option) or mount it. */
static int serve_session(struct driver *driver, struct options *options)
{
    const bool others = lets_others_in(options);
    driver->kernel_checks = others || has_option(&options->fuse, "default_permissions");
    int error = add_mount_options(options, driver->source, others);
    if (error != 0)
        return complain("cannot mount", error);
    driver->session = fuse_session_new(&options->fuse, &operations, sizeof(operations), driver);
    if (driver->session == NULL)
        return EXIT_USAGE;
    int status = EXIT_FAILURE;
    if (fuse_session_mount(driver->session, driver->mountpoint) == 0) {
        readahead_start(&driver->readahead, driver->mountpoint);
        error = init_answer_extend(driver->session);
        if (error == 0)
            error = workers_run(driver->session, &driver->receivers, driver_workers(driver));
        status = error != 0 ? complain("cannot serve the mount", error) : EXIT_SUCCESS;
        readahead_stop(&driver->readahead);
        driver_stop(driver); /* answers who waits, as long as there is a session */
        fuse_session_unmount(driver->session);
    }
    fuse_session_destroy(driver->session);
    return status;
}

/* So that the mappings of the process stay the same under any load. */
static void steady_memory(void)
{
    (void)mallopt(M_ARENA_MAX, MOST_ARENAS);
    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_FROM);
}

int mount_and_serve(struct options *options, struct paths *paths)
{
    struct daemon daemon;
    struct driver driver;

    daemon_log_to_stderr();
    steady_memory();
    int error = daemon_start(&daemon, options->foreground);
    if (error == 0)
        error = fault_guard_install();
    if (error != 0)
        return complain("cannot start", error); /* the end of the process frees the rest */
    workers_block_signals();
    error = driver_init(&driver, options, paths->source, paths->mountpoint, paths->single);
    if (error != 0)
        return complain(options->source, error);
    driver.daemon = &daemon;
    int status = serve_session(&driver, options);
    driver_stop(&driver);
    handle_close_all(&driver);
    driver_destroy(&driver);
    cleanup_close(&daemon.ready);
    return status;
}
