/* SPDX-License-Identifier: MIT */
/*
 * The text format of Prometheus, version 0.0.4: of each metric its help, its type, and then its
 * samples. Names are given without the prefix "bigfs_".
 *
 * How to name one: https://prometheus.io/docs/practices/naming/. `promtool check metrics` says what
 * is wrong with a name.
 */
#ifndef BIGFS_FS_GENERATED_METRIC_H
#define BIGFS_FS_GENERATED_METRIC_H

#include <stdint.h>
#include <stdio.h>

/* Types of metrics. */
extern const char counter_type[];
extern const char gauge_type[];
extern const char histogram_type[];

/* Writes what comes before the samples. `help` is one line for people. */
void write_metric_header(FILE *out, const char *name, const char *type, const char *help);

/* Writes a metric that has one sample and no label. */
void write_metric(FILE *out, const char *name, const char *type, const char *help, uint64_t value);

/* Writes a sample with one label, whose value may be any text. */
void write_sample(FILE *out, const char *name, const char *label, const char *text, uint64_t value);

/* Writes a value as a label has it: between quotes, with what has a meaning there escaped. */
void write_label_text(FILE *out, const char *text);

/* Writes a time as a sample has it: in seconds. */
void write_seconds(FILE *out, uint64_t nanoseconds);

#endif
