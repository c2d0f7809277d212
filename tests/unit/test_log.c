/* SPDX-License-Identifier: MIT */
/* log: levels, budgets, what was left out, and the lines of libfuse. The clock is the test's. */
#include "tests/unit/support.h"

#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs/serve/log.h"
#include "tests/unit/capture.h"

enum { IN_A_ROW = 20, LINE_EVERY_MS = 500, QUEUE_MOST = 64, LINE_MOST = 8192 };

#define NEVER_MS (1000LL * 3600 * 24 * 365 * 100)

static int64_t now_ms;
static atomic_uint written;
static char last[10000];
static char last_place[200];
static enum fuse_log_level last_level;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){now_ms / 1000, now_ms % 1000 * 1000000};
    return 0;
}

static void note_line(const char *mountpoint, enum fuse_log_level level, const char *line)
{
    (void)snprintf(last, sizeof(last), "%s", line);
    (void)snprintf(last_place, sizeof(last_place), "%s", mountpoint != NULL ? mountpoint : "none");
    last_level = level;
    atomic_fetch_add(&written, 1);
}

static int setup(void **state)
{
    static struct log log;
    now_ms = 1000000;
    atomic_store(&written, 0);
    assert_int_equal(log_init(&log), 0);
    log_set_sink(&log, note_line);
    log_take_libfuse(&log);
    *state = &log;
    return 0;
}

static int teardown(void **state)
{
    log_take_libfuse(NULL);
    now_ms = NEVER_MS; /* the end waits for the thread */
    log_stop(*state);
    log_destroy(*state);
    return 0;
}

/* Says a line of a kind. Returns whether it was written. */
static bool line(struct log *log, enum log_kind kind, unsigned number)
{
    unsigned before = atomic_load(&written);
    log_say(log, kind, FUSE_LOG_NOTICE, "line %u of %s", number, "some");
    return atomic_load(&written) > before;
}

static unsigned lines(struct log *log, enum log_kind kind, unsigned count)
{
    unsigned all = 0;
    for (unsigned i = 0; i < count; i++)
        all += line(log, kind, i);
    return all;
}

static void test_a_line(void **state)
{
    assert_true(line(*state, LOG_LIFE, 7));
    assert_string_equal(last, "line 7 of some");
    assert_string_equal(last_place, "none");
    assert_int_equal(last_level, FUSE_LOG_NOTICE);
    log_name_mountpoint(*state, "/mnt/a\nb");
    assert_true(line(*state, LOG_LIFE, 8));
    assert_string_equal(last_place, "/mnt/a\\nb");
}

/* A name can hold line breaks and control characters; none of them reaches the sink. */
static void test_one_line(void **state)
{
    log_say(*state, LOG_STALE, FUSE_LOG_WARNING, "%s: %s", "a\nbigfs: \033[31m", "x");
    assert_string_equal(last, "a\\nbigfs: \\x1b[31m: x");
    assert_int_equal(atomic_load(&written), 1);
}

static void test_levels(void **state)
{
    static const struct {
        const char *name;
        unsigned lines;
    } levels[] = {{"error", 1}, {"warning", 2}, {"notice", 3}, {"info", 4}, {"debug", 5}};
    static const enum fuse_log_level all[] = {FUSE_LOG_ERR, FUSE_LOG_WARNING, FUSE_LOG_NOTICE,
                                              FUSE_LOG_INFO, FUSE_LOG_DEBUG};
    struct log *log = *state;

    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        atomic_store(&written, 0);
        assert_true(log_level_named(levels[i].name, &log->level));
        for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++)
            log_say(log, LOG_LIFE, all[k], "x");
        assert_int_equal(atomic_load(&written), levels[i].lines);
    }
    assert_false(log_level_named("warn", &log->level));
    assert_false(log_level_named("", &log->level));
}

static void test_no_flood(void **state)
{
    assert_int_equal(lines(*state, LOG_STALE, 10000), IN_A_ROW);
    now_ms += LINE_EVERY_MS - 1;
    assert_false(line(*state, LOG_STALE, 1));
    now_ms += 1;
    assert_true(line(*state, LOG_STALE, 2));
    assert_false(line(*state, LOG_STALE, 3));
}

/* Lines of one kind leave room for those of all others. */
static void test_each_kind_has_its_own_budget(void **state)
{
    for (enum log_kind kind = 0; kind < LOG_KINDS; kind++)
        if (kind != LOG_INDEX)
            assert_int_equal(lines(*state, kind, 100), IN_A_ROW);
}

/* Each damaged index has its warning. */
static void test_indexes_are_never_left_out(void **state)
{
    assert_int_equal(lines(*state, LOG_INDEX, 1000), 1000);
}

/* Lines of a level that is not written use up nothing, and are not counted. */
static bool may_say_once(struct log *log, uint64_t key)
{
    return log_may_write_once(log, LOG_NAME, FUSE_LOG_NOTICE, key);
}

/* What has a key is said once within two seconds, takes no budget then, and is not counted. */
static void test_what_has_a_key(void **state)
{
    struct log *log = *state;

    assert_false(log_may_write_once(log, LOG_NAME, FUSE_LOG_INFO, 1)); /* not at this level */
    assert_true(may_say_once(log, 1));
    assert_true(may_say_once(log, 2));
    for (int i = 0; i < 2 * IN_A_ROW; i++)
        assert_false(may_say_once(log, 1));
    assert_int_equal(lines(log, LOG_NAME, IN_A_ROW), IN_A_ROW - 2);
    now_ms += 1999;
    assert_false(may_say_once(log, 1));
    assert_int_equal(lines(log, LOG_NAME, IN_A_ROW), 3);
    now_ms += 1;
    assert_true(may_say_once(log, 1));
    assert_false(may_say_once(log, 1));
    now_ms += 2000;
    assert_true(may_say_once(log, 1));
    assert_true(may_say_once(log, 1 + LOG_KEYS)); /* takes its place */
    assert_true(may_say_once(log, 1));
}

static void test_what_is_not_due(void **state)
{
    for (unsigned i = 0; i < 100; i++)
        log_say(*state, LOG_NAME, FUSE_LOG_INFO, "x");
    log_writer_say_left_out(((struct log *)*state)->writer);
    assert_int_equal(atomic_load(&written), 0);
    assert_int_equal(lines(*state, LOG_NAME, 100), IN_A_ROW);
}

/* Each kind's count, once, at the level of its lines. */
static void test_what_was_left_out(void **state)
{
    (void)lines(*state, LOG_STALE, IN_A_ROW + 5);
    log_writer_say_left_out(((struct log *)*state)->writer);
    assert_string_equal(last, "5 more lines were left out (stale files)");
    assert_int_equal(last_level, FUSE_LOG_NOTICE);
    assert_int_equal(atomic_load(&written), IN_A_ROW + 1);
    log_writer_say_left_out(((struct log *)*state)->writer);
    assert_int_equal(atomic_load(&written), IN_A_ROW + 1);
}

/* No further line is needed. */
static void test_the_thread_says_it(void **state)
{
    assert_int_equal(log_start(*state), 0);
    (void)lines(*state, LOG_STALE, IN_A_ROW + 1);
    for (unsigned i = 0; i < 10000 && atomic_load(&written) <= IN_A_ROW; i++)
        usleep(1000);
    assert_int_equal(atomic_load(&written), IN_A_ROW + 1);
}

static void test_the_end_says_it(void **state)
{
    now_ms = NEVER_MS; /* the thread would wait for ever */
    assert_int_equal(log_start(*state), 0);
    (void)lines(*state, LOG_STALE, IN_A_ROW + 3);
    log_stop(*state);
    assert_int_equal(atomic_load(&written), IN_A_ROW + 1);
    assert_non_null(strstr(last, "3 more lines"));
}

/* After a long pause there is room for as many lines in a row, and no more. */
static void test_after_a_pause(void **state)
{
    (void)lines(*state, LOG_STALE, 100);
    now_ms += 1000L * 3600 * 24 * 365;
    assert_int_equal(lines(*state, LOG_STALE, 100), IN_A_ROW);
}

/* libfuse writes lines in parts, and several in one call. */
static void test_lines_of_libfuse(void **state)
{
    char longest[1500];

    (void)state;
    fuse_log(FUSE_LOG_ERR, "fuse: %s", "a");
    assert_int_equal(atomic_load(&written), 0);
    fuse_log(FUSE_LOG_ERR, "b\n");
    assert_string_equal(last, "fuse: ab");
    fuse_log(FUSE_LOG_ERR, "c\n\nd\n");
    assert_string_equal(last, "d");
    assert_int_equal(atomic_load(&written), 3);
    fuse_log(FUSE_LOG_DEBUG, "not written\n");
    assert_int_equal(atomic_load(&written), 3);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    fuse_log(FUSE_LOG_ERR, "%s\n", longest);
    assert_int_equal(atomic_load(&written), 5);
}

/* Whoever asks for each request gets all of them. */
static void test_debug_lines_are_never_left_out(void **state)
{
    struct log *log = *state;

    log->level = FUSE_LOG_DEBUG;
    for (unsigned i = 0; i < 1000; i++)
        fuse_log(FUSE_LOG_DEBUG, "request\n");
    assert_int_equal(atomic_load(&written), 1000);
}

/* --- a sink that takes nothing ---------------------------------------------------------------- */

static sem_t gate;
static sem_t reached;

static void wait_at_gate(const char *mountpoint, enum fuse_log_level level, const char *line)
{
    sem_post(&reached);
    while (sem_wait(&gate) != 0)
        ;
    sem_post(&gate); /* once open, it stays open */
    note_line(mountpoint, level, line);
}

/* Starts a log whose thread is in the sink, with a line. No request waits: its time is over. */
static void block(struct log *log)
{
    assert_int_equal(sem_init(&gate, 0, 0), 0);
    assert_int_equal(sem_init(&reached, 0, 0), 0);
    now_ms = 1;
    log_set_sink(log, wait_at_gate);
    assert_int_equal(log_start(log), 0);
    log_say(log, LOG_INDEX, FUSE_LOG_NOTICE, "first");
    while (sem_wait(&reached) != 0)
        ;
}

/* Requests go on, what the queue holds is written in order later, and the rest is counted. */
static void test_a_sink_that_blocks_stops_no_request(void **state)
{
    block(*state);
    for (unsigned i = 0; i < 1000; i++)
        log_say(*state, LOG_INDEX, FUSE_LOG_NOTICE, "line %u", i);
    assert_int_equal(atomic_load(&written), 0);
    now_ms = NEVER_MS;
    sem_post(&gate);
    log_stop(*state);
    assert_int_equal(atomic_load(&written), QUEUE_MOST + 1);
    assert_string_equal(last, "937 more lines were left out (indexes)");
}

static unsigned next_line;

static void expect_next(const char *mountpoint, enum fuse_log_level level, const char *line)
{
    char wanted[50];
    (void)snprintf(wanted, sizeof(wanted), "line %u", next_line++);
    assert_string_equal(line, wanted);
    note_line(mountpoint, level, line);
}

/* A request waits for a place for its debug line, so that none is lost to a sink that works. */
static void test_the_thread_writes_all_in_order(void **state)
{
    struct log *log = *state;

    next_line = 0;
    now_ms = NEVER_MS;
    log->level = FUSE_LOG_DEBUG;
    log_set_sink(log, expect_next);
    assert_int_equal(log_start(log), 0);
    for (unsigned i = 0; i < 5000; i++)
        log_say(log, LOG_INDEX, i % 3 == 0 ? FUSE_LOG_NOTICE : FUSE_LOG_DEBUG, "line %u", i);
    log_stop(log);
    assert_int_equal(atomic_load(&written), 5000);
}

/* The end comes although the sink never returns, and a thread that returns later does no harm. */
static void test_a_sink_that_blocks_is_given_up_on(void **state)
{
    block(*state);
    log_say(*state, LOG_INDEX, FUSE_LOG_NOTICE, "queued");
    log_stop(*state);
    log_say(*state, LOG_INDEX, FUSE_LOG_NOTICE, "too late");
    assert_int_equal(atomic_load(&written), 0);
    log_destroy(*state);
    sem_post(&gate);
    for (unsigned i = 0; i < 10000 && atomic_load(&written) == 0; i++)
        usleep(1000);
    assert_string_equal(last, "first");
    assert_int_equal(log_init(*state), 0); /* for the teardown */
}

/* It is cut between characters. */
static void test_a_very_long_line(void **state)
{
    static char text[3 * LINE_MOST];
    static const char sign[] = "\xe2\x82\xac";

    for (size_t i = 0; i + 3 < sizeof(text); i += 3)
        memcpy(text + i, sign, 3);
    log_say(*state, LOG_LIFE, FUSE_LOG_NOTICE, "%s", text);
    assert_int_equal(strlen(last), LINE_MOST / 3 * 3);
}

/* --- sinks ------------------------------------------------------------------------------------ */

static void test_the_lines_of_standard_error(void **state)
{
    char wanted[100];

    (void)state;
    struct capture capture = capture_begin(STDERR_FILENO);
    log_to_stderr(NULL, FUSE_LOG_ERR, "before");
    log_to_stderr("/mnt/a", FUSE_LOG_ERR, "a: line");
    log_to_journal("/mnt/a", FUSE_LOG_INFO, "another");
    const char *text = capture_end(&capture);
    (void)snprintf(wanted, sizeof(wanted),
                   "bigfs: before\nbigfs[%d] /mnt/a: a: line\n<6>bigfs[%d] /mnt/a: another\n",
                   (int)getpid(), (int)getpid());
    assert_string_equal(text, wanted);
}

static void test_the_stream_of_the_journal(void **state)
{
    char name[100];
    struct stat attributes;

    (void)state;
    assert_int_equal(fstat(STDERR_FILENO, &attributes), 0);
    (void)snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)attributes.st_dev,
                   (uintmax_t)attributes.st_ino);
    assert_int_equal(setenv("JOURNAL_STREAM", name, 1), 0);
    assert_ptr_equal(log_sink_of_stderr(), log_to_journal);
    static const char *const others[] = {"", ":", "1:1", "x:y"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(setenv("JOURNAL_STREAM", others[i], 1), 0);
        assert_ptr_equal(log_sink_of_stderr(), log_to_stderr);
    }
    assert_int_equal(unsetenv("JOURNAL_STREAM"), 0);
    assert_ptr_equal(log_sink_of_stderr(), log_to_stderr);
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(test_a_line),
        LOG_TEST(test_one_line),
        LOG_TEST(test_levels),
        LOG_TEST(test_no_flood),
        LOG_TEST(test_each_kind_has_its_own_budget),
        LOG_TEST(test_indexes_are_never_left_out),
        LOG_TEST(test_what_has_a_key),
        LOG_TEST(test_what_is_not_due),
        LOG_TEST(test_what_was_left_out),
        LOG_TEST(test_the_thread_says_it),
        LOG_TEST(test_the_end_says_it),
        LOG_TEST(test_after_a_pause),
        LOG_TEST(test_lines_of_libfuse),
        LOG_TEST(test_debug_lines_are_never_left_out),
        LOG_TEST(test_a_sink_that_blocks_stops_no_request),
        LOG_TEST(test_the_thread_writes_all_in_order),
        LOG_TEST(test_a_sink_that_blocks_is_given_up_on),
        LOG_TEST(test_a_very_long_line),
        cmocka_unit_test(test_the_lines_of_standard_error),
        cmocka_unit_test(test_the_stream_of_the_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
