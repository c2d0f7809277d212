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
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/content/empty_file.h"
#include "core/file/fault_guard.h"
#include "core/index/index_making.h"
#include "core/index/index_recount.h"
#include "core/index/indexer.h"
#include "fs/command/complaint.h"
#include "fs/command/progress.h"

enum {
    DESCRIPTORS = 4,
    DRAW_EVERY = 100, /* ms */
    SHORTAGE_PAUSE_MS = 100,
    SHORTAGE_ATTEMPTS = 600, /* a minute: leases are broken before that */
    ATTEMPTS = 8,            /* to count a file that does not change meanwhile */
};

/* What indexes are made with. */
struct maker {
    const struct options *options;
    struct index_store store;
    struct index_space space;
    struct indexer indexer;
};

/* Waits for a build with a thread, as nothing else is to be done. */
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

/* Waits for the end, or for the time to draw the bar again. Returns whether it has ended. */
static bool await_end(struct waiting *waiting)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_nsec += DRAW_EVERY * 1000000L;
    deadline.tv_sec += deadline.tv_nsec / 1000000000L;
    deadline.tv_nsec %= 1000000000L;

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

static int wait_for_build(struct maker *maker, struct source *source, struct generation *generation,
                          struct progress *progress)
{
    struct waiting waiting = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };

    index_waiter_init(&waiting.waiter, on_end);
    int error = indexer_join(&maker->indexer, source, generation, &waiting.waiter);
    if (error != 0)
        return error;
    do
        indexer_report(&maker->indexer, show, progress);
    while (!await_end(&waiting));
    return waiting.error;
}

static void show_recount(void *argument, uint64_t done, uint64_t size)
{
    progress_show(argument, done, size);
}

/* Waits until a change from now on would move the file's time stamps for certain, or long enough.
 */
static int await_past(struct source *source, struct generation *generation)
{
    int fd = -1;
    int error = source_borrow(source, generation, &fd);
    if (error != 0)
        return error;
    const struct file_identity now = generation_identity(generation);
    int64_t wait = file_identity_unsettled_ms(&now, fd);
    source_return(source, generation);
    const struct timespec pause = {wait / 1000, wait % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
    return 0;
}

/*
 * Makes sure of an index that was made of a file which changed meanwhile, by counting again.
 * -TRY_AGAIN: it was not right of any one moment.
 */
static int make_sure(struct maker *maker, struct source *source, struct generation *generation,
                     struct progress *progress, const struct line_index *index,
                     struct index_key *key)
{
    int error = await_past(source, generation);
    if (error == 0)
        error = index_recount(source, generation, index, show_recount, progress);
    if (error != 0)
        return error;
    key->verified = true;
    (void)index_store_save(&maker->store, key, index); /* an error has been told */
    return 0;
}

/*
 * Makes the index of a pinned generation, or finds one that was verified. -TRY_AGAIN: the file
 * changed meanwhile, and not only by appending.
 */
static int make(struct maker *maker, struct source *source, struct generation *generation,
                struct progress *progress, struct line_index **index)
{
    struct index_slot *slot = &generation->lines_index;
    struct index_key key;

    index_slot_forget(slot); /* what an attempt before this one was not sure of */
    int error = await_past(source, generation);
    if (error == 0)
        error = index_get(&maker->store, source, generation, NULL, index);
    if (error == -AWAITS_INDEX)
        error = wait_for_build(maker, source, generation, progress);
    if (error != 0)
        return error;
    line_index_unref(*index);
    *index = index_slot_peek(slot, &key);
    if (*index == NULL)
        return -TRY_AGAIN;
    return key.verified ? 0 : make_sure(maker, source, generation, progress, *index, &key);
}

static void tell(const char *file, const struct line_index *index, const struct progress *progress)
{
    char size[PROGRESS_BYTES_MOST];
    char rate[PROGRESS_BYTES_MOST];
    double seconds = (double)progress_elapsed(progress) / 1000;

    progress_bytes((double)index->size, size);
    progress_bytes((double)index->size / seconds, rate);
    printf("%s: %" PRIu64 " lines, %s in %.1f s (%s/s)\n", file, line_index_lines(index), size,
           seconds, rate);
    (void)fflush(stdout);
}

/* An empty file has no index, and needs none. */
static int index_empty(const char *file, struct source *source, struct generation *generation)
{
    int error = empty_file_check(source, generation);
    if (error == 0) {
        printf("%s: 0 lines\n", file);
        (void)fflush(stdout);
    }
    return error;
}

/* One try. -TRY_AGAIN, -ESTALE: the file changed meanwhile. */
static int index_once(struct maker *maker, const char *file, struct source *source)
{
    struct generation *generation = NULL;
    struct line_index *index = NULL;
    struct progress progress;
    struct stat attributes;

    int error = source_look(source, &generation, &attributes);
    if (error != 0)
        return error == -ESTALE ? -EISDIR : error;
    error = source_pin(source, generation);
    if (error == 0 && generation_size(generation) == 0) {
        error = index_empty(file, source, generation);
        source_unpin(source, generation);
        generation_unref(generation);
        return error;
    }
    if (error == 0) {
        progress_begin(&progress, file);
        error = make(maker, source, generation, &progress, &index);
        progress_end(&progress);
        source_unpin(source, generation);
    }
    if (error == 0)
        tell(file, index, &progress);
    line_index_unref(index);
    generation_unref(generation);
    return error;
}

/* Whether waiting helps. */
static bool is_shortage(int error)
{
    return error == -HELD_BY_LEASE || error == -NO_DESCRIPTOR;
}

/*
 * Indexes the file as it is at some moment: a log that is appended to all the time too. What is
 * rewritten all the time has no moment that a scan could be certain of.
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

/* Why a file has no index. What the system says of a missing or closed file says enough. */
static const char *reason(int error)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].error == -error)
            return reasons[i].text;
    return strerror(-error);
}

/* The file's path without symbolic links, if that is not longer than PATH_MAX; else as given. The
 * caller frees it. NULL: errno says why. */
static char *resolve(const char *file)
{
    char *path = realpath(file, NULL);
    return path == NULL && errno == ENAMETOOLONG ? strdup(file) : path;
}

/* Opens the directory that a path's last component is in, and cuts that off: *name. */
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

/*
 * Opens the file's directory, as beneath it a path is looked up without symbolic links. Messages
 * call the file `shown`.
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
    struct source *source = source_new(&pool, name);
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
    return atomic_load(&maker->store.warned) ? EXIT_FAILURE : status;
}

int index_command(const struct options *options)
{
    struct maker maker = {.options = options};

    if (options->settings.index_dir == NULL)
        return complain(EXIT_FAILURE, "--index needs a directory to keep line indexes in: give "
                                      "--index-dir=DIR");
    index_store_init(&maker.store, options->settings.index_dir, 1, warn);
    index_space_init(&maker.space, options->settings.index_dir, options->settings.index_space);
    maker.store.strict = true;
    maker.store.space = &maker.space;
    int error = fault_guard_install();
    if (error == 0)
        error = indexer_start(&maker.indexer, &maker.store, 0);
    if (error != 0)
        return complain(EXIT_FAILURE, "cannot start: %s: %s", strerror(-error),
                        complaint_cure(-error));
    int status = index_all(&maker);
    indexer_stop(&maker.indexer);
    indexer_destroy(&maker.indexer);
    index_space_sweep(&maker.space);
    index_space_destroy(&maker.space);
    return status;
}
