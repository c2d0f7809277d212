/* SPDX-License-Identifier: MIT */
#include "fs/generated/metric.h"

#include <inttypes.h>

const char counter_type[] = "counter";
const char gauge_type[] = "gauge";
const char histogram_type[] = "histogram";

/* Writes a text with a backslash before each backslash and each `quote`, and line breaks as \n. */
static void write_escaped_text(FILE *out, const char *text, char quote)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || (*text == quote && quote != '\0'))
            (void)fputc('\\', out);
        if (*text == '\n')
            (void)fputs("\\n", out);
        else
            (void)fputc(*text, out);
    }
}

void write_metric_header(FILE *out, const char *name, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP bigfs_%s ", name);
    write_escaped_text(out, help, '\0'); /* quotes have no meaning there */
    (void)fprintf(out, "\n# TYPE bigfs_%s %s\n", name, type);
}

void write_metric(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
    write_metric_header(out, name, type, help);
    (void)fprintf(out, "bigfs_%s %" PRIu64 "\n", name, value);
}

void write_label_text(FILE *out, const char *text)
{
    (void)fputc('"', out);
    write_escaped_text(out, text, '"');
    (void)fputc('"', out);
}

void write_sample(FILE *out, const char *name, const char *label, const char *text, uint64_t value)
{
    (void)fprintf(out, "bigfs_%s{%s=", name, label);
    write_label_text(out, text);
    (void)fprintf(out, "} %" PRIu64 "\n", value);
}

void write_seconds(FILE *out, uint64_t nanoseconds)
{
    enum { NS = 1000000000 };
    (void)fprintf(out, "%" PRIu64 ".%09" PRIu64, nanoseconds / NS, nanoseconds % NS);
}
