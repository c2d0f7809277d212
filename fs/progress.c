#include "fs/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum {
    WIDTH = 80, /* of a terminal that does not say */
    BAR_MOST = 40,
    BAR_LEAST = 10,
    AROUND_BAR = 48, /* columns for all that is not bar or name */
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
        .from = UINT64_MAX,
        .shown = isatty(STDERR_FILENO) != 0,
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

static int columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : WIDTH;
}

/* Time left, "1:02:03" or "2:03"; nothing is known at the start. */
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

void progress_draw(struct progress *progress, uint64_t done, uint64_t size)
{
    char bar[BAR_MOST + 1];
    char rate[PROGRESS_BYTES_MOST];
    char left[24];

    if (progress->from == UINT64_MAX)
        progress->from = done;
    if (!progress->shown)
        return;
    double part = size > 0 ? (double)done / (double)size : 1;
    double per_second = (double)(done - progress->from) * 1000 / (double)progress_elapsed(progress);
    int room = columns() - AROUND_BAR;
    int width = room / 2 < BAR_LEAST ? BAR_LEAST : room / 2 > BAR_MOST ? BAR_MOST : room / 2;
    int name_room = room - width > 8 ? room - width : 8;

    write_bar(part, width, bar);
    progress_bytes(per_second, rate);
    write_left(per_second > 0 ? (double)(size - done) / per_second : -1, left, sizeof(left));
    (void)fprintf(stderr, "\r\033[K%.*s [%s] %3.0f%%  %s/s  %s left", name_room, progress->name,
                  bar, part * 100, rate, left);
    (void)fflush(stderr);
}

void progress_end(const struct progress *progress)
{
    if (progress->shown)
        (void)fputs("\r\033[K", stderr);
}
