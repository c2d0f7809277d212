/* SPDX-License-Identifier: MIT */
/*
 * The log of a mount: what bigfs and libfuse say while they serve.
 *
 *     log_say ──> level ──> budget ──> one printable line ──> sink (fs/serve/log_sink.h)
 *                              │
 *                              └── left out: counted; said a second later, and at the end
 *
 * No reader can flood it: each kind of line has a budget, a burst and then one line now and then.
 * So lines of one kind cannot displace those of another. Debug lines have no budget, as whoever
 * asks for them wants them all; and neither have lines of indexes, as each is found damaged once.
 *
 * Thread-safe, except as said. Writing blocks as long as the sink does. No lock is held meanwhile.
 */
#ifndef BIGFS_FS_SERVE_LOG_H
#define BIGFS_FS_SERVE_LOG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <fuse_log.h>

#include "fs/serve/log_sink.h"

/* The levels are those of libfuse, which are those of syslog(3): less is more severe. */

/* What lines are about. Each kind is a row of the table in fs/serve/log.c. */
enum log_kind {
    LOG_LIFE,    /* the mount itself: its start, its end, SOURCE */
    LOG_STALE,   /* files whose readers get ESTALE */
    LOG_FAILED,  /* requests that were answered with EIO */
    LOG_TROUBLE, /* what is wrong with a file */
    LOG_INDEX,   /* indexes and maps, and their directory */
    LOG_NAME,    /* names that fit no rule */
    LOG_LIBFUSE,
    LOG_KINDS
};

struct log_budget {
    unsigned room;             /* lines that may be written now */
    enum fuse_log_level level; /* of the last line that was left out */
    int64_t refilled;          /* when `room` last grew, in ms */
    uint64_t left_out;         /* lines left out since that was last said */
};

struct log {
    _Atomic(log_sink *) sink;
    _Atomic(char *) mountpoint; /* printable; owned; NULL: not said yet */
    enum fuse_log_level level;  /* constant once the log is in use; the least severe one written */
    pthread_mutex_t lock;
    pthread_cond_t change;
    struct log_budget budgets[LOG_KINDS]; /* protected by lock */
    bool stopping;                        /* protected by lock */
    bool running;                         /* protected by lock; the thread has been started */
    pthread_t thread;                     /* says what was left out */
};

/* Makes a log for standard error, of level notice. Cannot fail. */
void log_init(struct log *log);

/* Frees it, after log_stop(). */
void log_destroy(struct log *log);

/*
 * Starts the thread that says how many lines were left out. Call it once the signals are blocked.
 * Returns 0 or -errno.
 */
int log_start(struct log *log);

/* Ends that thread, and says what has not been said yet. Does nothing the second time. */
void log_stop(struct log *log);

/* Lets libfuse write to this log. NULL: as libfuse does by itself. Not thread-safe. */
void log_take_libfuse(struct log *log);

/* From now on each line says this mountpoint. Once. Without memory it is not said. */
void log_name_mountpoint(struct log *log, const char *mountpoint);

/* Whether lines of this level are written at all. */
static inline bool log_has(const struct log *log, enum fuse_log_level level)
{
    return level <= log->level;
}

/* Claims the right to write a line. False: it is not to be written; it is counted if it was due. */
bool log_may_write(struct log *log, enum log_kind kind, enum fuse_log_level level);

/* Writes a line, which has no line break at its end. Only for a caller that has that right. */
void log_write(struct log *log, enum fuse_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Both: writes a line if it may be written. */
void log_say(struct log *log, enum log_kind kind, enum fuse_log_level level, const char *format,
             ...) __attribute__((format(printf, 4, 5)));

/* Writes how many lines were left out since this was last said, for each kind. */
void log_say_left_out(struct log *log);

/* The level with this name: error, warning, notice, info or debug. False: there is none. */
bool log_level_named(const char *name, enum fuse_log_level *level);

#endif
