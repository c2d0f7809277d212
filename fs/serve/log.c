/* SPDX-License-Identifier: MIT */
#include "fs/serve/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/printable.h"

enum {
    ROOM_MOST = 20,      /* lines in a row */
    REFILL_MS = 500,     /* until one more may be written */
    SAY_AFTER_MS = 1000, /* until the log says how many were left out */
    LOG_STACK = 128 * 1024,
    PART_MOST = 1024, /* bytes of a line of libfuse that are kept until it ends */
};

static const struct {
    const char *about; /* for the line that counts those left out; NULL: none ever is */
} kinds[LOG_KINDS] = {
    [LOG_LIFE] = {"the mount"},
    [LOG_STALE] = {"stale files"},
    [LOG_FAILED] = {"failed requests"},
    [LOG_TROUBLE] = {"troubles of files"},
    [LOG_INDEX] = {NULL}, /* a damaged index is removed, so no reader can have more of them */
    [LOG_NAME] = {"names that fit no rule"},
    [LOG_LIBFUSE] = {"lines of libfuse"},
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

/* --- life ------------------------------------------------------------------------------------- */

void log_init(struct log *log)
{
    *log = (struct log){.level = FUSE_LOG_NOTICE};
    atomic_init(&log->sink, log_to_stderr);
    atomic_init(&log->mountpoint, NULL);
    for (size_t i = 0; i < LOG_KINDS; i++)
        log->budgets[i] = (struct log_budget){.room = ROOM_MOST, .refilled = clock_ms()};
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->change, NULL);
}

void log_destroy(struct log *log)
{
    pthread_cond_destroy(&log->change);
    pthread_mutex_destroy(&log->lock);
    free(atomic_load(&log->mountpoint));
}

void log_name_mountpoint(struct log *log, const char *mountpoint)
{
    atomic_store(&log->mountpoint, printable(mountpoint));
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

bool log_may_write(struct log *log, enum log_kind kind, enum fuse_log_level level)
{
    struct log_budget *budget = &log->budgets[kind];

    if (!log_has(log, level))
        return false;
    if (level == FUSE_LOG_DEBUG || kinds[kind].about == NULL)
        return true;
    HOLD_LOCK(&log->lock);
    refill_room(budget);
    if (budget->room > 0) {
        budget->room--;
        return true;
    }
    budget->left_out++;
    budget->level = level;
    pthread_cond_signal(&log->change);
    return false;
}

/* The lock is held. */
static bool has_left_out(const struct log *log)
{
    for (size_t i = 0; i < LOG_KINDS; i++)
        if (log->budgets[i].left_out > 0)
            return true;
    return false;
}

void log_say_left_out(struct log *log)
{
    struct log_budget budgets[LOG_KINDS];
    {
        HOLD_LOCK(&log->lock);
        memcpy(budgets, log->budgets, sizeof(budgets));
        for (size_t i = 0; i < LOG_KINDS; i++)
            log->budgets[i].left_out = 0;
    }
    for (size_t i = 0; i < LOG_KINDS; i++)
        if (budgets[i].left_out > 0)
            log_write(log, budgets[i].level, "%" PRIu64 " more lines were left out (%s)",
                      budgets[i].left_out, kinds[i].about);
}

/* Waits until something was left out, and then a while for more. False: the log stops. */
static bool await_left_out(struct log *log)
{
    HOLD_LOCK(&log->lock);

    while (!log->stopping && !has_left_out(log))
        pthread_cond_wait(&log->change, &log->lock);
    const struct timespec until = clock_in_ms(SAY_AFTER_MS);
    while (!log->stopping)
        if (pthread_cond_clockwait(&log->change, &log->lock, CLOCK_MONOTONIC, &until) == ETIMEDOUT)
            return true;
    return false;
}

static void *say_left_out(void *argument)
{
    while (await_left_out(argument))
        log_say_left_out(argument);
    return NULL;
}

int log_start(struct log *log)
{
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, LOG_STACK);
    int error = pthread_create(&log->thread, &attributes, say_left_out, log);
    pthread_attr_destroy(&attributes);
    HOLD_LOCK(&log->lock);
    log->running = error == 0;
    return -error;
}

void log_stop(struct log *log)
{
    bool running = false;
    {
        HOLD_LOCK(&log->lock);
        running = log->running;
        log->running = false;
        log->stopping = true;
        pthread_cond_signal(&log->change);
    }
    if (!running)
        return;
    (void)pthread_join(log->thread, NULL);
    log_say_left_out(log);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Whatever the names in it contain, it is one line. Without memory for that it is lost. */
static void write_text(struct log *log, enum fuse_log_level level, const char *text)
{
    AUTO_FREE char *line = printable(text);
    log_sink *sink = atomic_load(&log->sink);

    if (line != NULL)
        sink(atomic_load(&log->mountpoint), level, line);
}

static void write_arguments(struct log *log, enum fuse_log_level level, const char *format,
                            va_list arguments)
{
    AUTO_FREE char *text = NULL;

    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    else
        write_text(log, level, text);
}

void log_write(struct log *log, enum fuse_log_level level, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    write_arguments(log, level, format, arguments);
    va_end(arguments);
}

void log_say(struct log *log, enum log_kind kind, enum fuse_log_level level, const char *format,
             ...)
{
    va_list arguments;

    if (!log_may_write(log, kind, level))
        return;
    va_start(arguments, format);
    write_arguments(log, level, format, arguments);
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
        write_text(log, level, part.text);
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
