/* SPDX-License-Identifier: MIT */
/*
 * Writes the lines of a log to its sink, on a thread of its own.
 *
 *     request ──> queue ──> thread ──> sink, which may block for ever
 *                   │
 *                   └── full: counted; the thread says it later
 *
 * The sink may be a pipe that nobody reads. So a request never writes to it: it queues a line, and
 * waits until that is written, so that a program that sees an error also finds its line in the log.
 * It waits half a second at most, and not at all if another one has waited in vain since the last
 * line was written. A debug line waits only for a place in the queue, within the same limits.
 *
 * Before the thread is started and after its end, lines are written by the caller. If the sink does
 * not take the last lines in time, the thread is given up on. It then uses only this object, which
 * it frees if the sink ever returns.
 *
 * Thread-safe, except as said. No lock is held while the sink is called.
 */
#ifndef BIGFS_FS_SERVE_LOG_WRITER_H
#define BIGFS_FS_SERVE_LOG_WRITER_H

#include "fs/serve/log_kind.h"
#include "fs/serve/log_sink.h"

struct log_writer;

/* Makes a writer to standard error, without its thread. NULL: no memory. */
struct log_writer *log_writer_new(void);

/* Frees it, after log_writer_stop(); later if its thread was given up on. NULL: does nothing. */
void log_writer_free(struct log_writer *writer);

/* Lines that are written from now on go to this sink. */
void log_writer_set_sink(struct log_writer *writer, log_sink *sink);

/* From now on each line says this mountpoint, which is printable. Once. Takes ownership. */
void log_writer_name_mountpoint(struct log_writer *writer, char *mountpoint);

/* Starts the thread. Returns 0 or -errno. */
int log_writer_start(struct log_writer *writer);

/*
 * Ends the thread, and writes what is queued and what was left out. Waits for a second at most.
 * After that the rest is lost, and so is each later line. Does nothing without a thread.
 */
void log_writer_stop(struct log_writer *writer);

/* Queues a copy of a printable line, or its first 8 KiB. If there is no place it is left out. */
void log_writer_put(struct log_writer *writer, enum log_kind kind, enum fuse_log_level level,
                    const char *text);

/* Counts a line that was left out. */
void log_writer_leave_out(struct log_writer *writer, enum log_kind kind, enum fuse_log_level level);

/*
 * Writes how many lines were left out since this was last said, for each kind. For the thread, or
 * if there is none.
 */
void log_writer_say_left_out(struct log_writer *writer);

#endif
