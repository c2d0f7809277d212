/* SPDX-License-Identifier: MIT */
/*
 * Shared by the unit tests: seeded random numbers, a directory of temporary files for each test,
 * this process seen from outside, and checks that any thread may make.
 *
 * A helper that fails makes the test fail, so all but THREAD_CHECK are only for the main thread.
 */
#ifndef BIGFS_TESTS_SUPPORT_H
#define BIGFS_TESTS_SUPPORT_H

#ifdef NDEBUG
#error "the tests are for a program with its assertions"
#endif

/* What cmocka.h wants to have been included. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "core/content/reading.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

/*
 * For a loop over bytes of the test's own. The thread sanitizer does not look at it, as it would
 * take longer for that than for everything else.
 */
#define UNWATCHED __attribute__((no_sanitize("thread")))

/* Random numbers */

struct random {
    uint64_t state;
};

/*
 * The seed of this run: BIGFS_SEED if it is set, else a new one. Printed by the first call, so that
 * a failure can be repeated.
 */
uint64_t test_seed(void);

/* The numbers of case `index` of this run. */
struct random random_case(uint64_t index);
uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t limit); /* 0 to limit - 1; limit >= 1 */
uint64_t random_between(struct random *random, uint64_t least, uint64_t most);
bool random_chance(struct random *random, unsigned percent);

/* Temporary files */

struct scratch {
    char path[PATH_MAX];
    int directory;
};

/*
 * An empty directory below BIGFS_TEST_DIR, else TMPDIR, else /tmp. Asserts nothing, but returns
 * errors, so that cmocka's setup functions can use it. scratch_remove removes everything.
 */
int scratch_make(struct scratch *scratch);
void scratch_remove(struct scratch *scratch);

/*
 * The file system that fstatfs(2) reports for all files: by default a disk, whose files are mapped,
 * whatever the tests run on. 0: the real one; -EIO and other errors: it fails. And how often it was
 * called.
 */
extern _Atomic long pretended_file_system;
extern atomic_uint file_system_questions;

/* cmocka fixtures for tests that need nothing else: *state is a struct scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/*
 * All names are relative to the scratch directory. Descriptors are the caller's. scratch_write and
 * scratch_write_sparse make a file, or make it anew, and give it an mtime of a while ago: a capture
 * waits for a file that was written to just now. In the latter, blocks of zeros become holes. The
 * others leave the mtime as the change made it.
 */
int scratch_open(const struct scratch *scratch, const char *name, int flags);
void scratch_write(const struct scratch *scratch, const char *name, const void *bytes,
                   size_t length);
void scratch_write_sparse(const struct scratch *scratch, const char *name, const uint8_t *bytes,
                          size_t length);
void scratch_append(const struct scratch *scratch, const char *name, const void *bytes,
                    size_t length);
void scratch_overwrite(const struct scratch *scratch, const char *name, const void *bytes,
                       size_t length, uint64_t offset);
void scratch_truncate(const struct scratch *scratch, const char *name, uint64_t size);
struct stat scratch_stat(const struct scratch *scratch, const char *name);

/*
 * Waits until a change made now gets another time than `name` has, so that a change of the same
 * length can be noticed: older kernels move time stamps only every few milliseconds.
 */
void scratch_let_time_pass(const struct scratch *scratch, const char *name);

/* Fills bytes that no stretch of another place, or another `kind`, resembles. */
void pattern_fill(void *bytes, size_t length, uint64_t offset, uint64_t kind);
bool pattern_matches(const void *bytes, size_t length, uint64_t offset, uint64_t kind);

/* This process, seen from outside */

unsigned count_descriptors(void);

/* The mappings of files whose path holds `part`; the sum of their lengths in *bytes (or NULL). */
unsigned count_mappings(const char *part, uint64_t *bytes);

/* Whether a file whose path holds `part` is mapped from this offset on. */
bool is_mapped(const char *part, uint64_t offset);

/*
 * Whether attempt(argument) returns true in one of several calls. For what should stay in the page
 * cache: a kernel may reclaim any page at any moment, and counts that nowhere if DAMON does it. A
 * fault of ours fails every time.
 */
bool succeeds_in_time(bool (*attempt)(const void *argument), const void *argument);

/* Leaves room for `room` more descriptors and no others. Returns the limit as it was. */
struct rlimit descriptors_limit(unsigned room);
void descriptors_restore(struct rlimit old);

/* Threads */

/* Remembers the first failure of any thread, and where it was. */
#define THREAD_CHECK(condition) thread_check((condition), #condition, __FILE__, __LINE__)
bool thread_check(bool holds, const char *condition, const char *file, int line);

/* Fails the test if a THREAD_CHECK has failed since the last call. */
void assert_threads_passed(void);

/* Runs work(argument, index) in `count` threads, waits for all, and asserts their checks. */
void run_threads(unsigned count, void (*work)(void *argument, unsigned index), void *argument);

void sleep_ms(unsigned milliseconds);

/* Sources */

/* A scratch directory and a pool of sources beneath it. */
struct world {
    struct scratch scratch;
    struct source_pool pool;
    bool pooled;
};

struct world_limits {
    unsigned descriptors;
    uint64_t window_size;
    uint64_t window_total;
};

/*
 * For setup functions: as scratch_setup; *state is a struct world. `limits` may be NULL. Installs
 * no fault guard: cmocka sets signal handlers of its own before each test, so tests call
 * fault_guard_install() themselves.
 */
int world_make(void **state, const struct world_limits *limits);
int world_setup(void **state);
int world_teardown(void **state);

/* The file of that name, pinned or only looked at. The caller closes it. */
struct reading reading_world_look(struct world *world, const char *name);
struct reading reading_world_pin(struct world *world, const char *name);

/* Looks at the same path again and pins it. */
struct reading reading_again(const struct reading *reading);

#endif
