/* SPDX-License-Identifier: MIT */
/*
 * The log of a mount: what bigfs and libfuse say while they serve.
 *
 *     log_say ──> level ──> budget ──> one printable line ──> writer (fs/serve/log_writer.h) ──>
 * sink │                                 │ └── left out ─────────────────────┴── counted; said a
 * second later
 *
 * No reader can flood it: each kind of line has a budget, a burst and then one line now and then.
 * So lines of one kind cannot displace those of another. Debug lines have no budget, as whoever
 * asks for them wants them all; and neither have lines of indexes, as each is found damaged once.
 * What one request of a program makes the kernel ask twice is said once, by its key.
 *
 * Nobody has to read it: a thread of the log writes the lines, and if the sink takes none, they are
 * left out and counted. Thread-safe, except as said. Writing blocks for half a second at most once
 * that thread runs. No lock is held meanwhile.
 */
#ifndef BIGFS_FS_SERVE_LOG_H
#define BIGFS_FS_SERVE_LOG_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <fuse_log.h>

#include "fs/serve/log_kind.h"
#include "fs/serve/log_sink.h"
#include "fs/serve/log_writer.h"

/* The levels are those of libfuse, which are those of syslog(3): less is more severe. */

struct log_budget {
    unsigned room;    /* lines that may be written now */
    int64_t refilled; /* when `room` last grew, in ms */
};

enum { LOG_KEYS = 64 };

/* What was said, or left out, not long ago. */
struct log_key {
    uint64_t key;
    int64_t claimed; /* in ms */
};

struct log {
    struct log_writer *writer; /* owned */
    enum fuse_log_level level; /* constant once the log is in use; the least severe one written */
    pthread_mutex_t lock;
    struct log_budget budgets[LOG_KINDS]; /* protected by lock */
    struct log_key keys[LOG_KEYS];        /* protected by lock; each has the place of its number */
};

/* Makes a log for standard error, of level notice. Returns 0 or -ENOMEM. */
int log_init(struct log *log);

/* Frees it, after log_stop(). */
void log_destroy(struct log *log);

/* Where lines go from now on. */
void log_set_sink(struct log *log, log_sink *sink);

/*
 * Starts the thread that writes the lines. Before that the caller of log_say() writes them. Call it
 * once the signals are blocked. Returns 0 or -errno.
 */
int log_start(struct log *log);

/*
 * Ends that thread, and writes what is queued and what was left out, for a second at most. Does
 * nothing the second time.
 */
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

/*
 * The same, but false if the right to a line with this key was claimed within the last two
 * seconds. The key is a digest of what the line says. With many others between, it may be said
 * again.
 */
bool log_may_write_once(struct log *log, enum log_kind kind, enum fuse_log_level level,
                        uint64_t key);

/* Writes a line, which has no line break at its end. Only for a caller that has that right. */
void log_write(struct log *log, enum log_kind kind, enum fuse_log_level level, const char *format,
               ...) __attribute__((format(printf, 4, 5)));

/* Both: writes a line if it may be written. */
void log_say(struct log *log, enum log_kind kind, enum fuse_log_level level, const char *format,
             ...) __attribute__((format(printf, 4, 5)));

/* The level with this name: error, warning, notice, info or debug. False: there is none. */
bool log_level_named(const char *name, enum fuse_log_level *level);

/* The name of a level that log_level_named() knows. */
const char *log_level_name(enum fuse_log_level level);

#endif
