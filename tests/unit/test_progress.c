/* SPDX-License-Identifier: MIT */
/*
 * fs/command/progress: numbers of bytes, the bar, and the lines if there is no terminal.
 *
 * This program is linked with --wrap=clock_gettime, isatty and ioctl, so that it can simulate a
 * clock and a terminal.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "fs/command/progress.h"
#include "tests/unit/capture.h"

#define MIB (1024ull * 1024)
#define GIB (1024 * MIB)

/* The clock and the terminal */

static int64_t now_ms;      /* CLOCK_MONOTONIC */
static bool terminal;       /* whether standard error is one */
static unsigned short wide; /* its columns; 0: not reported */

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_isatty(int fd);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    assert_int_equal(clock, CLOCK_MONOTONIC);
    *now = (struct timespec){now_ms / 1000, now_ms % 1000 * 1000000};
    return 0;
}

int __wrap_isatty(int fd)
{
    assert_int_equal(fd, STDERR_FILENO);
    return terminal ? 1 : 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;

    assert_int_equal(fd, STDERR_FILENO);
    assert_int_equal(request, TIOCGWINSZ);
    va_start(arguments, request);
    struct winsize *size = va_arg(arguments, struct winsize *);
    va_end(arguments);
    size->ws_col = wide;
    return 0;
}

/* Begins at 100 s. */
static struct progress begin(const char *name, bool on_terminal)
{
    struct progress progress;

    now_ms = 100000;
    terminal = on_terminal;
    wide = 80;
    progress_begin(&progress, name);
    return progress;
}

/* What is written `after_ms` since the start. */
static const char *show(struct progress *progress, int64_t after_ms, uint64_t done, uint64_t size)
{
    now_ms = 100000 + after_ms;
    struct capture capture = capture_begin(STDERR_FILENO);
    progress_show(progress, done, size);
    return capture_end(&capture);
}

/* Bytes */

static void assert_bytes(double bytes, const char *wanted)
{
    char text[PROGRESS_BYTES_MOST];
    progress_bytes(bytes, text);
    assert_string_equal(text, wanted);
}

static void test_bytes(void **state)
{
    (void)state;
    assert_bytes(0, "0 B");
    assert_bytes(1, "1 B");
    assert_bytes(1023, "1023 B");
    assert_bytes(1024, "1.0 KiB");
    assert_bytes(1536, "1.5 KiB");
    assert_bytes(99.9 * 1024, "99.9 KiB");
    assert_bytes(100 * 1024, "100 KiB");
    assert_bytes(1023 * 1024, "1023 KiB");
    assert_bytes((double)MIB, "1.0 MiB");
    assert_bytes((double)GIB, "1.0 GiB");
    assert_bytes((double)GIB * 1024, "1.0 TiB");
    assert_bytes((double)GIB * 1024 * 1024, "1.0 PiB");
    assert_bytes((double)INT64_MAX, "8.0 EiB");
    assert_bytes((double)UINT64_MAX, "16.0 EiB");
}

/* Whatever the number, the text has room, and digits after the point only if they say something. */
static void test_bytes_at_random(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        uint64_t bytes = random_next(&random) >> random_below(&random, 64);
        char text[PROGRESS_BYTES_MOST + 1];
        char unit[8];
        double value = 0;
        memset(text, 'x', sizeof(text));
        progress_bytes((double)bytes, text);
        assert_int_equal(text[PROGRESS_BYTES_MOST], 'x');
        assert_int_equal(sscanf(text, "%lf %7s", &value, unit), 2);
        assert_true(value >= (unit[0] == 'B' ? 0 : 1) && value <= 1024);
        if (value != 100) /* which may be 99.96 */
            assert_int_equal(strchr(text, '.') != NULL, unit[0] != 'B' && value < 100);
    }
}

/* The bar */

static void test_bar(void **state)
{
    struct progress progress = begin("app.log", true);
    (void)state;

    assert_string_equal(show(&progress, 0, 0, 100 * MIB),
                        "\r\033[Kapp.log [................]   0%  0 B/s  -:-- left");
    assert_string_equal(show(&progress, 2000, 25 * MIB, 100 * MIB),
                        "\r\033[Kapp.log [####............]  25%  12.5 MiB/s  0:06 left");
    assert_string_equal(show(&progress, 4000, 99 * MIB, 100 * MIB),
                        "\r\033[Kapp.log [###############.]  99%  24.8 MiB/s  0:00 left");
    assert_string_equal(show(&progress, 5000, 100 * MIB, 100 * MIB),
                        "\r\033[Kapp.log [################] 100%  20.0 MiB/s  0:00 left");
    struct capture capture = capture_begin(STDERR_FILENO);
    progress_end(&progress);
    assert_string_equal(capture_end(&capture), "\r\033[K");
}

/* What was done before the start has taken no time. */
static void test_what_was_done_before(void **state)
{
    struct progress progress = begin("app.log", true);
    (void)state;

    (void)show(&progress, 0, 60 * MIB, 100 * MIB);
    assert_string_equal(show(&progress, 10000, 70 * MIB, 100 * MIB),
                        "\r\033[Kapp.log [###########.....]  70%  1.0 MiB/s  0:30 left");
    assert_string_equal(show(&progress, 10000, 50 * MIB, 100 * MIB), /* counted anew */
                        "\r\033[Kapp.log [########........]  50%  0 B/s  -:-- left");
}

static const char *left(uint64_t seconds)
{
    static char text[32];
    struct progress progress = begin("x", true);
    (void)show(&progress, 0, 0, seconds + 1);
    const char *shown = show(&progress, 1000, 1, seconds + 1);
    assert_int_equal(sscanf(strstr(shown, "/s  "), "/s  %31s left", text), 1);
    return text;
}

static void test_time_left(void **state)
{
    (void)state;
    assert_string_equal(left(0), "0:00");
    assert_string_equal(left(59), "0:59");
    assert_string_equal(left(60), "1:00");
    assert_string_equal(left(3599), "59:59");
    assert_string_equal(left(3600), "1:00:00");
    assert_string_equal(left(86399), "23:59:59");
    assert_string_equal(left(100000000), "27777:46:40");
    assert_string_equal(left(100000001), "-:--");
    assert_string_equal(left(UINT64_MAX - 1), "-:--");
    struct progress progress = begin("x", true);
    (void)show(&progress, 0, 0, 10);
    assert_non_null(strstr(show(&progress, 3000, 4, 10), "/s  0:05 left")); /* 4.5 s */
}

/* How many columns a text without wide characters takes. */
static size_t count_columns(const char *text)
{
    size_t columns = 0;
    for (; *text != '\0'; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* The line that is drawn on a terminal this wide, and the columns of its bar; 0: it has none. */
static const char *line_on(const char *name, unsigned short columns, size_t *bar)
{
    struct progress progress = begin(name, true);
    wide = columns;
    (void)show(&progress, 0, 0, 1000 * GIB);
    const char *line = show(&progress, 100000, 999 * GIB, 1000 * GIB) + strlen("\r\033[K");
    const char *start = strchr(line, '[');
    *bar = start != NULL ? strcspn(start, "]") - 1 : 0;
    return line;
}

/* However narrow the terminal is, no line breaks, and all that has room is shown. */
static void test_width(void **state)
{
    char name[301] = {0};
    size_t bar = 0;
    (void)state;

    memset(name, 'n', sizeof(name) - 1);
    for (unsigned short columns = 1; columns < 400; columns++) {
        const char *line = line_on(name, columns, &bar);
        const size_t used = count_columns(line);
        assert_in_range(used, columns < 5 ? columns : columns < 6 ? 4 : 6, columns);
        assert_int_equal(bar > 0, columns >= 66);
    }
    (void)line_on(name, 80, &bar);
    assert_int_equal(bar, 16);
    (void)line_on(name, 0, &bar); /* taken for 80 */
    assert_int_equal(bar, 16);
    (void)line_on(name, 66, &bar);
    assert_int_equal(bar, 10);
    (void)line_on(name, 127, &bar);
    assert_int_equal(bar, 39);
    (void)line_on(name, UINT16_MAX, &bar);
    assert_int_equal(bar, 40);
}

/* The end of a name tells more than its start. */
static void test_narrow(void **state)
{
    static const char name[] = "/data/logs/app-2026-11-28.log";
    size_t bar = 0;
    (void)state;

    assert_string_equal(line_on(name, 40, &bar), "\u2026app-2026-11-28.log 100% 10.0 GiB/s 0:00");
    assert_string_equal(line_on("a.log", 40, &bar), "a.log 100% 10.0 GiB/s 0:00");
    assert_string_equal(line_on(name, 30, &bar), "\u20261-28.log 100% 10.0 GiB/s 0:00");
    assert_string_equal(line_on(name, 20, &bar), "\u202611-28.log 100% 0:00");
    assert_string_equal(line_on(name, 14, &bar), "\u20261-28.log 100%");
    assert_string_equal(line_on(name, 6, &bar), "\u2026 100%");
    assert_string_equal(line_on(name, 5, &bar), "100%");
    assert_string_equal(line_on(name, 2, &bar), "10");
}

/* What is shown of a name on a terminal of 80 columns. */
static const char *shown_of(const char *name)
{
    static char text[64];
    struct progress progress = begin(name, true);
    const char *line = show(&progress, 0, 0, 1) + strlen("\r\033[K");
    size_t length = (size_t)(strstr(line, " [") - line);
    assert_in_range(length, 0, sizeof(text) - 1);
    memcpy(text, line, length);
    text[length] = '\0';
    return text;
}

/* Room for 16 columns, and no part of a character. */
static void test_names(void **state)
{
    (void)state;
    assert_string_equal(shown_of(""), "");
    assert_string_equal(shown_of("0123456789abcdef"), "0123456789abcdef");
    assert_string_equal(shown_of("0123456789abcdefg"), "\u202623456789abcdefg");
    assert_string_equal(shown_of("0123456789abcde\u00e9"), "0123456789abcde\u00e9");
    assert_string_equal(shown_of("\u00e9\u00e90123456789abcde"), "\u20260123456789abcde");
    /* Two columns each. */
    assert_string_equal(shown_of("\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22"),
                        "\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22");
    assert_string_equal(shown_of("\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22x"),
                        "\u2026\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22x");
    assert_string_equal(shown_of("x\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22"),
                        "\u2026\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22\u6f22");
    /* One that is drawn over the one before takes none, and is not left alone. */
    assert_string_equal(shown_of("e\u0301123456789abcdef"), "e\u0301123456789abcdef");
    assert_string_equal(shown_of("xe\u0301123456789abcdef"), "\u2026123456789abcdef");
    assert_string_equal(
        shown_of("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"
                 "\x80"),
        "\u2026\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"); /* none */
}

/* Numbers that make no sense stay within the bar. */
static void test_too_much(void **state)
{
    struct progress progress = begin("x", true);
    (void)state;

    assert_string_equal(show(&progress, 0, 3, 2),
                        "\r\033[Kx [################] 100%  0 B/s  -:-- left");
    assert_string_equal(show(&progress, 1000, UINT64_MAX, 2),
                        "\r\033[Kx [################] 100%  0 B/s  -:-- left");
    assert_string_equal(show(&progress, 1000, 0, 0),
                        "\r\033[Kx [################] 100%  0 B/s  -:-- left");
    assert_string_equal(show(&progress, -5000, 1, 2), /* a clock that goes back */
                        "\r\033[Kx [########........]  50%  0 B/s  -:-- left");
}

/* Lines, without a terminal */

static void test_lines(void **state)
{
    struct progress progress = begin("app.log", false);
    (void)state;

    assert_string_equal(show(&progress, 0, 0, 100 * MIB), "");
    assert_string_equal(show(&progress, 9999, 10 * MIB, 100 * MIB), "");
    assert_string_equal(show(&progress, 10000, 20 * MIB, 100 * MIB),
                        "app.log: 20%, 2.0 MiB/s, 0:40 left\n");
    assert_string_equal(show(&progress, 19999, 40 * MIB, 100 * MIB), "");
    assert_string_equal(show(&progress, 25000, 50 * MIB, 100 * MIB),
                        "app.log: 50%, 2.0 MiB/s, 0:25 left\n");
    assert_string_equal(show(&progress, 34999, 51 * MIB, 100 * MIB), "");
    assert_string_equal(show(&progress, 35000, 70 * MIB, 100 * MIB),
                        "app.log: 70%, 2.0 MiB/s, 0:15 left\n");
    struct capture capture = capture_begin(STDERR_FILENO);
    progress_end(&progress);
    assert_string_equal(capture_end(&capture), "");
}

/* A name of any length is shown as it is. */
static void test_lines_have_room(void **state)
{
    char name[5001] = {0};
    (void)state;

    memset(name, 'n', sizeof(name) - 1);
    struct progress progress = begin(name, false);
    (void)show(&progress, 0, 0, 100);
    assert_int_equal(strcspn(show(&progress, 10000, 1, 100), ":"), sizeof(name) - 1);
}

static void test_elapsed(void **state)
{
    struct progress progress = begin("x", false);
    (void)state;

    assert_int_equal(progress_elapsed(&progress), 1);
    now_ms += 1;
    assert_int_equal(progress_elapsed(&progress), 1);
    now_ms += 1234;
    assert_int_equal(progress_elapsed(&progress), 1235);
    now_ms -= 5000;
    assert_int_equal(progress_elapsed(&progress), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_bytes_at_random),
        cmocka_unit_test(test_bar),
        cmocka_unit_test(test_what_was_done_before),
        cmocka_unit_test(test_time_left),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_too_much),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_have_room),
        cmocka_unit_test(test_elapsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
