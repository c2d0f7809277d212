/*
 * Shows on standard error how far a file is, how fast that goes and how long it still takes: as a
 * bar on a terminal, else as a line every ten seconds. For one thread.
 */
#ifndef BIGFS_FS_COMMAND_PROGRESS_H
#define BIGFS_FS_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *name; /* what the bar is called; printable; the caller's */
    int64_t started;  /* CLOCK_MONOTONIC, ms */
    uint64_t from;    /* bytes that were done at the start; UINT64_MAX before the first look */
    int64_t told;     /* CLOCK_MONOTONIC, ms; when the last line was written */
    bool terminal;    /* a bar is drawn */
};

/* Begins now. `name` must live as long as *progress. */
void progress_begin(struct progress *progress, const char *name);

/*
 * Draws the bar over the one that was drawn before; or writes a line, if the last one is ten
 * seconds old. Both numbers are bytes; the first call says what was done before the start. What is
 * done beyond `size` counts for nothing.
 */
void progress_show(struct progress *progress, uint64_t done, uint64_t size);

/* Clears the bar. */
void progress_end(const struct progress *progress);

/* Writes a number of bytes as people read it, such as "1.5 GiB", to PROGRESS_BYTES_MOST bytes. */
enum { PROGRESS_BYTES_MOST = 16 };
void progress_bytes(double bytes, char *text);

/* Milliseconds since progress_begin(); at least 1. */
int64_t progress_elapsed(const struct progress *progress);

#endif
