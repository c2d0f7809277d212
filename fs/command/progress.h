/*
 * Shows on standard error the progress of a file, its rate and the time left, as a bar on a
 * terminal, else as a line every ten seconds. For one thread.
 */
#ifndef BIGFS_FS_COMMAND_PROGRESS_H
#define BIGFS_FS_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *name; /* what the bar is called; printable; the caller's */
    int64_t started;  /* CLOCK_MONOTONIC, ms */
    uint64_t from;    /* bytes done at the start; UINT64_MAX before the first progress_show() */
    int64_t told;     /* CLOCK_MONOTONIC, ms; when the last line was written */
    bool terminal;    /* a bar is drawn */
};

/* Begins now. `name` must live as long as *progress. */
void progress_begin(struct progress *progress, const char *name);

/*
 * Draws the bar over the previous one, or writes a line if the last one is ten seconds old. Both
 * numbers are bytes. The first call says how many were done before the start. Bytes done beyond
 * `size` do not count.
 */
void progress_show(struct progress *progress, uint64_t done, uint64_t size);

/* Clears the bar. */
void progress_end(const struct progress *progress);

/* Writes a number of bytes for people, such as "1.5 GiB", into PROGRESS_BYTES_MOST bytes. */
enum { PROGRESS_BYTES_MOST = 16 };
void progress_bytes(double bytes, char *text);

/* Milliseconds since progress_begin(); at least 1. */
int64_t progress_elapsed(const struct progress *progress);

#endif
