/* SPDX-License-Identifier: MIT */
#include "fs/generated/metrics.h"

#include <errno.h>
#include <inttypes.h>

#include <fuse_lowlevel.h>

#include "core/content/content_type.h"
#include "core/content/contents.h"
#include "fs/generated/metric.h"
#include "fs/generated/request_metrics.h"
#include "fs/tree/driver.h"

/* --- the mount -------------------------------------------------------------------------------- */

/* Which contents can be read, with commas between them. */
static void write_contents(FILE *out)
{
    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++)
        (void)fprintf(out, "%s%s", type == content_types + 1 ? "" : ",", (*type)->name);
}

static void write_build_info(FILE *out)
{
    write_metric_header(out, "build_info", gauge_type,
                        "Always 1. Which bigfs serves the mount, and what it is built with.");
    (void)fputs("bigfs_build_info{version=", out);
    write_label_text(out, BIGFS_VERSION);
    (void)fputs(",libfuse=", out);
    write_label_text(out, fuse_pkgversion());
    (void)fputs(",contents=\"", out);
    write_contents(out);
    (void)fputs("\"} 1\n", out);
}

/*
 * Not process_start_time_seconds: node_exporter has its own, and would refuse to hand on a file
 * with another one.
 */
static void write_start(FILE *out, const struct driver *driver)
{
    write_metric_header(out, "start_time_seconds", gauge_type,
                        "When the mount was made, in seconds since 1970.");
    (void)fprintf(out, "bigfs_start_time_seconds %" PRId64 ".%03ld\n",
                  (int64_t)driver->started.tv_sec, driver->started.tv_nsec / 1000000);
}

/* --- requests --------------------------------------------------------------------------------- */

static void write_request_counters(FILE *out, struct driver *driver)
{
    struct server *server = &driver->server;

    write_metric(out, "lookups_total", counter_type, "Names looked up.",
                 atomic_load(&driver->lookups));
    write_metric(out, "opens_total", counter_type, "Files opened.", atomic_load(&driver->opens));
    write_metric(out, "reads_total", counter_type, "Read requests.",
                 server_requests(server, "read"));
    write_metric(out, "reads_ahead_total", counter_type,
                 "Read requests that found their bytes copied.", atomic_load(&server->prefetched));
    write_metric(out, "listings_total", counter_type, "Requests for directory entries.",
                 server_requests(server, "readdir") + server_requests(server, "readdirplus"));
    write_metric(out, "interrupted_total", counter_type, "Requests whose reader was interrupted.",
                 server_errors(server, EINTR));
    write_metric(out, "stale_total", counter_type, "Requests answered with ESTALE.",
                 server_errors(server, ESTALE));
    write_metric(out, "io_errors_total", counter_type, "Requests answered with EIO.",
                 server_errors(server, EIO));
    write_request_metrics(out, server);
}

/* --- sources ---------------------------------------------------------------------------------- */

static void write_ends(FILE *out, const struct source_pool *pool)
{
    static const char name[] = "generations_ended_total";

    write_metric_header(out, name, counter_type, "Contents of files that ended, by reason.");
    for (unsigned i = 0; i < END_REASONS; i++)
        write_sample(out, name, "reason", end_reason_name((enum end_reason)i),
                     atomic_load(&pool->ended[i]));
}

static void write_source_counters(FILE *out, struct driver *driver)
{
    const struct source_pool *pool = &driver->pool;

    write_metric(out, "directories_opened_total", counter_type,
                 "Directories of SOURCE opened to be listed.", atomic_load(&driver->dirs.opened));
    write_metric(out, "directory_seeks_total", counter_type,
                 "Places looked for in such directories.", atomic_load(&driver->dirs.seeks));
    write_metric(out, "read_bytes_total", counter_type,
                 "Bytes of sources copied for readers and scans.", atomic_load(&pool->bytes_read));
    write_metric(out, "dropped_bytes_total", counter_type,
                 "Bytes of sources dropped from the page cache.",
                 atomic_load(&pool->drop_behind.dropped));
    write_metric(out, "hole_bytes_total", counter_type, "Bytes of holes made of zeros, not read.",
                 atomic_load(&pool->bytes_zeroed));
    write_metric(out, "scanned_bytes_total", counter_type, "Bytes looked through for record ends.",
                 atomic_load(&pool->bytes_scanned));
    write_metric(out, "hashed_bytes_total", counter_type, "Bytes of pieces hashed for checksums.",
                 atomic_load(&pool->bytes_hashed));
    write_metric(out, "probes_total", counter_type,
                 "Searches for a record end that read the source.", atomic_load(&pool->probes));
    write_ends(out, pool);
}

/* --- what is kept ------------------------------------------------------------------------------
 */

/* How often something was asked for, by what became of that. */
struct outcome_count {
    const char *outcome;
    uint64_t count;
};

static void write_outcomes(FILE *out, const char *name, const char *help,
                           const struct outcome_count *counts, size_t number)
{
    write_metric_header(out, name, counter_type, help);
    for (size_t i = 0; i < number; i++)
        write_sample(out, name, "result", counts[i].outcome, counts[i].count);
}

static void write_kept(FILE *out, struct source_pool *pool)
{
    const struct window_counts windows = window_pool_counts(&pool->windows);
    const struct open_files_counts files = open_files_counts(&pool->files);
    const struct decode_counts decoded = decode_cache_look(&pool->decoded).counts;
    const struct outcome_count of_windows[] = {
        {"hit", windows.hits}, {"miss", windows.misses}, {"none", windows.none}};
    const struct outcome_count of_files[] = {{"hit", files.hits}, {"miss", files.misses}};
    const struct outcome_count of_blocks[] = {{"hit", decoded.hits}, {"miss", decoded.misses}};
    const struct outcome_count of_runs[] = {{"continued", decoded.continued},
                                            {"begun", decoded.begun}};

    write_outcomes(out, "window_requests_total",
                   "Windows asked for: mapped already (hit), mapped for this (miss), or all in use "
                   "(none), which is read without one.",
                   of_windows, 3);
    write_outcomes(out, "descriptor_requests_total",
                   "Source files asked for: open already (hit), or opened for this (miss).",
                   of_files, 2);
    write_outcomes(out, "decoded_block_requests_total",
                   "Blocks of compressed files asked for: in memory (hit), or decoded for this "
                   "(miss).",
                   of_blocks, 2);
    write_outcomes(out, "decode_runs_total",
                   "Decoders that read on from where they were, or began at a place.", of_runs, 2);
    write_metric(out, "decoded_evictions_total", counter_type,
                 "Decoded blocks and waiting decoders freed to make room.", decoded.evictions);
}

/* --- indexes ---------------------------------------------------------------------------------- */

static void write_build_ends(FILE *out, const struct build_counts *counts)
{
    static const char name[] = "index_builds_ended_total";

    write_metric_header(out, name, counter_type,
                        "Builds of indexes and maps that ended, by result. One that nobody waits "
                        "for any more is stopped.");
    for (unsigned i = 0; i < BUILD_KINDS; i++)
        for (unsigned k = 0; k < BUILD_RESULTS; k++)
            (void)fprintf(out, "bigfs_%s{kind=\"%s\",result=\"%s\"} %" PRIu64 "\n", name,
                          build_kind_name((enum build_kind)i),
                          build_result_name((enum build_result)k), counts[i].ended[k]);
}

static void write_build_times(FILE *out, const struct build_counts *counts)
{
    static const char name[] = "index_build_seconds_total";

    write_metric_header(out, name, counter_type, "Time that builds took that have ended.");
    for (unsigned i = 0; i < BUILD_KINDS; i++)
        (void)fprintf(out, "bigfs_%s{kind=\"%s\"} %" PRId64 ".%03" PRId64 "\n", name,
                      build_kind_name((enum build_kind)i), counts[i].ms / 1000,
                      counts[i].ms % 1000);
}

static void write_builds(FILE *out, struct driver *driver)
{
    static const char begun[] = "index_builds_begun_total";
    static const char found[] = "index_files_found_total";
    struct build_counts counts[BUILD_KINDS];

    for (unsigned i = 0; i < BUILD_KINDS; i++)
        counts[i] = index_builder_counts(&driver->index_builder, (enum build_kind)i);
    write_metric_header(out, begun, counter_type, "Builds of indexes and maps that began.");
    for (unsigned i = 0; i < BUILD_KINDS; i++)
        write_sample(out, begun, "kind", build_kind_name((enum build_kind)i), counts[i].begun);
    write_build_ends(out, counts);
    write_build_times(out, counts);
    write_metric_header(out, found, counter_type,
                        "Indexes and maps found in the index directory, so that none was made.");
    for (unsigned i = 0; i < BUILD_KINDS; i++)
        write_sample(out, found, "kind", build_kind_name((enum build_kind)i),
                     atomic_load(&driver->index_directory.found[i]));
}

/* --- gauges ----------------------------------------------------------------------------------- */

/* The names of the lanes in metrics, and what happens in them. */
static const struct lane_text {
    const char *name;
    const char *running;
    const char *waiting;
} lane_texts[LANES] = {
    [LANE_READS] = {"reads", "Requests reading now.", "Requests waiting to read."},
    [LANE_SCANS] = {"scans", "Requests scanning now.", "Requests waiting to scan."},
    [LANE_DIGESTS] = {"digests", "Requests hashing pieces now.", "Requests waiting to hash."},
    [LANE_LOOKS] = {"looks", "Requests looking at names now.", "Requests waiting to look."},
};

static void write_lanes(FILE *out, struct crew *crew)
{
    for (unsigned i = 0; i < LANES; i++) {
        const struct crew_load load = crew_load(crew, (enum lane)i);
        char name[32];

        (void)snprintf(name, sizeof(name), "%s_running", lane_texts[i].name);
        write_metric(out, name, gauge_type, lane_texts[i].running, load.running);
        (void)snprintf(name, sizeof(name), "%s_waiting", lane_texts[i].name);
        write_metric(out, name, gauge_type, lane_texts[i].waiting, load.queued);
    }
}

static void write_gauges(FILE *out, struct driver *driver)
{
    write_metric(out, "index_space_bytes", gauge_type, "Bytes that line indexes take on the disk.",
                 index_space_used(&driver->index_space));
    write_metric(out, "open_handles", gauge_type, "Files open now.", driver_handles(driver));
    write_metric(out, "nodes", gauge_type, "Nodes that the kernel knows.",
                 node_table_count(&driver->nodes));
    write_metric(out, "open_descriptors", gauge_type, "Source files open now.",
                 open_files_count(&driver->pool.files));
    write_metric(out, "mapped_bytes", gauge_type, "Bytes mapped by windows.",
                 window_pool_mapped(&driver->pool.windows));
    write_lanes(out, &driver->server.crew);
}

static void write_metrics(FILE *out, struct driver *driver, bool named)
{
    (void)named; /* metrics contain no names */
    write_build_info(out);
    write_start(out, driver);
    write_request_counters(out, driver);
    write_source_counters(out, driver);
    write_kept(out, &driver->pool);
    write_builds(out, driver);
    write_gauges(out, driver);
}

const struct generated_type metrics_report = {
    .name = "metrics",
    .help = "counters and gauges, in the text format of Prometheus",
    .write = write_metrics};
