/* SPDX-License-Identifier: MIT */
#include "fs/generated/request_metrics.h"

#include <inttypes.h>
#include <string.h>

#include "fs/generated/metric.h"
#include "fs/serve/errors.h"

static uint64_t requests_of(const struct operation_counts *counts)
{
    return histogram_count(&counts->times);
}

static uint64_t failures_of(const struct operation_counts *counts)
{
    return atomic_load(&counts->failures);
}

static uint64_t bytes_of(const struct operation_counts *counts)
{
    return atomic_load(&counts->bytes);
}

/* The counters of each operation. */
static const struct operation_metric {
    const char *name;
    const char *help;
    uint64_t (*value)(const struct operation_counts *counts);
} operation_metrics[] = {
    {"requests_total", "Requests, by operation.", requests_of},
    {"failures_total", "Requests answered with an error, by operation.", failures_of},
    {"reply_bytes_total", "Bytes of data in replies, by operation.", bytes_of},
};

static void write_operations(FILE *out, const struct server *server)
{
    for (size_t i = 0; i < sizeof(operation_metrics) / sizeof(operation_metrics[0]); i++) {
        const struct operation_metric *metric = &operation_metrics[i];
        write_metric_header(out, metric->name, counter_type, metric->help);
        for (size_t k = 0; server->operations[k] != NULL; k++)
            write_sample(out, metric->name, "operation", server->operations[k]->name,
                         metric->value(&server->counts[k]));
    }
}

/* --- times ------------------------------------------------------------------------------------ */

static const char times_name[] = "request_duration_seconds";

static void write_histogram(FILE *out, const char *operation, const struct histogram *histogram)
{
    struct histogram_sight sight;

    histogram_look(histogram, &sight);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        char bound[24] = "+Inf";
        if (i < HISTOGRAM_BOUNDS)
            (void)snprintf(bound, sizeof(bound), "%g", (double)histogram_bounds[i] / 1e9);
        (void)fprintf(out, "bigfs_%s_bucket{operation=\"%s\",le=\"%s\"} %" PRIu64 "\n", times_name,
                      operation, bound, sight.up_to[i]);
    }
    (void)fprintf(out, "bigfs_%s_sum{operation=\"%s\"} ", times_name, operation);
    write_seconds(out, sight.nanoseconds);
    (void)fprintf(out, "\nbigfs_%s_count{operation=\"%s\"} %" PRIu64 "\n", times_name, operation,
                  sight.up_to[HISTOGRAM_BOUNDS]);
}

static void write_times(FILE *out, const struct server *server)
{
    write_metric_header(out, times_name, histogram_type,
                        "Time from receipt to reply, by operation. Waiting is included.");
    for (size_t i = 0; server->operations[i] != NULL; i++)
        write_histogram(out, server->operations[i]->name, &server->counts[i].times);
}

/* --- errors ----------------------------------------------------------------------------------- */

static void write_errors(FILE *out, const struct server *server)
{
    static const char name[] = "errors_total";

    write_metric_header(out, name, counter_type, "Requests answered with an error, by error.");
    for (int error = 1; error <= MOST_ERRNO; error++) {
        const char *text = strerrorname_np(error);
        const uint64_t count = server_errors(server, error);
        if (text != NULL && (count > 0 || error_is_answer(error)))
            write_sample(out, name, "error", text, count);
    }
}

void write_request_metrics(FILE *out, const struct server *server)
{
    write_operations(out, server);
    write_times(out, server);
    write_errors(out, server);
}
