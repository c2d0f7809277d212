/* Progress: how far, how fast, and how long still. A bar on a terminal, else a line now and then.
 */
#ifndef BIGFS_FS_COMMAND_PROGRESS_H
#define BIGFS_FS_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *name;
    int64_t started; /* CLOCK_MONOTONIC, ms */
    uint64_t from;   /* bytes that were done at the start */
    int64_t told;    /* CLOCK_MONOTONIC, ms; when the last line was written */
    bool terminal;   /* a bar is drawn */
};

/* Begins one on standard error. `name` stays the caller's. */
void progress_begin(struct progress *progress, const char *name);

/*
 * Draws the bar over what was drawn last; or writes a line, if the last one was ten seconds ago.
 * The first call tells what was done before.
 */
void progress_show(struct progress *progress, uint64_t done, uint64_t size);

/* Takes the bar off the terminal. */
void progress_end(const struct progress *progress);

/* Writes bytes as people read them, "1.5 GiB", to `text`. */
enum { PROGRESS_BYTES_MOST = 16 };
void progress_bytes(double bytes, char *text);

/* Milliseconds since it began; at least 1. */
int64_t progress_elapsed(const struct progress *progress);

#endif
