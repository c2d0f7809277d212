/*
 * The log of a mount. No reader can flood it: it takes a limited number of lines in a row, and then
 * one now and then. Lines left out are counted, and the next line says how many there were.
 *
 * Thread-safe.
 */
#ifndef BIGFS_FS_SERVE_LOG_H
#define BIGFS_FS_SERVE_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <fuse_log.h>

struct log {
    pthread_mutex_t lock;
    unsigned room;     /* protected by lock; lines that may be written now */
    int64_t refilled;  /* protected by lock; when `room` last grew, in ms */
    uint64_t left_out; /* protected by lock; lines left out since the last one written */
};

void log_init(struct log *log);
void log_destroy(struct log *log);

/* Takes the right to write a line. Returns false if this line is left out; it is counted then. */
bool log_may_write(struct log *log);

/* Writes a line with the prefix "bigfs: ". The caller must have taken the right to do so. */
void log_write(struct log *log, enum fuse_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
