/* SPDX-License-Identifier: MIT */
/*
 * Shows progress, speed and remaining time of a file on standard error: as a bar on a terminal,
 * otherwise as a line every ten seconds. Not thread-safe.
 */
#ifndef BIGFS_FS_COMMAND_PROGRESS_H
#define BIGFS_FS_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *name; /* the label of the bar; printable; borrowed */
    int64_t started;  /* CLOCK_MONOTONIC, ms */
    uint64_t from;    /* bytes done at the start; UINT64_MAX before the first look */
    int64_t told;     /* CLOCK_MONOTONIC, ms; when the last line was written */
    bool terminal;    /* standard error is a terminal: draw a bar */
};

/* Starts the clock. `name` must live as long as *progress. */
void progress_begin(struct progress *progress, const char *name);

/*
 * Redraws the bar in one line of the terminal, however narrow that is, with the end of the name, or
 * writes a line if the last one is ten seconds old. Both numbers are bytes. The
 * first call sets how much was done before the start. Bytes beyond `size` are ignored.
 */
void progress_show(struct progress *progress, uint64_t done, uint64_t size);

/* How much of it is done, from 0 to 100. */
unsigned progress_percent(uint64_t done, uint64_t size);

/* Clears the bar. */
void progress_end(const struct progress *progress);

/*
 * Writes a number of bytes in human-readable form, such as "1.5 GiB", into PROGRESS_BYTES_MOST
 * bytes.
 */
enum { PROGRESS_BYTES_MOST = 16 };
void progress_bytes(double bytes, char *text);

/* Milliseconds since progress_begin(); at least 1. */
int64_t progress_elapsed(const struct progress *progress);

#endif
