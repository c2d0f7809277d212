/* SPDX-License-Identifier: MIT */
/*
 * fault_guard: a missing byte is an error of one call; any other SIGBUS ends the process.
 *
 * cmocka sets a SIGBUS handler of its own before each test, so each test installs the guard's.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file/fault_guard.h"

enum { PAGE = 4096, PAGES = 4 };

/* A file of some pages, mapped: whole or cut, by `truncate_to`. */
struct victim {
    struct scratch scratch;
    int fd;
    uint8_t *bytes;
};

static int setup(void **state)
{
    static const char zeros[PAGES * PAGE];
    struct victim *victim = calloc(1, sizeof(*victim));

    if (victim == NULL || scratch_make(&victim->scratch) != 0)
        return -1;
    *state = victim;
    scratch_write(&victim->scratch, "file", zeros, sizeof(zeros));
    victim->fd = scratch_open(&victim->scratch, "file", O_RDWR);
    victim->bytes = mmap(NULL, sizeof(zeros), PROT_READ, MAP_SHARED, victim->fd, 0);
    return victim->bytes != MAP_FAILED ? fault_guard_install() : -1;
}

static int teardown(void **state)
{
    struct victim *victim = *state;
    (void)munmap(victim->bytes, PAGES * (size_t)PAGE);
    (void)close(victim->fd);
    scratch_remove(&victim->scratch);
    free(victim);
    return 0;
}

static void truncate_to(const struct victim *victim, uint64_t size)
{
    assert_int_equal(ftruncate(victim->fd, (off_t)size), 0);
}

/* Reads a stretch byte by byte, and remembers how far it came. */
struct touching {
    const uint8_t *bytes;
    size_t length;
    volatile size_t done;
};

static void read_bytes(void *argument)
{
    struct touching *touching = argument;
    const volatile uint8_t *bytes = touching->bytes;
    for (size_t i = 0; i < touching->length; i++) {
        (void)bytes[i];
        touching->done = i + 1;
    }
}

static int guarded_read(struct touching *touching)
{
    return fault_guard_call(touching->bytes, touching->length, read_bytes, touching);
}

static void test_no_fault(void **state)
{
    const struct victim *victim = *state;
    struct touching touching = {victim->bytes, PAGES * (size_t)PAGE, 0};

    assert_int_equal(fault_guard_install(), 0);
    assert_int_equal(guarded_read(&touching), 0);
    assert_int_equal(touching.done, PAGES * PAGE);
}

/* The call ends at the first missing byte; the process lives, unchanged. */
static void test_truncated(void **state)
{
    const struct victim *victim = *state;
    struct touching touching = {victim->bytes, PAGES * (size_t)PAGE, 0};
    sigset_t blocked;

    assert_int_equal(fault_guard_install(), 0);
    truncate_to(victim, 2 * PAGE);
    assert_int_equal(guarded_read(&touching), -EFAULT);
    assert_int_equal(touching.done, 2 * PAGE);
    assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
    assert_int_equal(sigismember(&blocked, SIGBUS), 0);
}

/* One fault does not use the guard up, and bytes that are back can be read. */
static void test_again(void **state)
{
    const struct victim *victim = *state;
    struct touching touching = {victim->bytes, PAGES * (size_t)PAGE, 0};

    assert_int_equal(fault_guard_install(), 0);
    for (int i = 0; i < 100; i++) {
        truncate_to(victim, 0);
        assert_int_equal(guarded_read(&touching), -EFAULT);
        truncate_to(victim, PAGES * PAGE);
        assert_int_equal(guarded_read(&touching), 0);
    }
}

static void find_newline(void *argument)
{
    struct touching *touching = argument;
    touching->done = memchr(touching->bytes, '\n', touching->length) != NULL;
}

/* memchr() reads in blocks that reach across both ends of what it was given. */
static void test_every_alignment(void **state)
{
    const struct victim *victim = *state;

    assert_int_equal(fault_guard_install(), 0);
    truncate_to(victim, PAGE);
    for (size_t start = PAGE - 70; start < PAGE + 70; start++)
        for (size_t length = 1; length < 200; length++) {
            struct touching touching = {victim->bytes + start, length, 0};
            int expected = start + length > PAGE ? -EFAULT : 0;
            assert_int_equal(fault_guard_call(touching.bytes, length, find_newline, &touching),
                             expected);
        }
}

struct crowd {
    const uint8_t *there;
    const uint8_t *gone;
    atomic_uint standing; /* threads inside a guard */
    atomic_uint faulted;
};

struct crowd_member {
    struct crowd *crowd;
    const uint8_t *bytes;
};

/* Waits inside its guard until all four threads are in theirs and both faults have happened. */
static void stand_in_crowd(void *argument)
{
    const struct crowd_member *member = argument;
    struct crowd *crowd = member->crowd;
    const volatile uint8_t *bytes = member->bytes;

    atomic_fetch_add(&crowd->standing, 1);
    while (atomic_load(&crowd->standing) < 4)
        ;
    if (bytes == crowd->there)
        while (atomic_load(&crowd->faulted) < 2)
            ;
    (void)bytes[0];
}

static void join_crowd(void *argument, unsigned index)
{
    struct crowd *crowd = argument;
    const bool faults = index % 2 == 0;
    struct crowd_member member = {crowd, faults ? crowd->gone : crowd->there};
    int error = fault_guard_call(member.bytes, 1, stand_in_crowd, &member);

    THREAD_CHECK(error == (faults ? -EFAULT : 0));
    if (error != 0)
        atomic_fetch_add(&crowd->faulted, 1);
}

/* Each thread has a guard of its own: the fault of one leaves the others where they are. */
static void test_threads(void **state)
{
    const struct victim *victim = *state;

    assert_int_equal(fault_guard_install(), 0);
    truncate_to(victim, PAGE);
    for (int i = 0; i < 50; i++) {
        struct crowd crowd = {.there = victim->bytes, .gone = victim->bytes + PAGE};
        run_threads(4, join_crowd, &crowd);
    }
}

/* The signal that ends a child which does this; 0: it lives to the end. */
static int signal_that_ends(void (*act)(const struct victim *victim), const struct victim *victim)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        if (fault_guard_install() == 0)
            act(victim);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch_unguarded(const struct victim *victim)
{
    (void)*(const volatile uint8_t *)victim->bytes;
}

static void touch_after_guard(const struct victim *victim)
{
    struct touching touching = {victim->bytes, 1, 0};
    if (ftruncate(victim->fd, PAGE) == 0 && guarded_read(&touching) == 0 &&
        ftruncate(victim->fd, 0) == 0)
        touch_unguarded(victim);
}

static void touch_after_fault(const struct victim *victim)
{
    struct touching touching = {victim->bytes, 1, 0};
    if (guarded_read(&touching) == -EFAULT)
        touch_unguarded(victim);
}

/* Reads the file's first page while the guard covers its last. */
static void touch_beside_guard(const struct victim *victim)
{
    struct touching touching = {victim->bytes, 1, 0};
    (void)fault_guard_call(victim->bytes + (PAGES - 1) * (size_t)PAGE, PAGE, read_bytes, &touching);
}

static void send_bus_error(const struct victim *victim)
{
    (void)victim;
    (void)kill(getpid(), SIGBUS);
}

static void send_inside(void *argument)
{
    send_bus_error(argument);
}

static void send_inside_guard(const struct victim *victim)
{
    struct touching touching = {victim->bytes, 1, 0};
    (void)fault_guard_call(victim->bytes, PAGE, send_inside, &touching);
}

static void test_unguarded_kills(void **state)
{
    const struct victim *victim = *state;
    truncate_to(victim, 0);
    assert_int_equal(signal_that_ends(touch_unguarded, victim), SIGBUS);
    assert_int_equal(signal_that_ends(touch_after_guard, victim), SIGBUS);
    assert_int_equal(signal_that_ends(touch_after_fault, victim), SIGBUS);
}

static void test_other_address_kills(void **state)
{
    const struct victim *victim = *state;
    truncate_to(victim, 0);
    assert_int_equal(signal_that_ends(touch_beside_guard, victim), SIGBUS);
}

/* A SIGBUS sent by a process counts as any other, too. */
static void test_sent_signal_kills(void **state)
{
    const struct victim *victim = *state;
    assert_int_equal(signal_that_ends(send_bus_error, victim), SIGBUS);
    assert_int_equal(signal_that_ends(send_inside_guard, victim), SIGBUS);
}

#define VICTIM_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VICTIM_TEST(test_no_fault),
        VICTIM_TEST(test_truncated),
        VICTIM_TEST(test_again),
        VICTIM_TEST(test_every_alignment),
        VICTIM_TEST(test_threads),
        VICTIM_TEST(test_unguarded_kills),
        VICTIM_TEST(test_other_address_kills),
        VICTIM_TEST(test_sent_signal_kills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
