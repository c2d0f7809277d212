/* SPDX-License-Identifier: MIT */
/*
 * Runs the machine of core/format/csv.h over bytes, 64 at once as long as quotes are well-formed.
 *
 * The functions are pure and touch exactly the given bytes.
 */
#ifndef BIGFS_CORE_FORMAT_CSV_RUN_H
#define BIGFS_CORE_FORMAT_CSV_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum csv_state { CSV_FIELD_START, CSV_UNQUOTED, CSV_QUOTED, CSV_QUOTE, CSV_STATES };

/* The next state, byte by byte. *ends: the byte ends a record. */
enum csv_state csv_step(enum csv_state state, uint8_t byte, uint8_t delimiter, bool *ends);

/* Counts the bytes that end a record, and moves *state past all, with the widest instructions. */
uint64_t csv_run(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t *state);

/* What csv_run() uses in this processor, in words, such as "AVX2". Constant. */
const char *csv_path(void);

/* The ways to run, narrowest first. Tests and measurements compare them. */
enum csv_way { CSV_BYTES, CSV_WORDS, CSV_AVX2, CSV_AVX512, CSV_WAYS };

/* Whether this processor supports the way. */
bool csv_can(enum csv_way way);

/* csv_run() in one way, which this processor must support. */
uint64_t csv_run_by(enum csv_way way, const uint8_t *bytes, size_t length, uint8_t delimiter,
                    uint8_t *state);

#endif
