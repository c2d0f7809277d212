/* SPDX-License-Identifier: MIT */
#include "fs/command/index_command.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/extension.h"
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/content/contents.h"
#include "core/content/empty_file.h"
#include "core/content/reading.h"
#include "core/file/fault_guard.h"
#include "core/format/record_formats.h"
#include "core/index/index_builder.h"
#include "core/index/index_encoding.h"
#include "core/index/index_get.h"
#include "core/index/index_note.h"
#include "core/index/index_recount.h"
#include "core/index/index_save.h"
#include "core/view/piece_name.h"
#include "core/view/view.h"
#include "fs/command/complaint.h"
#include "fs/command/progress.h"

enum {
    DESCRIPTORS = 4,
    DRAW_EVERY = 100, /* ms */
    SHORTAGE_PAUSE_MS = 100,
    SHORTAGE_ATTEMPTS = 600, /* a minute: leases are broken sooner */
    ATTEMPTS = 8,            /* attempts to count a file that does not change meanwhile */
};

/* What is needed to make indexes. */
struct maker {
    const struct options *options;
    const struct record_format *format; /* of the file whose turn it is */
    struct index_directory directory;
    struct index_space space;
    struct index_builder builder;
};

/* Waits for a build by blocking the thread, as there is nothing else to do. */
struct waiting {
    struct index_waiter waiter;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool ended; /* protected by lock */
    int error;  /* protected by lock */
};

static void warn(const char *path, const char *problem)
{
    (void)complain(EXIT_FAILURE, "line index: %s: %s", path, problem);
}

static void on_end(struct index_waiter *waiter, int error)
{
    struct waiting *waiting = list_object(waiter, struct waiting, waiter);
    HOLD_LOCK(&waiting->lock);
    waiting->ended = true;
    waiting->error = error;
    pthread_cond_signal(&waiting->changed);
}

/* Waits until the build ends or the bar must be redrawn. Returns whether the build has ended. */
static bool ended_before_next_draw(struct waiting *waiting)
{
    const struct timespec deadline = clock_in_ms(DRAW_EVERY);
    HOLD_LOCK(&waiting->lock);
    while (!waiting->ended)
        if (pthread_cond_clockwait(&waiting->changed, &waiting->lock, CLOCK_MONOTONIC, &deadline) !=
            0)
            break;
    return waiting->ended;
}

static void show(void *argument, const struct index_progress *progress)
{
    progress_show(argument, progress->done, progress->size);
}

static int wait_for_build(struct maker *maker, const struct reading *reading,
                          struct progress *progress)
{
    struct waiting waiting = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };

    index_waiter_init(&waiting.waiter, on_end);
    int error = index_builder_join(&maker->builder, reading, maker->format, &waiting.waiter);
    if (error != 0)
        return error;
    do
        index_builder_report(&maker->builder, show, progress);
    while (!ended_before_next_draw(&waiting));
    return waiting.error;
}

static void show_recount(void *argument, uint64_t done, uint64_t size)
{
    progress_show(argument, done, size);
}

/* Waits until another change is certain to move the file's time stamps, but not too long. */
static int await_past(const struct reading *reading)
{
    int fd = -1;
    int error = reading_borrow(reading, &fd);
    if (error != 0)
        return error;
    const struct file_identity now = generation_identity(reading->generation);
    int64_t wait = file_identity_unsettled_ms(&now, fd);
    reading_return(reading);
    const struct timespec pause = {wait / 1000, wait % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
    return 0;
}

/*
 * Verifies, by counting again, an index of a file that changed meanwhile. -TRY_AGAIN: it was not
 * right at any one moment.
 */
static int make_sure(struct maker *maker, const struct reading *reading, struct progress *progress,
                     const struct record_index *index, struct index_key *key)
{
    int error = await_past(reading);
    if (error == 0)
        error = index_recount(reading, index, show_recount, progress);
    if (error != 0)
        return error;
    key->verified = true;
    /* It has already warned of an error. */
    (void)index_save(&maker->directory, key, &index_kept_type, (void *)(uintptr_t)index);
    return 0;
}

/*
 * Makes the index of a pinned reading, or finds a verified one. -TRY_AGAIN: the file changed
 * meanwhile, and not only by appending.
 */
static int make_index(struct maker *maker, const struct reading *reading, struct progress *progress,
                      struct record_index **index)
{
    struct index_note *note = index_note_of(reading->generation, maker->format);
    struct index_key key;

    if (note == NULL)
        return -ENOMEM;
    index_note_forget(note); /* the unverified result of an earlier attempt */
    int error = await_past(reading);
    if (error == 0)
        error = index_get(&maker->directory, reading, maker->format, index);
    if (error == -AWAITS_INDEX)
        error = wait_for_build(maker, reading, progress);
    if (error != 0)
        return error;
    record_index_unref(*index);
    *index = index_note_peek(note, &key);
    if (*index == NULL)
        return -TRY_AGAIN;
    return key.verified ? 0 : make_sure(maker, reading, progress, *index, &key);
}

static void print_result(const char *file, const struct record_index *index,
                         const struct progress *progress)
{
    char size[PROGRESS_BYTES_MOST];
    char rate[PROGRESS_BYTES_MOST];
    double seconds = (double)progress_elapsed(progress) / 1000;

    progress_bytes((double)index->size, size);
    progress_bytes((double)index->size / seconds, rate);
    printf("%s: %" PRIu64 " %s, %s in %.1f s (%s/s)\n", file, record_index_records(index),
           index->format == default_format ? "lines" : "records", size, seconds, rate);
    (void)fflush(stdout);
}

/* An empty file needs no index. */
static int index_empty(const char *file, const struct reading *reading)
{
    int error = empty_file_check(reading);
    if (error == 0) {
        printf("%s: 0 lines\n", file);
        (void)fflush(stdout);
    }
    return error;
}

/* Tries once. -TRY_AGAIN, -ESTALE: the file changed meanwhile. */
static int index_once(struct maker *maker, const char *file, struct source *source)
{
    AUTO_READING struct reading reading = {.source = NULL};
    struct record_index *index = NULL;
    struct progress progress;

    int error = reading_look(source, NULL, &reading, NULL);
    if (error != 0)
        return error == -ESTALE ? -EISDIR : error;
    error = reading_pin(&reading);
    if (error != 0)
        return error;
    if (reading.size == 0)
        return index_empty(file, &reading);
    progress_begin(&progress, file);
    error = make_index(maker, &reading, &progress, &index);
    progress_end(&progress);
    if (error == 0)
        print_result(file, index, &progress);
    record_index_unref(index);
    return error;
}

/* Whether waiting helps. */
static bool is_shortage(int error)
{
    return error == -HELD_BY_LEASE || error == -NO_DESCRIPTOR;
}

/*
 * Indexes the file as it is at some moment, even a log that is appended to all the time. For a file
 * that is rewritten all the time a scan cannot be certain of any moment.
 */
static int index_source(struct maker *maker, const char *file, struct source *source)
{
    const struct timespec pause = {.tv_nsec = SHORTAGE_PAUSE_MS * 1000000L};
    int error = index_once(maker, file, source);

    for (int i = 0; i < SHORTAGE_ATTEMPTS && is_shortage(error); i++) {
        (void)nanosleep(&pause, NULL);
        error = index_once(maker, file, source);
    }
    for (int i = 1; i < ATTEMPTS && (error == -TRY_AGAIN || error == -ESTALE); i++)
        error = index_once(maker, file, source);
    return error;
}

struct reason {
    int error;
    const char *text;
};

static const struct reason reasons[] = {
    {EISDIR, "is not a regular file: give one that is"},
    {TRY_AGAIN, "is rewritten while it is counted: index it when nothing writes to it"},
    {ESTALE, "is rewritten while it is counted: index it when nothing writes to it"},
    {SIZE_UNTOLD, "does not tell its size: index a copy of it"},
    {HELD_BY_LEASE, "another program holds a lease on it: try again later"},
    {NO_DESCRIPTOR, "too many files are open: raise the limit (ulimit -n)"},
    {ENOMEM, "out of memory: free some memory"},
    {EIO, "cannot be read: look for errors of the disk (dmesg)"},
};

/* Why a file has no index. For a missing or unreadable file the message of the system is enough. */
static const char *reason(int error)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].error == -error)
            return reasons[i].text;
    return strerror(-error);
}

/*
 * The file's path without symbolic links, or as given if that would exceed PATH_MAX. The caller
 * frees it. NULL: see errno.
 */
static char *resolve(const char *file)
{
    char *path = realpath(file, NULL);
    return path == NULL && errno == ENAMETOOLONG ? strdup(file) : path;
}

/*
 * Opens the directory of a path's last component. Cuts the path there; *name becomes the component.
 */
static int open_parent(char *path, char **name)
{
    char *slash = strrchr(path, '/');

    *name = slash != NULL ? slash + 1 : path;
    if ((*name)[0] == '\0')
        return -EISDIR;
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL && slash != path)
        *slash = '\0';
    int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The format of the index that `rows` needs of files with this extension, without arguments. */
static const struct record_format *format_of_rows(const struct settings *settings,
                                                  const char *extension)
{
    const struct view_defaults defaults = settings_views_of(settings, extension);
    struct view rows = {.format = default_format};

    (void)view_parse("rows", strlen("rows"), &defaults, &rows);
    return rows.format;
}

/*
 * Opens the file's directory, beneath which the name is looked up without following symbolic links.
 * Messages call the file `shown`.
 */
static int index_file(struct maker *maker, const char *file, const char *shown)
{
    struct source_pool pool;
    AUTO_FREE char *path = resolve(file);
    char *name = NULL;

    if (path == NULL)
        return -errno;
    AUTO_CLOSE int directory = open_parent(path, &name);
    if (directory < 0)
        return directory;
    source_pool_init(&pool, directory, DESCRIPTORS, maker->options->settings.window_size,
                     maker->options->settings.window_total);
    pool.extents = maker->options->settings.extents;
    maker->format = format_of_rows(&maker->options->settings, file_extension(name));
    struct source *source = source_new(&pool, name, content_types[0]);
    int error = source != NULL ? index_source(maker, shown, source) : -ENOMEM;
    source_unref(source);
    source_pool_destroy(&pool);
    return error;
}

static int index_all(struct maker *maker)
{
    int status = EXIT_SUCCESS;
    for (int i = 0; i < maker->options->file_count; i++) {
        const char *file = maker->options->files[i];
        AUTO_FREE char *copy = printable(file);
        const char *shown = printable_or(copy);
        int error = index_file(maker, file, shown);
        if (error == 0)
            continue;
        status = complain(EXIT_FAILURE, "%s: %s", file, reason(error));
    }
    return atomic_load(&maker->directory.warned) ? EXIT_FAILURE : status;
}

int index_command(const struct options *options)
{
    struct maker maker = {.options = options};

    if (options->settings.index_dir == NULL)
        return complain(EXIT_FAILURE, "--index needs a directory to keep line indexes in: give "
                                      "--index-dir=DIR");
    index_directory_init(&maker.directory, options->settings.index_dir, 1, warn);
    index_space_init(&maker.space, options->settings.index_dir, options->settings.index_space);
    maker.directory.strict = true;
    maker.directory.space = &maker.space;
    int error = fault_guard_install();
    if (error == 0)
        error = index_builder_start(&maker.builder, &maker.directory, 0);
    if (error != 0)
        return complain(EXIT_FAILURE, "cannot start: %s: %s", strerror(-error),
                        complaint_cure(-error));
    int status = index_all(&maker);
    index_builder_stop(&maker.builder);
    index_builder_destroy(&maker.builder);
    index_space_sweep(&maker.space);
    index_space_destroy(&maker.space);
    index_directory_destroy(&maker.directory);
    return status;
}
