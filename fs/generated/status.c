/* SPDX-License-Identifier: MIT */
#include "fs/generated/status.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"
#include "core/content/decode_memory.h"
#include "fs/tree/driver.h"

static void write_progress(void *argument, const struct index_progress *progress)
{
    AUTO_FREE char *shown = printable(progress->path);
    fprintf(argument, "indexing:      %s: %" PRIu64 "%%, %" PRIu64 " of %" PRIu64 " bytes\n",
            printable_or(shown), progress->done / (progress->size / 100 + 1), progress->done,
            progress->size);
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
        fprintf(out, "indexing:      %u %s\n", count, count == 1 ? "file" : "files");
}

static void write_status_path(FILE *out, const char *what, const char *path)
{
    AUTO_FREE char *shown = printable(path);
    fprintf(out, "%s%s\n", what, printable_or(shown));
}

/*
 * Whose the indexes are: the user's whom bigfs runs as, as only they may keep them. The database of
 * users is not asked for a name, as it may be on another host.
 */
static void write_index_dir(FILE *out, struct driver *driver)
{
    const char *path = driver->index_directory.path;
    const char *trouble = index_directory_trouble(&driver->index_directory);
    AUTO_FREE char *shown = printable(path != NULL ? path : "none");

    fprintf(out, "index dir:     %s", printable_or(shown));
    if (path != NULL && geteuid() == 0)
        fprintf(out, " (of root)");
    else if (path != NULL)
        fprintf(out, " (of user %u)", geteuid());
    if (path != NULL && trouble != NULL)
        fprintf(out, ", not used: %s", trouble);
    fprintf(out, "\n");
}

/* The mountpoint is public in the kernel's mount table. The other paths are not. */
static void write_paths(FILE *out, struct driver *driver, bool named)
{
    if (named)
        write_status_path(out, "source:        ", driver->source);
    write_status_path(out, "mountpoint:    ", driver->mountpoint);
    if (named)
        write_index_dir(out, driver);
}

static void write_trouble(void *argument, const struct trouble *trouble)
{
    AUTO_FREE char *shown = printable(trouble->path);
    fprintf(argument, "%s:%*s%s: %s\n", trouble->kind, 14 - (int)strlen(trouble->kind), "",
            printable_or(shown), trouble->text);
}

static void write_status(FILE *out, struct driver *driver, bool named)
{
    const struct settings *settings = driver->settings;
    const struct crew_load reads = crew_load(&driver->server.crew, LANE_READS);
    const struct crew_load scans = crew_load(&driver->server.crew, LANE_SCANS);
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    fprintf(out, "version:       %s\n", BIGFS_VERSION);
    write_paths(out, driver, named);
    fprintf(out, "up:            %" PRId64 " s\n",
            (int64_t)now.tv_sec - (int64_t)driver->started.tv_sec);
    fprintf(out, "chunk size:    %" PRIu64 "\n", settings->views.chunk_size);
    fprintf(out, "min size:      %" PRIu64 "\n", settings->min_size);
    fprintf(out, "cache:         %s\n", settings->cache == CACHE_NONE ? "none" : "kernel");
    fprintf(out, "extents:       %s\n", extent_method_name(settings->extents));
    fprintf(out, "open files:    %" PRIu64 "\n", driver_handles(driver));
    fprintf(out, "descriptors:   %u of %u\n", open_files_count(&driver->pool.files),
            driver->pool.files.limit);
    fprintf(out, "windows:       %" PRIu64 " of %" PRIu64 " bytes\n",
            window_pool_mapped(&driver->pool.windows), driver->pool.windows.total);
    fprintf(out, "decoding:      %" PRIu64 " of %" PRIu64 " bytes\n",
            decode_memory_used(&driver->pool.decoded), driver->pool.decoded.limit);
    fprintf(out, "index space:   %" PRIu64 " of %" PRIu64 " bytes\n",
            index_space_used(&driver->index_space), settings->index_space);
    fprintf(out, "reading:       %u of %u, %u waiting\n", reads.running,
            driver->server.crew.lanes[LANE_READS].limit, reads.queued);
    fprintf(out, "scanning:      %u of %u, %u waiting\n", scans.running,
            driver->server.crew.lanes[LANE_SCANS].limit, scans.queued);
    write_indexing(out, driver, named);
    if (named)
        troubles_tell(&driver->troubles, write_trouble, out);
}

const struct generated_type status_report = {.name = "status", .write = write_status};
