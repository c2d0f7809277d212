/* SPDX-License-Identifier: MIT */
#include "fs/serve/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"

enum {
    ROOM_MOST = 20, /* lines in a row */
    REFILL_MS = 500 /* until one more may be written */
};

void log_init(struct log *log)
{
    *log = (struct log){.room = ROOM_MOST, .refilled = clock_ms()};
    pthread_mutex_init(&log->lock, NULL);
}

void log_destroy(struct log *log)
{
    pthread_mutex_destroy(&log->lock);
}

/* The lock is held. */
static void refill_room(struct log *log)
{
    int64_t more = (clock_ms() - log->refilled) / REFILL_MS;

    log->refilled += more * REFILL_MS;
    log->room = (int64_t)log->room + more > ROOM_MOST ? ROOM_MOST : log->room + (unsigned)more;
}

bool log_may_write(struct log *log)
{
    HOLD_LOCK(&log->lock);
    refill_room(log);
    if (log->room == 0) {
        log->left_out++;
        return false;
    }
    log->room--;
    return true;
}

static uint64_t take_left_out(struct log *log)
{
    HOLD_LOCK(&log->lock);
    uint64_t left_out = log->left_out;
    log->left_out = 0;
    return left_out;
}

void log_write(struct log *log, enum fuse_log_level level, const char *format, ...)
{
    AUTO_FREE char *line = NULL;
    uint64_t left_out = take_left_out(log);
    va_list arguments;

    if (left_out > 0)
        fuse_log(level, "bigfs: %" PRIu64 " more lines were left out\n", left_out);
    va_start(arguments, format);
    int length = vasprintf(&line, format, arguments);
    va_end(arguments);
    if (length < 0)
        line = NULL;
    else
        fuse_log(level, "bigfs: %s", line);
}
