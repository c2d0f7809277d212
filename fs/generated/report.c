#include "fs/generated/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"
#include "fs/tree/driver.h"

static const char *const names[REPORTS] = {"status", "metrics", "version"};

const char *report_name(enum report report)
{
    return names[report];
}

enum report report_named(const char *name)
{
    enum report report = 0;
    while (report < REPORTS && strcmp(names[report], name) != 0)
        report++;
    return report;
}

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
        indexer_report(&driver->indexer, write_progress, out);
        return;
    }
    indexer_report(&driver->indexer, count_progress, &count);
    if (count > 0)
        fprintf(out, "indexing:      %u %s\n", count, count == 1 ? "file" : "files");
}

static void write_path(FILE *out, const char *what, const char *path)
{
    AUTO_FREE char *shown = printable(path);
    fprintf(out, "%s%s\n", what, printable_or(shown));
}

/* Where the mount lies is in the kernel's table for everybody; the rest is not theirs to know. */
static void write_paths(FILE *out, const struct driver *driver, bool named)
{
    const char *index_dir = driver->settings->index_dir;

    if (named)
        write_path(out, "source:        ", driver->source);
    write_path(out, "mountpoint:    ", driver->mountpoint);
    if (named)
        write_path(out, "index dir:     ", index_dir != NULL ? index_dir : "none");
}

static void write_status(FILE *out, struct driver *driver, bool named)
{
    const struct settings *settings = driver->settings;
    struct gate_load reads = gate_load(&driver->reads);
    struct gate_load scans = gate_load(&driver->scans);
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
    fprintf(out, "index space:   %" PRIu64 " of %" PRIu64 " bytes\n",
            index_space_used(&driver->index_space), settings->index_space);
    fprintf(out, "reading:       %u of %u, %u waiting\n", reads.running, driver->reads.limit,
            reads.queued);
    fprintf(out, "scanning:      %u of %u, %u waiting\n", scans.running, driver->scans.limit,
            scans.queued);
    write_indexing(out, driver, named);
}

static void write_metric(FILE *out, const char *name, const char *type, const char *help,
                         uint64_t value)
{
    fprintf(out, "# HELP bigfs_%s %s\n# TYPE bigfs_%s %s\nbigfs_%s %" PRIu64 "\n", name, help, name,
            type, name, value);
}

static void write_counters(FILE *out, struct driver *driver)
{
    const struct counters *counters = &driver->counters;
    static const char type[] = "counter";

    write_metric(out, "lookups_total", type, "Names looked up.", atomic_load(&counters->lookups));
    write_metric(out, "opens_total", type, "Files opened.", atomic_load(&counters->opens));
    write_metric(out, "reads_total", type, "Read requests.", atomic_load(&counters->reads));
    write_metric(out, "reads_ahead_total", type, "Read requests that found their bytes copied.",
                 atomic_load(&counters->reads_ahead));
    write_metric(out, "listings_total", type, "Requests for directory entries.",
                 atomic_load(&counters->listings));
    write_metric(out, "directories_opened_total", type,
                 "Directories of SOURCE opened to be listed.", atomic_load(&driver->dirs.opened));
    write_metric(out, "directory_seeks_total", type, "Places looked for in such directories.",
                 atomic_load(&driver->dirs.seeks));
    write_metric(out, "read_bytes_total", type, "Bytes of sources copied for readers and scans.",
                 atomic_load(&driver->pool.bytes_read));
    write_metric(out, "dropped_bytes_total", type, "Bytes of sources dropped from the page cache.",
                 atomic_load(&driver->pool.drop_behind.dropped));
    write_metric(out, "hole_bytes_total", type, "Bytes of holes made of zeros, not read.",
                 atomic_load(&driver->pool.bytes_zeroed));
    write_metric(out, "scanned_bytes_total", type, "Bytes looked through for record ends.",
                 atomic_load(&driver->pool.bytes_scanned));
    write_metric(out, "probes_total", type, "Searches for a record end that read the source.",
                 atomic_load(&driver->pool.probes));
    write_metric(out, "interrupted_total", type, "Requests whose reader was interrupted.",
                 atomic_load(&counters->interrupts));
    write_metric(out, "stale_total", type, "Requests answered with ESTALE.",
                 atomic_load(&counters->stale));
    write_metric(out, "io_errors_total", type, "Requests answered with EIO.",
                 atomic_load(&counters->failures));
}

static void write_metrics(FILE *out, struct driver *driver)
{
    static const char type[] = "gauge";
    struct gate_load reads = gate_load(&driver->reads);
    struct gate_load scans = gate_load(&driver->scans);
    struct gate_load looks = gate_load(&driver->looks);

    write_counters(out, driver);
    write_metric(out, "index_space_bytes", type, "Bytes that line indexes take on the disk.",
                 index_space_used(&driver->index_space));
    write_metric(out, "open_handles", type, "Files open now.", driver_handles(driver));
    write_metric(out, "nodes", type, "Nodes that the kernel knows.",
                 node_table_count(&driver->nodes));
    write_metric(out, "open_descriptors", type, "Source files open now.",
                 open_files_count(&driver->pool.files));
    write_metric(out, "mapped_bytes", type, "Bytes mapped by windows.",
                 window_pool_mapped(&driver->pool.windows));
    write_metric(out, "reads_running", type, "Requests reading now.", reads.running);
    write_metric(out, "reads_waiting", type, "Requests waiting to read.", reads.queued);
    write_metric(out, "scans_running", type, "Requests scanning now.", scans.running);
    write_metric(out, "scans_waiting", type, "Requests waiting to scan.", scans.queued);
    write_metric(out, "looks_running", type, "Requests looking at names now.", looks.running);
    write_metric(out, "looks_waiting", type, "Requests waiting to look.", looks.queued);
}

int report_write(struct driver *driver, enum report report, uid_t reader, char **text,
                 size_t *length)
{
    const bool named = reader == 0 || reader == geteuid();
    FILE *out = open_memstream(text, length);
    if (out == NULL)
        return -ENOMEM;
    if (report == REPORT_STATUS)
        write_status(out, driver, named);
    else if (report == REPORT_METRICS)
        write_metrics(out, driver);
    else
        fprintf(out, "bigfs %s\n", BIGFS_VERSION);
    if (fclose(out) != 0) {
        cleanup_free(text);
        return -ENOMEM;
    }
    return 0;
}
