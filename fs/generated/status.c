/* SPDX-License-Identifier: MIT */
#include "fs/generated/status.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/printable.h"
#include "core/base/readable.h"
#include "core/content/decode_memory.h"
#include "fs/tree/driver.h"
#include "fs/tree/open_names.h"

enum {
    VALUE_COLUMN = 15, /* where values begin */
    MOST_OPEN = 30,    /* open files that are named */
};

/* Begins the line of a name. */
static void begin_line(FILE *out, const char *name)
{
    (void)fprintf(out, "%s:%*s", name, VALUE_COLUMN - 1 - (int)strlen(name), "");
}

static void write_status_path(FILE *out, const char *name, const char *path)
{
    AUTO_FREE char *shown = printable(path);
    begin_line(out, name);
    (void)fprintf(out, "%s\n", printable_or(shown));
}

/* --- the mount -------------------------------------------------------------------------------- */

/* Whose the indexes are: the user's whom bigfs runs as, as only they may keep them. */
static void write_index_dir(FILE *out, struct driver *driver)
{
    const char *path = driver->index_directory.path;
    const char *trouble = index_directory_trouble(&driver->index_directory);
    AUTO_FREE char *shown = printable(path != NULL ? path : "none");

    begin_line(out, "index dir");
    (void)fputs(printable_or(shown), out);
    if (path != NULL && driver->user != NULL)
        (void)fprintf(out, " (of %s)", driver->user);
    else if (path != NULL)
        (void)fprintf(out, " (of user %lu)", (unsigned long)geteuid());
    if (path != NULL && trouble != NULL)
        (void)fprintf(out, ", not used: %s", trouble);
    (void)fputc('\n', out);
}

/* The mountpoint is public in the kernel's mount table. The other paths are not. */
static void write_paths(FILE *out, struct driver *driver, bool named)
{
    if (named)
        write_status_path(out, "source", driver->source);
    write_status_path(out, "mountpoint", driver->mountpoint);
    if (named)
        write_index_dir(out, driver);
}

static void write_process(FILE *out, const struct driver *driver)
{
    char started[READABLE_MOST];
    char up[READABLE_MOST];
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    const time_t begun = driver->started.tv_sec;
    const uint64_t seconds = now.tv_sec > begun ? (uint64_t)(now.tv_sec - begun) : 0;
    readable_utc(begun, started);
    readable_seconds(seconds, up);
    (void)fprintf(out, "pid:           %ld\n", (long)getpid());
    (void)fprintf(out, "user:          %s (%lu)\n", driver->user != NULL ? driver->user : "unknown",
                  (unsigned long)geteuid());
    (void)fprintf(out, "started:       %s\n", started);
    (void)fprintf(out, "up:            %" PRIu64 " s (%s)\n", seconds, up);
}

static void write_options(FILE *out, const struct settings *settings, bool named)
{
    const struct options_in_force *options = &settings->in_force;
    for (size_t i = 0; i < options->count; i++)
        if (named || !options->rows[i].has_path)
            (void)fprintf(out, "option:        %s\n", options->rows[i].text);
}

/* --- what it has ------------------------------------------------------------------------------ */

static void write_open(void *argument, const char *path)
{
    write_status_path(argument, "open", path);
}

static void write_open_files(FILE *out, struct driver *driver, bool named)
{
    (void)fprintf(out, "open files:    %" PRIu64 "\n", driver_handles(driver));
    if (!named)
        return;
    const uint64_t open = open_names_tell(driver, MOST_OPEN, write_open, out);
    if (open > MOST_OPEN)
        (void)fprintf(out, "open:          and %" PRIu64 " more\n", open - MOST_OPEN);
}

static void write_memory(FILE *out, struct source_pool *pool)
{
    const uint64_t mapped = window_pool_mapped(&pool->windows);
    const struct decode_sight decoding = decode_cache_look(&pool->decoded);

    (void)fprintf(out, "descriptors:   %u of %u\n", open_files_count(&pool->files),
                  pool->files.limit);
    (void)fprintf(out,
                  "windows:       %" PRIu64 " of %" PRIu64 " bytes, %" PRIu64 " mapped, %" PRIu64
                  " lent\n",
                  mapped, pool->windows.total, mapped / pool->windows.window_size,
                  window_pool_counts(&pool->windows).lent);
    (void)fprintf(out,
                  "decoding:      %" PRIu64 " of %" PRIu64 " bytes, %u decoders at work, %u "
                  "waiting\n",
                  decode_memory_used(&pool->decoded), pool->decoded.limit, decoding.busy,
                  decoding.waiting);
}

static void write_lane(FILE *out, const char *name, struct crew *crew, enum lane lane)
{
    const struct crew_load load = crew_load(crew, lane);
    begin_line(out, name);
    (void)fprintf(out, "%u of %u, %u waiting\n", load.running, crew->lanes[lane].limit,
                  load.queued);
}

static void write_load(FILE *out, struct driver *driver)
{
    (void)fprintf(out, "index space:   %" PRIu64 " of %" PRIu64 " bytes\n",
                  index_space_used(&driver->index_space), driver->settings->index_space);
    write_lane(out, "reading", &driver->server.crew, LANE_READS);
    write_lane(out, "scanning", &driver->server.crew, LANE_SCANS);
    write_lane(out, "hashing", &driver->server.crew, LANE_DIGESTS);
    write_lane(out, "looking", &driver->server.crew, LANE_LOOKS);
}

/* --- indexes and maps being made -------------------------------------------------------------- */

static void write_progress(void *argument, const struct index_progress *progress)
{
    AUTO_FREE char *shown = printable(progress->path);
    const uint64_t counted = saturating_sub(progress->done, progress->from);
    const uint64_t left = saturating_sub(progress->size, progress->done);
    const double rate = (double)counted / (double)(progress->ms > 0 ? progress->ms : 1) * 1000;
    char per_second[READABLE_MOST];
    char time_left[READABLE_MOST] = "an unknown time";

    readable_bytes((uint64_t)rate, per_second);
    if (rate >= 1)
        readable_seconds((uint64_t)((double)left / rate), time_left);
    (void)fprintf(argument,
                  "indexing:      %s: %" PRIu64 "%%, %" PRIu64 " of %" PRIu64
                  " bytes, %s/s, %s left, %s%s%s\n",
                  printable_or(shown), progress->done / (progress->size / 100 + 1), progress->done,
                  progress->size, per_second, time_left, build_kind_name(progress->kind),
                  progress->format != NULL ? " of " : "",
                  progress->format != NULL ? progress->format : "");
}

static void count_progress(void *argument, const struct index_progress *progress)
{
    unsigned *count = argument;
    (void)progress;
    (*count)++;
}

static void write_indexing(FILE *out, struct driver *driver, bool named)
{
    unsigned count = 0;

    if (named) {
        index_builder_report(&driver->index_builder, write_progress, out);
        return;
    }
    index_builder_report(&driver->index_builder, count_progress, &count);
    if (count > 0)
        (void)fprintf(out, "indexing:      %u %s\n", count, count == 1 ? "file" : "files");
}

/* --- what went wrong -------------------------------------------------------------------------- */

static void write_trouble(void *argument, const struct trouble *trouble)
{
    AUTO_FREE char *shown = printable(trouble->path);
    char when[READABLE_MOST];

    readable_utc(trouble->when, when);
    begin_line(argument, trouble->kind);
    (void)fprintf(argument, "%s: %s [%s", printable_or(shown), trouble->text, when);
    if (trouble->times > 1)
        (void)fprintf(argument, ", %" PRIu64 " times", trouble->times);
    (void)fputs("]\n", argument);
}

static void write_status(FILE *out, struct driver *driver, bool named)
{
    (void)fprintf(out, "version:       %s\n", BIGFS_VERSION);
    write_paths(out, driver, named);
    write_process(out, driver);
    write_options(out, driver->settings, named);
    write_open_files(out, driver, named);
    write_memory(out, &driver->pool);
    write_load(out, driver);
    write_indexing(out, driver, named);
    if (named)
        troubles_tell(&driver->troubles, write_trouble, out);
}

const struct generated_type status_report = {
    .name = "status",
    .help = "the process, its options, what is open, what is being made, and what went wrong",
    .write = write_status};
