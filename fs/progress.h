/* A progress bar: how far, how fast, and how long still. */
#ifndef BIGFS_FS_PROGRESS_H
#define BIGFS_FS_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *name;
    int64_t started; /* CLOCK_MONOTONIC, ms */
    uint64_t from;   /* bytes that were done at the start */
    bool shown;      /* only on a terminal */
};

/* Begins one on standard error. `name` stays the caller's. Nothing is shown but on a terminal. */
void progress_begin(struct progress *progress, const char *name);

/* Draws it over what was drawn last. The first call tells what was done before. */
void progress_draw(struct progress *progress, uint64_t done, uint64_t size);

/* Takes it off the terminal. */
void progress_end(const struct progress *progress);

/* Writes bytes as people read them, "1.5 GiB", to `text`. */
enum { PROGRESS_BYTES_MOST = 16 };
void progress_bytes(double bytes, char *text);

/* Milliseconds since it began; at least 1. */
int64_t progress_elapsed(const struct progress *progress);

#endif
