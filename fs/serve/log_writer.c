/* SPDX-License-Identifier: MIT */
#include "fs/serve/log_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/list.h"

enum {
    QUEUE_MOST = 64,        /* lines in the queue … */
    DEBUG_QUEUE_MOST = 512, /* … and debug lines */
    LINE_MOST = 8 * 1024,   /* bytes of a line */
    WAIT_MS = 500,          /* of a request */
    SAY_AFTER_MS = 1000,    /* until the log says how many lines were left out */
    STOP_MS = 1000,         /* for the lines that are queued at the end */
    LOG_STACK = 128 * 1024,
};

struct line {
    struct list link;
    log_sink *sink;
    const char *mountpoint; /* after the text, or NULL: not said yet */
    enum fuse_log_level level;
    uint64_t number;
    char text[];
};

struct log_left_out {
    uint64_t lines;            /* since that was last said */
    enum fuse_log_level level; /* of the last one */
};

enum state {
    DIRECT,   /* callers write */
    QUEUED,   /* the thread writes */
    STOPPING, /* it writes the rest */
    GIVEN_UP, /* nobody writes */
};

struct log_writer {
    _Atomic(log_sink *) sink;
    _Atomic(char *) mountpoint; /* printable; owned; NULL: not said yet */
    pthread_mutex_t lock;
    pthread_cond_t work;     /* for the thread */
    pthread_cond_t progress; /* a line was written, or the thread has ended */
    /* All of these are protected by lock. */
    enum state state;
    struct list lines;
    unsigned room[2]; /* in the queue; [true]: for debug lines */
    uint64_t queued;  /* the number of the last line queued … */
    uint64_t written; /* … and written */
    bool blocked;     /* a request has waited in vain since the last line was written */
    bool ended;       /* the thread */
    bool unowned;     /* the thread frees the writer at its end */
    struct log_left_out left_out[LOG_KINDS];
    pthread_t thread; /* not protected */
};

/* --- life ------------------------------------------------------------------------------------- */

struct log_writer *log_writer_new(void)
{
    struct log_writer *writer = calloc(1, sizeof(*writer));

    if (writer == NULL)
        return NULL;
    atomic_init(&writer->sink, log_to_stderr);
    atomic_init(&writer->mountpoint, NULL);
    pthread_mutex_init(&writer->lock, NULL);
    pthread_cond_init(&writer->work, NULL);
    pthread_cond_init(&writer->progress, NULL);
    list_reset(&writer->lines);
    writer->room[false] = QUEUE_MOST;
    writer->room[true] = DEBUG_QUEUE_MOST;
    return writer;
}

static void destroy(struct log_writer *writer)
{
    while (!list_empty(&writer->lines)) {
        struct line *line = list_object(writer->lines.next, struct line, link);
        list_remove(&line->link);
        free(line);
    }
    pthread_cond_destroy(&writer->progress);
    pthread_cond_destroy(&writer->work);
    pthread_mutex_destroy(&writer->lock);
    free(atomic_load(&writer->mountpoint));
    free(writer);
}

void log_writer_free(struct log_writer *writer)
{
    if (writer == NULL)
        return;
    {
        HOLD_LOCK(&writer->lock);
        writer->unowned = writer->state == GIVEN_UP && !writer->ended;
        if (writer->unowned)
            return;
    }
    destroy(writer);
}

void log_writer_set_sink(struct log_writer *writer, log_sink *sink)
{
    atomic_store(&writer->sink, sink);
}

void log_writer_name_mountpoint(struct log_writer *writer, char *mountpoint)
{
    atomic_store(&writer->mountpoint, mountpoint);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* How much of a text a line takes: whole characters. */
static size_t used_length(const char *text)
{
    size_t length = strnlen(text, LINE_MOST + 1);

    if (length <= LINE_MOST)
        return length;
    length = LINE_MOST;
    while (length > 0 && ((unsigned char)text[length] & 0xC0U) == 0x80U)
        length--;
    return length;
}

static struct line *make_line(struct log_writer *writer, enum fuse_log_level level,
                              const char *text)
{
    const char *mountpoint = atomic_load(&writer->mountpoint);
    const size_t length = used_length(text);
    const size_t place = mountpoint != NULL ? strlen(mountpoint) + 1 : 0;
    struct line *line = malloc(sizeof(*line) + length + 1 + place);

    if (line == NULL)
        return NULL;
    *line = (struct line){.sink = atomic_load(&writer->sink), .level = level};
    list_reset(&line->link);
    memcpy(line->text, text, length);
    line->text[length] = '\0';
    if (mountpoint != NULL)
        line->mountpoint = memcpy(line->text + length + 1, mountpoint, place);
    return line;
}

static void pass_on_line(struct line *line)
{
    line->sink(line->mountpoint, line->level, line->text);
    free(line);
}

/* The lock is held. */
static void count_left_out(struct log_writer *writer, enum log_kind kind, enum fuse_log_level level)
{
    writer->left_out[kind].lines++;
    writer->left_out[kind].level = level;
    pthread_cond_signal(&writer->work);
}

void log_writer_leave_out(struct log_writer *writer, enum log_kind kind, enum fuse_log_level level)
{
    HOLD_LOCK(&writer->lock);
    count_left_out(writer, kind, level);
}

/* The lock is held, and dropped while this waits. False: the sink takes nothing. */
static bool await_progress(struct log_writer *writer, const struct timespec *until)
{
    if (writer->blocked)
        return false;
    if (pthread_cond_clockwait(&writer->progress, &writer->lock, CLOCK_MONOTONIC, until) ==
        ETIMEDOUT)
        writer->blocked = true;
    return !writer->blocked;
}

/* The lock is held. False: there is no place. */
static bool queue_line(struct log_writer *writer, struct line *line, const struct timespec *until)
{
    const bool debug = line->level == FUSE_LOG_DEBUG;

    while (debug && writer->room[debug] == 0 && await_progress(writer, until))
        ;
    if (writer->room[debug] == 0)
        return false;
    writer->room[debug]--;
    line->number = ++writer->queued;
    list_append(&writer->lines, &line->link);
    pthread_cond_signal(&writer->work);
    return true;
}

/* Returns the line if the caller is to write it, else NULL. */
static struct line *submit(struct log_writer *writer, enum log_kind kind, struct line *line)
{
    const enum fuse_log_level level = line->level;
    const struct timespec until = clock_in_ms(WAIT_MS);
    HOLD_LOCK(&writer->lock);

    if (writer->state == DIRECT)
        return line;
    if (writer->state == GIVEN_UP || !queue_line(writer, line, &until)) {
        count_left_out(writer, kind, level);
        free(line);
        return NULL;
    }
    const uint64_t number = writer->queued;
    while (level != FUSE_LOG_DEBUG && writer->written < number && await_progress(writer, &until))
        ;
    return NULL;
}

void log_writer_put(struct log_writer *writer, enum log_kind kind, enum fuse_log_level level,
                    const char *text)
{
    struct line *line = make_line(writer, level, text);

    if (line != NULL)
        line = submit(writer, kind, line);
    else
        log_writer_leave_out(writer, kind, level);
    if (line != NULL)
        pass_on_line(line);
}

/* --- what was left out ------------------------------------------------------------------------ */

/* The lock is held. */
static bool has_left_out(const struct log_writer *writer)
{
    for (size_t i = 0; i < LOG_KINDS; i++)
        if (writer->left_out[i].lines > 0)
            return true;
    return false;
}

/* The lock is not held. The caller writes, as these lines need no place in the queue. */
void log_writer_say_left_out(struct log_writer *writer)
{
    struct log_left_out all[LOG_KINDS];
    char text[200];
    {
        HOLD_LOCK(&writer->lock);
        memcpy(all, writer->left_out, sizeof(all));
        memset(writer->left_out, 0, sizeof(writer->left_out));
    }
    for (size_t i = 0; i < LOG_KINDS; i++) {
        if (all[i].lines == 0)
            continue;
        (void)snprintf(text, sizeof(text), "%" PRIu64 " more lines were left out (%s)",
                       all[i].lines, log_kinds[i].about);
        struct line *line = make_line(writer, all[i].level, text);
        if (line != NULL)
            pass_on_line(line);
    }
}

/* --- the thread ------------------------------------------------------------------------------- */

/* Waits for a line. NULL: there is none, and either lines were left out or the end has come. */
static struct line *await_line(struct log_writer *writer, bool *end)
{
    HOLD_LOCK(&writer->lock);
    bool counting = false; /* something was left out, and a while has not passed */
    struct timespec until = {0};

    while (list_empty(&writer->lines) && writer->state == QUEUED) {
        if (!counting && has_left_out(writer)) {
            counting = true;
            until = clock_in_ms(SAY_AFTER_MS);
        }
        if (!counting)
            pthread_cond_wait(&writer->work, &writer->lock);
        else if (pthread_cond_clockwait(&writer->work, &writer->lock, CLOCK_MONOTONIC, &until) ==
                 ETIMEDOUT)
            break;
    }
    *end = writer->state == GIVEN_UP || (writer->state == STOPPING && list_empty(&writer->lines));
    if (writer->state == GIVEN_UP || list_empty(&writer->lines))
        return NULL;
    struct line *line = list_object(writer->lines.next, struct line, link);
    list_remove(&line->link);
    return line;
}

static void note_written(struct log_writer *writer, uint64_t number, bool debug)
{
    HOLD_LOCK(&writer->lock);
    writer->room[debug]++;
    writer->written = number;
    writer->blocked = false;
    pthread_cond_broadcast(&writer->progress);
}

/* The end of the thread. True: the writer is its to free. */
static bool note_end(struct log_writer *writer)
{
    HOLD_LOCK(&writer->lock);
    writer->ended = true;
    pthread_cond_broadcast(&writer->progress);
    return writer->unowned;
}

static bool is_given_up(struct log_writer *writer)
{
    HOLD_LOCK(&writer->lock);
    return writer->state == GIVEN_UP;
}

static void *write_lines(void *argument)
{
    struct log_writer *writer = argument;
    bool end = false;

    while (!end) {
        struct line *line = await_line(writer, &end);
        if (line != NULL) {
            const uint64_t number = line->number;
            const bool debug = line->level == FUSE_LOG_DEBUG;
            pass_on_line(line);
            note_written(writer, number, debug);
        } else if (!is_given_up(writer))
            log_writer_say_left_out(writer);
    }
    if (note_end(writer))
        destroy(writer);
    return NULL;
}

int log_writer_start(struct log_writer *writer)
{
    pthread_attr_t attributes;
    HOLD_LOCK(&writer->lock);

    pthread_attr_init(&attributes);
    (void)pthread_attr_setstacksize(&attributes, LOG_STACK);
    int error = pthread_create(&writer->thread, &attributes, write_lines, writer);
    pthread_attr_destroy(&attributes);
    if (error == 0)
        writer->state = QUEUED;
    return -error;
}

/* False: there is no thread to wait for, or it does not end. */
static bool await_thread_end(struct log_writer *writer)
{
    const struct timespec until = clock_in_ms(STOP_MS);
    HOLD_LOCK(&writer->lock);

    if (writer->state != QUEUED)
        return false;
    writer->state = STOPPING;
    pthread_cond_signal(&writer->work);
    while (!writer->ended)
        if (pthread_cond_clockwait(&writer->progress, &writer->lock, CLOCK_MONOTONIC, &until) ==
            ETIMEDOUT)
            break;
    writer->state = writer->ended ? DIRECT : GIVEN_UP;
    if (!writer->ended)
        (void)pthread_detach(writer->thread);
    return writer->ended;
}

void log_writer_stop(struct log_writer *writer)
{
    if (await_thread_end(writer))
        (void)pthread_join(writer->thread, NULL);
}
