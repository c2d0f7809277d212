/* SPDX-License-Identifier: MIT */
#include "fs/generated/metrics.h"

#include <inttypes.h>

#include "fs/tree/driver.h"

static const char counter_type[] = "counter";
static const char gauge_type[] = "gauge";

static void write_header(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP bigfs_%s %s\n# TYPE bigfs_%s %s\n", name, help, name, type);
}

static void write_metric(FILE *out, const char *name, const char *type, const char *help,
                         uint64_t value)
{
    write_header(out, name, type, help);
    fprintf(out, "bigfs_%s %" PRIu64 "\n", name, value);
}

/* --- requests --------------------------------------------------------------------------------- */

static uint64_t count_of(const struct operation_counts *counts, size_t member)
{
    const _Atomic uint64_t *value =
        (const _Atomic uint64_t *)(const void *)((const char *)counts + member);
    return atomic_load(value);
}

/* The counters of each operation. */
static const struct operation_metric {
    const char *name;
    const char *help;
    size_t member; /* of struct operation_counts */
} operation_metrics[] = {
    {"requests_total", "Requests, by operation.", offsetof(struct operation_counts, requests)},
    {"failures_total", "Requests answered with an error, by operation.",
     offsetof(struct operation_counts, failures)},
    {"reply_bytes_total", "Bytes of data in replies, by operation.",
     offsetof(struct operation_counts, bytes)},
};

/* Prometheus counts in seconds. */
static void write_times(FILE *out, const struct server *server)
{
    enum { NS = 1000000000 };

    write_header(out, "request_seconds_total", counter_type,
                 "Time from receipt to reply, by operation.");
    for (size_t i = 0; server->operations[i] != NULL; i++) {
        uint64_t time = atomic_load(&server->counts[i].nanoseconds);
        fprintf(out, "bigfs_request_seconds_total{operation=\"%s\"} %" PRIu64 ".%09" PRIu64 "\n",
                server->operations[i]->name, time / NS, time % NS);
    }
}

static void write_operations(FILE *out, const struct server *server)
{
    for (size_t i = 0; i < sizeof(operation_metrics) / sizeof(operation_metrics[0]); i++) {
        const struct operation_metric *metric = &operation_metrics[i];
        write_header(out, metric->name, counter_type, metric->help);
        for (size_t k = 0; server->operations[k] != NULL; k++)
            fprintf(out, "bigfs_%s{operation=\"%s\"} %" PRIu64 "\n", metric->name,
                    server->operations[k]->name, count_of(&server->counts[k], metric->member));
    }
}

static void write_ends(FILE *out, const struct source_pool *pool)
{
    static const char name[] = "generations_ended_total";

    write_header(out, name, counter_type, "Contents of files that ended, by reason.");
    for (unsigned i = 0; i < END_REASONS; i++)
        fprintf(out, "bigfs_%s{reason=\"%s\"} %" PRIu64 "\n", name,
                end_reason_name((enum end_reason)i), atomic_load(&pool->ended[i]));
}

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
                 atomic_load(&server->interrupted));
    write_metric(out, "stale_total", counter_type, "Requests answered with ESTALE.",
                 atomic_load(&server->stale));
    write_metric(out, "io_errors_total", counter_type, "Requests answered with EIO.",
                 atomic_load(&server->io_errors));
    write_operations(out, server);
    write_times(out, server);
}

/* --- sources ---------------------------------------------------------------------------------- */

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
    write_request_counters(out, driver);
    write_source_counters(out, driver);
    write_gauges(out, driver);
}

const struct generated_type metrics_report = {.name = "metrics", .write = write_metrics};
