/* SPDX-License-Identifier: MIT */
#include "fs/serve/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/printable.h"

enum {
    ROOM_MOST = 20,   /* lines in a row */
    REFILL_MS = 500,  /* until one more may be written */
    ONCE_MS = 2000,   /* until what has a key may be said again */
    PART_MOST = 1024, /* bytes of a line of libfuse that are kept until it ends */
};

static const struct {
    const char *name;
    enum fuse_log_level level;
} levels[] = {
    {"error", FUSE_LOG_ERR}, {"warning", FUSE_LOG_WARNING}, {"notice", FUSE_LOG_NOTICE},
    {"info", FUSE_LOG_INFO}, {"debug", FUSE_LOG_DEBUG},
};

bool log_level_named(const char *name, enum fuse_log_level *level)
{
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcmp(levels[i].name, name) == 0) {
            *level = levels[i].level;
            return true;
        }
    }
    return false;
}

const char *log_level_name(enum fuse_log_level level)
{
    size_t i = 0;
    while (i + 1 < sizeof(levels) / sizeof(levels[0]) && levels[i].level != level)
        i++;
    return levels[i].name;
}

/* --- life ------------------------------------------------------------------------------------- */

int log_init(struct log *log)
{
    *log = (struct log){.level = FUSE_LOG_NOTICE, .writer = log_writer_new()};
    if (log->writer == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < LOG_KINDS; i++)
        log->budgets[i] = (struct log_budget){.room = ROOM_MOST, .refilled = clock_ms()};
    pthread_mutex_init(&log->lock, NULL);
    return 0;
}

void log_destroy(struct log *log)
{
    log_writer_free(log->writer);
    pthread_mutex_destroy(&log->lock);
}

void log_set_sink(struct log *log, log_sink *sink)
{
    log_writer_set_sink(log->writer, sink);
}

void log_name_mountpoint(struct log *log, const char *mountpoint)
{
    log_writer_name_mountpoint(log->writer, printable(mountpoint));
}

int log_start(struct log *log)
{
    return log_writer_start(log->writer);
}

void log_stop(struct log *log)
{
    log_writer_stop(log->writer);
}

/* --- budgets ---------------------------------------------------------------------------------- */

/* The lock is held. */
static void refill_room(struct log_budget *budget)
{
    int64_t more = (clock_ms() - budget->refilled) / REFILL_MS;

    budget->refilled += more * REFILL_MS;
    budget->room =
        (int64_t)budget->room + more > ROOM_MOST ? ROOM_MOST : budget->room + (unsigned)more;
}

static bool claim_room(struct log *log, enum log_kind kind)
{
    struct log_budget *budget = &log->budgets[kind];
    HOLD_LOCK(&log->lock);

    refill_room(budget);
    if (budget->room == 0)
        return false;
    budget->room--;
    return true;
}

bool log_may_write(struct log *log, enum log_kind kind, enum fuse_log_level level)
{
    if (!log_has(log, level))
        return false;
    if (level == FUSE_LOG_DEBUG || log_kinds[kind].unlimited || claim_room(log, kind))
        return true;
    log_writer_leave_out(log->writer, kind, level);
    return false;
}

/* Claims the right to a line with this key. Returns whether nobody had it a moment ago. */
static bool claim_key(struct log *log, uint64_t key)
{
    struct log_key *place = &log->keys[key % LOG_KEYS];
    const int64_t now = clock_ms();
    HOLD_LOCK(&log->lock);

    if (place->key == key && now - place->claimed < ONCE_MS)
        return false;
    *place = (struct log_key){key, now};
    return true;
}

bool log_may_write_once(struct log *log, enum log_kind kind, enum fuse_log_level level,
                        uint64_t key)
{
    return log_has(log, level) && claim_key(log, key) && log_may_write(log, kind, level);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Whatever the names in it contain, it is one line. Without memory for that it is lost. */
static void write_text(struct log *log, enum log_kind kind, enum fuse_log_level level,
                       const char *text)
{
    AUTO_FREE char *line = printable(text);

    if (line != NULL)
        log_writer_put(log->writer, kind, level, line);
}

static void write_arguments(struct log *log, enum log_kind kind, enum fuse_log_level level,
                            const char *format, va_list arguments)
{
    AUTO_FREE char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    else
        write_text(log, kind, level, text);
}

void log_write(struct log *log, enum log_kind kind, enum fuse_log_level level, const char *format,
               ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_arguments(log, kind, level, format, arguments);
    va_end(arguments);
}

void log_say(struct log *log, enum log_kind kind, enum fuse_log_level level, const char *format,
             ...)
{
    va_list arguments;

    if (!log_may_write(log, kind, level))
        return;
    va_start(arguments, format);
    write_arguments(log, kind, level, format, arguments);
    va_end(arguments);
}

/* --- libfuse ---------------------------------------------------------------------------------- */

/* libfuse has one log for the process, and gives its function no argument. */
static struct log *of_libfuse;

/* libfuse writes a line in several calls, of one thread. This is what it has of it until now. */
static _Thread_local struct {
    char text[PART_MOST];
    size_t used;
} part;

static void end_libfuse_line(struct log *log, enum fuse_log_level level)
{
    part.text[part.used] = '\0';
    if (part.used > 0 && log_may_write(log, LOG_LIBFUSE, level))
        write_text(log, LOG_LIBFUSE, level, part.text);
    part.used = 0;
}

static void add_libfuse_byte(struct log *log, enum fuse_log_level level, char byte)
{
    if (byte == '\n' || part.used == sizeof(part.text) - 1)
        end_libfuse_line(log, level);
    if (byte != '\n')
        part.text[part.used++] = byte;
}

static void log_libfuse(enum fuse_log_level level, const char *format, va_list arguments)
{
    AUTO_FREE char *text = NULL;

    if (!log_has(of_libfuse, level))
        return;
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    for (const char *at = text; at != NULL && *at != '\0'; at++)
        add_libfuse_byte(of_libfuse, level, *at);
}

void log_take_libfuse(struct log *log)
{
    of_libfuse = log;
    fuse_set_log_func(log != NULL ? log_libfuse : NULL);
}
