/* SPDX-License-Identifier: MIT */
#include "fs/command/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "fs/command/columns.h"

enum {
    WIDTH = 80, /* columns, if the terminal does not report them */
    BAR_MOST = 40,
    BAR_LEAST = 10,
    NAME_LEAST = 8,
    AROUND_BAR = 48,                            /* columns for all but the bar and the name */
    WIDE = AROUND_BAR + BAR_LEAST + NAME_LEAST, /* columns; fewer have no room for a bar */
    LINE_EVERY = 10000,                         /* ms */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *name)
{
    *progress = (struct progress){
        .name = name,
        .started = now_ms(),
        .told = now_ms(),
        .from = UINT64_MAX,
        .terminal = isatty(STDERR_FILENO) != 0,
    };
}

int64_t progress_elapsed(const struct progress *progress)
{
    int64_t elapsed = now_ms() - progress->started;
    return elapsed > 0 ? elapsed : 1;
}

void progress_bytes(double bytes, char *text)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(text, PROGRESS_BYTES_MOST, "%.*f %s", unit > 0 && bytes < 100 ? 1 : 0, bytes,
                   units[unit]);
}

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH;
}

/* Writes the time left as "1:02:03" or "2:03", or "-:--" if it is not known. */
static void write_left(double seconds, char *text, size_t size)
{
    long left = (long)(seconds + 0.5);
    if (seconds < 0 || seconds > 1e8)
        (void)snprintf(text, size, "-:--");
    else if (left >= 3600)
        (void)snprintf(text, size, "%ld:%02ld:%02ld", left / 3600, left / 60 % 60, left % 60);
    else
        (void)snprintf(text, size, "%ld:%02ld", left / 60, left % 60);
}

static void write_bar(double part, int width, char *text)
{
    int full = (int)(part * width);
    memset(text, '.', (size_t)width);
    memset(text, '#', (size_t)full);
    text[width] = '\0';
}

/* What the bar and the lines show. */
struct figures {
    double part;
    char rate[PROGRESS_BYTES_MOST];
    char left[24];
};

static void work_out(const struct progress *progress, uint64_t done, uint64_t size,
                     struct figures *figures)
{
    double per_second =
        (double)saturating_sub(done, progress->from) * 1000 / (double)progress_elapsed(progress);

    figures->part = size > 0 ? (double)done / (double)size : 1;
    progress_bytes(per_second, figures->rate);
    write_left(per_second > 0 ? (double)(size - done) / per_second : -1, figures->left,
               sizeof(figures->left));
}

static int between(int least, int value, int most)
{
    return value < least ? least : value > most ? most : value;
}

/* Draws the end of a name that takes at most `room` columns, after an ellipsis if it is not all. */
static void draw_name(const struct columns *columns, const char *name, size_t room)
{
    const bool fits = columns_of(columns, name) <= room;

    if (room > 0)
        (void)fprintf(stderr, "%s%s", fits ? "" : "\u2026",
                      columns_end(columns, name, fits ? room : room - 1));
}

static void draw_wide(const struct columns *columns, const char *name,
                      const struct figures *figures, int wide)
{
    char bar[BAR_MOST + 1];
    const int room = wide - AROUND_BAR;
    const int width = between(BAR_LEAST, room / 2, BAR_MOST);

    write_bar(figures->part, width, bar);
    draw_name(columns, name, (size_t)(room - width));
    (void)fprintf(stderr, " [%s] %3.0f%%  %s/s  %s left", bar, figures->part * 100, figures->rate,
                  figures->left);
}

/* Without a bar; and without the rate, or the time too, if the name would get too little room. */
static void draw_narrow(const struct columns *columns, const char *name,
                        const struct figures *figures, int wide)
{
    char tails[3][2 * PROGRESS_BYTES_MOST + sizeof(figures->left)];
    const size_t wanted = columns_of(columns, name);
    const size_t least = wanted < NAME_LEAST ? wanted : NAME_LEAST;
    size_t tail = 0;

    (void)snprintf(tails[0], sizeof(tails[0]), "%3.0f%% %s/s %s", figures->part * 100,
                   figures->rate, figures->left);
    (void)snprintf(tails[1], sizeof(tails[1]), "%3.0f%% %s", figures->part * 100, figures->left);
    (void)snprintf(tails[2], sizeof(tails[2]), "%3.0f%%", figures->part * 100);
    while (tail < 2 && strlen(tails[tail]) + 1 + least > (size_t)wide)
        tail++;
    const size_t length = strlen(tails[tail]);
    if ((size_t)wide > length + 1) {
        draw_name(columns, name, (size_t)wide - length - 1);
        (void)fputc(' ', stderr);
    }
    (void)fprintf(stderr, "%.*s", wide, tails[tail]);
}

/* The width is asked for each time, as the user may change it. */
static void draw_bar(const struct progress *progress, const struct figures *figures)
{
    const int wide = terminal_columns();
    struct columns columns;

    columns_open(&columns);
    (void)fputs("\r\033[K", stderr);
    if (wide >= WIDE)
        draw_wide(&columns, progress->name, figures, wide);
    else
        draw_narrow(&columns, progress->name, figures, wide);
    columns_close(&columns);
    (void)fflush(stderr);
}

void progress_show(struct progress *progress, uint64_t done, uint64_t size)
{
    struct figures figures;
    int64_t now = now_ms();

    done = min_u64(done, size);
    if (progress->from == UINT64_MAX)
        progress->from = done;
    work_out(progress, done, size, &figures);
    if (progress->terminal) {
        draw_bar(progress, &figures);
    } else if (now - progress->told >= LINE_EVERY) {
        progress->told = now;
        (void)fprintf(stderr, "%s: %.0f%%, %s/s, %s left\n", progress->name, figures.part * 100,
                      figures.rate, figures.left);
    }
}

unsigned progress_percent(uint64_t done, uint64_t size)
{
    return size > 0 ? (unsigned)((double)min_u64(done, size) / (double)size * 100) : 100;
}

void progress_end(const struct progress *progress)
{
    if (progress->terminal)
        (void)fputs("\r\033[K", stderr);
}
