/* SPDX-License-Identifier: MIT */
/*
 * The log of a mount. It is rate-limited, so that no reader can flood it: a burst of lines, then
 * one now and then. Omitted lines are counted, and the next line says how many there were.
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

/* Claims the right to write a line. False: the line is omitted and counted. */
bool log_may_write(struct log *log);

/* Writes a line with the prefix "bigfs: ". Only for a caller that has claimed the right. */
void log_write(struct log *log, enum fuse_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
