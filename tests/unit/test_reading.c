/* SPDX-License-Identifier: MIT */
/* reading: bytes of one generation or an error, and nothing left open. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/contents.h"
#include "core/content/empty_file.h"
#include "core/file/fault_guard.h"
#include "core/format/lines.h"
#include "core/record/boundary.h"

enum { SIZE = 100 * 1024 + 77, DESCRIPTORS = 4, FILES = 40 };

static int setup(void **state)
{
    const struct world_limits limits = {DESCRIPTORS, 64 * 1024, 128 * 1024};
    return world_make(state, &limits);
}

/* A file that holds the pattern of this kind. */
static void make_file(const struct world *world, const char *name, uint64_t kind)
{
    static uint8_t bytes[SIZE];
    pattern_fill(bytes, SIZE, 0, kind);
    scratch_write(&world->scratch, name, bytes, SIZE);
}

static void overwrite(const struct world *world, const char *name, uint64_t kind)
{
    static uint8_t bytes[SIZE];
    pattern_fill(bytes, SIZE, 0, kind);
    scratch_overwrite(&world->scratch, name, bytes, SIZE, 0);
}

static void rename_file(const struct world *world, const char *from, const char *to)
{
    const int at = world->scratch.directory;
    assert_int_equal(renameat(at, from, at, to), 0);
}

static void remove_file(const struct world *world, const char *name)
{
    assert_int_equal(unlinkat(world->scratch.directory, name, 0), 0);
}

static int read_at(const struct reading *reading, uint8_t *buffer, size_t length, uint64_t offset)
{
    return content_read(reading, buffer, length, offset);
}

static void assert_reads(const struct reading *reading, uint64_t kind)
{
    static uint8_t buffer[SIZE];
    assert_int_equal(read_at(reading, buffer, SIZE, 0), 0);
    assert_true(pattern_matches(buffer, SIZE, 0, kind));
}

/* The outcome of pinning the generation once more. */
static int pin_once_more(const struct reading *reading)
{
    AUTO_READING struct reading again = {.source = NULL};
    reading_of(reading->source, reading->generation, NULL, &again);
    return reading_pin(&again);
}

/* Every read of it fails, however often it is tried, and it cannot be pinned again. */
static void assert_stale(const struct reading *reading)
{
    uint8_t byte;
    for (int i = 0; i < 2; i++)
        assert_int_equal(read_at(reading, &byte, 1, 0), -ESTALE);
    assert_int_equal(pin_once_more(reading), -ESTALE);
}

static int look_error(struct world *world, const char *name)
{
    struct source *source = source_new(&world->pool, name, content_types[0]);
    struct reading reading;
    struct stat attributes;
    int error = reading_look(source, NULL, &reading, &attributes);
    assert_true(error == 0 || reading.source == NULL);
    reading_close(&reading);
    source_unref(source);
    return error;
}

/* Only a regular file can be looked at. A FIFO blocks no reader. */
static void test_look_errors(void **state)
{
    struct world *world = *state;
    const int at = world->scratch.directory;

    make_file(world, "file", 0);
    assert_int_equal(mkdirat(at, "directory", 0755), 0);
    assert_int_equal(mkfifoat(at, "fifo", 0644), 0);
    assert_int_equal(symlinkat("file", at, "link"), 0);
    assert_int_equal(look_error(world, "nothing"), -ENOENT);
    assert_int_equal(look_error(world, "directory"), -ESTALE);
    assert_int_equal(look_error(world, "fifo"), -ESTALE);
    assert_int_equal(look_error(world, "link"), -ESTALE);
    assert_int_equal(look_error(world, "../escape"), -EXDEV);
    assert_int_equal(look_error(world, "file"), 0);
}

static void test_look(void **state)
{
    struct world *world = *state;
    struct reading again;
    struct stat attributes;

    make_file(world, "file", 0);
    struct reading reading = reading_world_look(world, "file");
    assert_int_equal(reading_look(reading.source, NULL, &again, &attributes), 0);
    assert_ptr_equal(again.generation, reading.generation);
    assert_int_equal(attributes.st_size, SIZE);
    assert_int_equal(attributes.st_ino, scratch_stat(&world->scratch, "file").st_ino);
    assert_int_equal(generation_size(again.generation), SIZE);
    assert_int_equal(again.size, SIZE);
    reading_close(&again);
    reading_close(&reading);
}

enum { LOOKS = 4 };

struct looks {
    struct source *source;
    struct reading readings[LOOKS];
};

static void look_too(void *argument, unsigned index)
{
    struct looks *looks = argument;
    struct stat attributes;
    THREAD_CHECK(reading_look(looks->source, NULL, &looks->readings[index], &attributes) == 0);
}

/* Threads that look at the same unchanged file, even at the same time, get the same generation. */
static void test_look_together(void **state)
{
    struct world *world = *state;

    make_file(world, "file", 0);
    for (int round = 0; round < 50; round++) {
        struct looks looks = {.source = source_new(&world->pool, "file", content_types[0])};
        run_threads(LOOKS, look_too, &looks);
        for (int i = 1; i < LOOKS; i++)
            assert_ptr_equal(looks.readings[i].generation, looks.readings[0].generation);
        for (int i = 0; i < LOOKS; i++)
            reading_close(&looks.readings[i]);
        source_unref(looks.source);
    }
}

/* Any stretch of the file reads as it is; the bytes are counted. */
static void test_read(void **state)
{
    struct world *world = *state;
    static uint8_t buffer[SIZE];
    struct random random = random_case(0);
    uint64_t sum = atomic_load(&world->pool.bytes_read);

    make_file(world, "file", 7);
    struct reading reading = reading_world_pin(world, "file");
    for (int i = 0; i < 1000; i++) {
        uint64_t offset = random_below(&random, SIZE);
        size_t length = (size_t)random_between(&random, 0, SIZE - offset);
        assert_int_equal(read_at(&reading, buffer, length, offset), 0);
        assert_true(pattern_matches(buffer, length, offset, 7));
        sum += length;
    }
    assert_int_equal(atomic_load(&world->pool.bytes_read), sum);
    reading_close(&reading);
}

/* All of the bytes or an error: there is no short read. */
static void test_read_beyond_end(void **state)
{
    struct world *world = *state;
    uint8_t buffer[16];

    make_file(world, "file", 0);
    struct reading reading = reading_world_pin(world, "file");
    assert_int_equal(read_at(&reading, buffer, 16, SIZE - 15), -EIO);
    assert_int_equal(read_at(&reading, buffer, 1, SIZE), -EIO);
    assert_reads(&reading, 0); /* which was an error of that one read */
    reading_close(&reading);
}

/* What is not pinned can be read, too; its descriptor closes at once, and it leaves no mapping. */
static void test_read_unpinned(void **state)
{
    struct world *world = *state;

    make_file(world, "file", 3);
    struct reading reading = reading_world_look(world, "file");
    assert_reads(&reading, 3);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    assert_int_equal(count_mappings(world->scratch.path, NULL), 0);
    reading_close(&reading);
}

/* The old generation is over; a fresh look shows the file as it is now. */
static void assert_replaced(struct reading *old, uint64_t kind)
{
    assert_stale(old);
    struct reading fresh = reading_again(old);
    assert_int_not_equal(generation_number(fresh.generation), generation_number(old->generation));
    assert_reads(&fresh, kind);
    assert_stale(old);
    reading_close(&fresh);
    reading_close(old);
}

/*
 * For changes that leave no trace on the file itself. The path is looked at again within about a
 * second; until then the bytes are the old ones.
 */
static void assert_turns_stale(const struct reading *reading)
{
    static uint8_t buffer[SIZE];
    const int64_t patience = clock_ms() + 60000;
    int error = 0;

    while ((error = read_at(reading, buffer, SIZE, 0)) == 0 && clock_ms() < patience) {
        assert_true(pattern_matches(buffer, SIZE, 0, 0));
        sleep_ms(20);
    }
    assert_int_equal(error, -ESTALE);
}

static struct reading begin_change(struct world *world)
{
    assert_int_equal(fault_guard_install(), 0); /* large reads are copied from windows */
    make_file(world, "file", 0);
    struct reading reading = reading_world_pin(world, "file");
    assert_reads(&reading, 0);
    scratch_let_time_pass(&world->scratch, "file");
    return reading;
}

static void test_rewritten(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    overwrite(world, "file", 1);
    assert_replaced(&reading, 1);
}

static void test_truncated(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    scratch_truncate(&world->scratch, "file", SIZE / 2);
    assert_stale(&reading);
    overwrite(world, "file", 1);
    assert_replaced(&reading, 1);
}

/* Another file was moved to the path: reads must return that, though the old one still exists. */
static void test_replaced(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    make_file(world, "new", 1);
    rename_file(world, "new", "file");
    assert_replaced(&reading, 1);
}

static void test_moved_away_and_replaced(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    rename_file(world, "file", "old");
    make_file(world, "file", 1);
    assert_replaced(&reading, 1);
}

/* A look notices it as well as a read does. */
static void test_look_after_change(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    overwrite(world, "file", 1);
    struct reading fresh = reading_again(&reading);
    assert_int_not_equal(generation_number(fresh.generation),
                         generation_number(reading.generation));
    assert_stale(&reading);
    assert_reads(&fresh, 1);
    reading_close(&fresh);
    reading_close(&reading);
}

/* chmod does not disturb a reading. */
static void test_attributes_changed(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    assert_int_equal(fchmodat(world->scratch.directory, "file", 0600, 0), 0);
    assert_reads(&reading, 0);
    struct reading again = reading_again(&reading);
    assert_ptr_equal(again.generation, reading.generation);
    reading_close(&again);
    reading_close(&reading);
}

/* Appended to: open readers go on, and a look finds the same generation, longer. */
static void test_appended(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);
    uint8_t more[5000];

    pattern_fill(more, sizeof(more), SIZE, 0);
    scratch_append(&world->scratch, "file", more, sizeof(more));
    assert_reads(&reading, 0);
    struct reading again = reading_again(&reading);
    assert_ptr_equal(again.generation, reading.generation);
    assert_int_equal(generation_size(again.generation), SIZE + sizeof(more));
    assert_int_equal(read_at(&again, more, sizeof(more), SIZE), 0);
    assert_true(pattern_matches(more, sizeof(more), SIZE, 0));
    reading_close(&again);
    reading_close(&reading);
}

/* Removed: what has it open reads on, as usual, until its descriptor is closed. */
static void test_removed(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);
    struct reading nothing;
    struct stat attributes;
    uint8_t byte;

    remove_file(world, "file");
    assert_int_equal(reading_look(reading.source, NULL, &nothing, &attributes), -ENOENT);
    assert_null(nothing.source);
    assert_reads(&reading, 0);
    assert_true(open_files_relieve(&world->pool.files));
    assert_int_equal(read_at(&reading, &byte, 1, 0), -ESTALE);
    reading_close(&reading);
}

static void test_removed_and_made_anew(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);

    remove_file(world, "file");
    assert_reads(&reading, 0);
    make_file(world, "file", 1);
    assert_turns_stale(&reading);
    assert_replaced(&reading, 1);
}

/* What is no longer a regular file is no longer a source. */
static void test_becomes_something_else(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);
    const int at = world->scratch.directory;

    remove_file(world, "file");
    assert_int_equal(symlinkat("elsewhere", at, "file"), 0);
    assert_stale(&reading);
    assert_int_equal(look_error(world, "file"), -ESTALE);
    remove_file(world, "file");
    assert_int_equal(mkfifoat(at, "file", 0644), 0);
    assert_stale(&reading);
    assert_int_equal(look_error(world, "file"), -ESTALE);
    reading_close(&reading);
}

/* A directory above it was exchanged for another. */
static void test_directory_exchanged(void **state)
{
    struct world *world = *state;
    const int at = world->scratch.directory;

    assert_int_equal(mkdirat(at, "one", 0755), 0);
    assert_int_equal(mkdirat(at, "two", 0755), 0);
    make_file(world, "one/file", 0);
    make_file(world, "two/file", 1);
    struct reading reading = reading_world_pin(world, "one/file");
    assert_int_equal(renameat2(at, "one", at, "two", RENAME_EXCHANGE), 0);
    assert_turns_stale(&reading);
    assert_replaced(&reading, 1);
}

/* Once a look has found a new content, no reader gets old bytes any more. */
static void test_look_ends_old_generation(void **state)
{
    struct world *world = *state;
    const int at = world->scratch.directory;

    assert_int_equal(mkdirat(at, "one", 0755), 0);
    assert_int_equal(mkdirat(at, "two", 0755), 0);
    make_file(world, "one/file", 0);
    make_file(world, "two/file", 1);
    struct reading reading = reading_world_pin(world, "one/file");
    assert_int_equal(renameat2(at, "one", at, "two", RENAME_EXCHANGE), 0);
    struct reading fresh = reading_again(&reading);
    assert_stale(&reading);
    assert_reads(&fresh, 1);
    reading_close(&fresh);
    reading_close(&reading);
}

/* A lent descriptor is the file's, and a check says whether what was read is valid. */
static void test_borrow(void **state)
{
    struct world *world = *state;
    struct reading reading = begin_change(world);
    int fd = -1;
    uint8_t byte = 0;

    assert_int_equal(reading_borrow(&reading, &fd), 0);
    assert_int_equal(pread(fd, &byte, 1, 50), 1);
    assert_true(pattern_matches(&byte, 1, 50, 0));
    assert_int_equal(reading_check(&reading, fd), 0);
    overwrite(world, "file", 1);
    assert_int_equal(reading_check(&reading, fd), -ESTALE);
    reading_return(&reading);
    assert_int_equal(reading_borrow(&reading, &fd), -ESTALE);
    reading_close(&reading);
}

static void make_files(const struct world *world)
{
    char name[16];
    for (unsigned i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof(name), "file%u", i);
        make_file(world, name, i);
    }
}

static void pin_files(struct world *world, struct reading *readings)
{
    char name[16];
    for (unsigned i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof(name), "file%u", i);
        readings[i] = reading_world_pin(world, name);
    }
}

static void close_all(struct reading *readings)
{
    for (unsigned i = 0; i < FILES; i++)
        reading_close(&readings[i]);
}

/* Many files are open for readers, few descriptors are; with the last reading all are closed. */
static void test_bounded_descriptors(void **state)
{
    struct world *world = *state;
    static struct reading readings[FILES];
    const unsigned before = count_descriptors();

    make_files(world);
    pin_files(world, readings);
    for (int round = 0; round < 3; round++)
        for (unsigned i = 0; i < FILES; i++) {
            assert_reads(&readings[i], i);
            assert_in_range(open_files_count(&world->pool.files), 1, DESCRIPTORS);
            assert_in_range(count_descriptors(), before + 1, before + DESCRIPTORS);
        }
    close_all(readings);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    assert_int_equal(count_descriptors(), before);
}

enum { CROWD = 16 };

struct crowd {
    struct world *world;
    struct reading *readings;
};

static void read_any(void *argument, unsigned index)
{
    const struct crowd *crowd = argument;
    struct random random = random_case(index);
    uint8_t buffer[512];

    for (int i = 0; i < 300; i++) {
        unsigned file = (unsigned)random_below(&random, FILES);
        uint64_t offset = random_below(&random, SIZE - sizeof(buffer));
        THREAD_CHECK(read_at(&crowd->readings[file], buffer, sizeof(buffer), offset) == 0);
        THREAD_CHECK(pattern_matches(buffer, sizeof(buffer), offset, file));
        /* No thread waits for a descriptor: each has one at most, or two if it loses a race. */
        THREAD_CHECK(open_files_count(&crowd->world->pool.files) <= DESCRIPTORS + 2 * CROWD);
    }
}

/* No read fails because too many files are used at once, and no more stay open than allowed. */
static void test_crowd(void **state)
{
    struct world *world = *state;
    static struct reading readings[FILES];
    struct crowd crowd = {world, readings};

    (void)test_seed();
    make_files(world);
    pin_files(world, readings);
    run_threads(CROWD, read_any, &crowd);
    assert_in_range(open_files_count(&world->pool.files), 1, DESCRIPTORS);
    close_all(readings);
    assert_int_equal(open_files_count(&world->pool.files), 0);
}

/* If the process has no descriptor left the cache gives one up, and nothing fails. */
static void test_no_descriptors_left(void **state)
{
    struct world *world = *state;
    struct reading readings[DESCRIPTORS];
    char name[16];

    make_files(world);
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        (void)snprintf(name, sizeof(name), "file%u", i);
        readings[i] = reading_world_pin(world, name);
    }
    const struct rlimit old = descriptors_limit(0);
    struct reading late = reading_world_pin(world, "file9");
    assert_reads(&late, 9);
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        assert_reads(&readings[i], i);
    descriptors_restore(old);
    reading_close(&late);
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        reading_close(&readings[i]);
}

/* With the last pin the descriptor and the windows of a file are gone, and no sooner. */
static void test_unpin_leaves_nothing(void **state)
{
    struct world *world = *state;
    const unsigned before = count_descriptors();
    const size_t size = 1024 * 1024;
    uint64_t boundary = 0;
    char *line = malloc(size);

    assert_non_null(line);
    assert_int_equal(fault_guard_install(), 0);
    memset(line, 'x', size);
    scratch_write(&world->scratch, "line", line, size);
    free(line);
    struct reading first = reading_world_pin(world, "line");
    struct reading second = reading_again(&first);
    assert_int_equal(boundary_find(&first, &lines_format, 5, &boundary), 0);
    assert_int_equal(boundary, size);
    assert_true(count_mappings(world->scratch.path, NULL) > 0);
    reading_close(&first);
    assert_int_equal(count_descriptors(), before + 1);
    assert_true(count_mappings(world->scratch.path, NULL) > 0);
    reading_close(&second);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(count_mappings(world->scratch.path, NULL), 0);
    assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
}

/* A pin that failed leaves nothing behind either. */
static void test_failed_pin_leaves_nothing(void **state)
{
    struct world *world = *state;
    const unsigned before = count_descriptors();

    make_file(world, "file", 0);
    make_file(world, "other", 1);
    struct reading reading = reading_world_look(world, "file");
    remove_file(world, "file");
    assert_int_equal(reading_pin(&reading), -ESTALE);
    assert_false(reading.pinned);
    rename_file(world, "other", "file");
    assert_int_equal(reading_pin(&reading), -ESTALE);
    assert_false(reading.pinned);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    reading_close(&reading);
}

/* Readers of one generation while the file becomes another. */
struct upheaval {
    struct world *world;
    struct reading reading;
    atomic_uint started; /* threads that have read at least once */
    void (*change)(const struct world *world);
};

enum { UPHEAVAL_READERS = 4 };

static void read_until_stale(struct upheaval *upheaval, struct random *random)
{
    uint8_t *buffer = malloc(SIZE);
    int error = 0;

    for (bool first = true; error == 0; first = false) {
        uint64_t offset = random_below(random, SIZE);
        size_t length = (size_t)random_between(random, 1, SIZE - offset);
        error = read_at(&upheaval->reading, buffer, length, offset);
        THREAD_CHECK(error != 0 || pattern_matches(buffer, length, offset, 0));
        if (first)
            atomic_fetch_add(&upheaval->started, 1);
    }
    THREAD_CHECK(error == -ESTALE);
    free(buffer);
}

static void take_part(void *argument, unsigned index)
{
    struct upheaval *upheaval = argument;
    struct random random = random_case(atomic_load(&upheaval->started) + 10 * index);

    if (index < UPHEAVAL_READERS) {
        read_until_stale(upheaval, &random);
        return;
    }
    while (atomic_load(&upheaval->started) < UPHEAVAL_READERS)
        sleep_ms(1);
    upheaval->change(upheaval->world);
}

static void write_in_steps(const struct world *world, int flags)
{
    static const char other[1000] = "not the pattern";
    int fd = openat(world->scratch.directory, "file", O_WRONLY | flags | O_CLOEXEC);
    THREAD_CHECK(fd >= 0);
    for (int i = 0; i < SIZE / 1000; i++)
        THREAD_CHECK(write(fd, other, sizeof(other)) == sizeof(other));
    THREAD_CHECK(close(fd) == 0);
}

static void rewrite_in_place(const struct world *world)
{
    write_in_steps(world, 0);
}

static void truncate_and_write(const struct world *world)
{
    write_in_steps(world, O_TRUNC);
}

static void move_over(const struct world *world)
{
    const int at = world->scratch.directory;
    THREAD_CHECK(renameat(at, "new", at, "file") == 0);
}

/* Old and new bytes are never mixed, whatever moment the change comes at: old ones, then ESTALE. */
static void test_upheaval(void **state)
{
    void (*const changes[])(const struct world *) = {rewrite_in_place, truncate_and_write,
                                                     move_over};
    struct world *world = *state;

    (void)test_seed();
    for (unsigned round = 0; round < 30; round++) {
        make_file(world, "new", 1);
        struct upheaval upheaval = {.world = world, .change = changes[round % 3]};
        upheaval.reading = begin_change(world);
        run_threads(UPHEAVAL_READERS + 1, take_part, &upheaval);
        reading_close(&upheaval.reading);
    }
}

/* A file that is appended to without a pause can still be looked at, pinned and read. */
struct appender {
    const struct world *world;
    atomic_bool stop;
};

static void *append_without_pause(void *argument)
{
    struct appender *appender = argument;
    int fd = openat(appender->world->scratch.directory, "file", O_WRONLY | O_APPEND | O_CLOEXEC);

    THREAD_CHECK(fd >= 0);
    while (!atomic_load(&appender->stop))
        THREAD_CHECK(write(fd, "line\n", 5) == 5);
    (void)close(fd);
    return NULL;
}

static void test_busy_append(void **state)
{
    struct world *world = *state;
    struct appender appender = {.world = world};
    pthread_t thread;
    uint64_t last = 0;

    make_file(world, "file", 0);
    struct reading held = reading_world_pin(world, "file");
    assert_int_equal(pthread_create(&thread, NULL, append_without_pause, &appender), 0);
    for (int i = 0; i < 50 || (last <= SIZE && i < 100000); i++) { /* it takes a while to start */
        struct reading same = reading_again(&held);
        struct reading other = reading_world_pin(world, "file");
        assert_reads(&held, 0);
        assert_reads(&other, 0);
        assert_ptr_equal(same.generation, held.generation);
        assert_true(generation_size(held.generation) >= last);
        last = generation_size(held.generation);
        reading_close(&other);
        reading_close(&same);
    }
    atomic_store(&appender.stop, true);
    (void)pthread_join(thread, NULL);
    assert_threads_passed();
    assert_true(last > SIZE);
    reading_close(&held);
}

/* A source lives until its last reference is dropped. */
static void test_references(void **state)
{
    struct world *world = *state;
    struct source *source = source_new(&world->pool, "file", content_types[0]);

    assert_non_null(source);
    assert_ptr_equal(source_ref(source), source);
    assert_int_equal(atomic_load(&source->references), 2);
    source_unref(source);
    assert_int_equal(atomic_load(&source->references), 1);
    assert_string_equal(source->path, "file");
    source_unref(source);
    source_unref(NULL);
}

static unsigned references_of(const struct reading *reading)
{
    return atomic_load(&reading->source->references);
}

/* Opens what is there, pinned, with its size and version; closes itself at the end of its scope. */
static void test_open(void **state)
{
    struct world *world = *state;
    const unsigned before = count_descriptors();
    const struct cancel cancel = {NULL, NULL, 0};
    struct source *source = source_new(&world->pool, "file", content_types[0]);
    struct stat attributes;

    assert_non_null(source);
    {
        AUTO_READING struct reading nothing = {.source = NULL};
        assert_int_equal(reading_open(source, NULL, &nothing, &attributes), -ENOENT);
        assert_null(nothing.source);
    }
    make_file(world, "file", 5);
    {
        AUTO_READING struct reading reading = {.source = NULL};
        assert_int_equal(reading_open(source, &cancel, &reading, &attributes), 0);
        assert_true(reading.pinned);
        assert_ptr_equal(reading.source, source);
        assert_ptr_equal(reading.cancel, &cancel);
        assert_int_equal(reading.size, SIZE);
        assert_int_equal(reading.version.file.inode, attributes.st_ino);
        assert_int_equal(attributes.st_size, SIZE);
        reading.cancel = NULL;
        assert_reads(&reading, 5);
        assert_int_equal(open_files_count(&world->pool.files), 1);
        assert_int_equal(references_of(&reading), 2);
    }
    assert_int_equal(atomic_load(&source->references), 1);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    assert_int_equal(count_descriptors(), before);
    source_unref(source);
}

/* Opening a file that is rewritten without a pause gives some content, or -ESTALE. */
struct rewriter {
    const struct world *world;
    atomic_bool stop;
};

static void *exchange_without_pause(void *argument)
{
    struct rewriter *rewriter = argument;
    const int at = rewriter->world->scratch.directory;
    while (!atomic_load(&rewriter->stop))
        THREAD_CHECK(renameat2(at, "file", at, "other", RENAME_EXCHANGE) == 0);
    return NULL;
}

static void test_open_again_and_again(void **state)
{
    struct world *world = *state;
    struct rewriter rewriter = {.world = world};
    struct source *source = source_new(&world->pool, "file", content_types[0]);
    pthread_t thread;

    make_file(world, "file", 0);
    make_file(world, "other", 1);
    assert_non_null(source);
    assert_int_equal(pthread_create(&thread, NULL, exchange_without_pause, &rewriter), 0);
    for (int i = 0; i < 300; i++) {
        AUTO_READING struct reading reading = {.source = NULL};
        int error = reading_open(source, NULL, &reading, NULL);
        THREAD_CHECK(error == 0 || error == -ESTALE);
        THREAD_CHECK((error == 0) == (reading.source != NULL));
        THREAD_CHECK(error != 0 || reading.pinned);
    }
    atomic_store(&rewriter.stop, true);
    (void)pthread_join(thread, NULL);
    assert_threads_passed();
    assert_int_equal(open_files_count(&world->pool.files), 0);
    assert_int_equal(atomic_load(&source->references), 1);
    source_unref(source);
}

/* A closed one may be closed again. */
static void test_close_twice(void **state)
{
    struct world *world = *state;

    make_file(world, "file", 3);
    struct reading reading = reading_world_pin(world, "file");
    assert_reads(&reading, 3);
    assert_int_equal(open_files_count(&world->pool.files), 1);
    reading_close(&reading);
    assert_null(reading.source);
    reading_close(&reading);
    assert_int_equal(open_files_count(&world->pool.files), 0);
}

static bool never(void *argument)
{
    (void)argument;
    return false;
}

/* A copy for one request borrows all it has. */
static void test_borrowed_copy(void **state)
{
    struct world *world = *state;
    const struct cancel cancel = {never, NULL, 0};

    make_file(world, "file", 3);
    struct reading reading = reading_world_pin(world, "file");
    const unsigned references = references_of(&reading);
    const struct reading copy = reading_for(&reading, &cancel);
    assert_ptr_equal(copy.cancel, &cancel);
    assert_null(reading.cancel);
    assert_int_equal(references_of(&reading), references);
    assert_int_equal(copy.size, SIZE);
    assert_reads(&copy, 3);
    reading_close(&reading);
}

/* What a reading is of is brought up to date when it is pinned, and not otherwise. */
static void test_size_and_version(void **state)
{
    struct world *world = *state;

    make_file(world, "file", 0);
    struct reading reading = reading_world_look(world, "file");
    assert_int_equal(reading.size, SIZE);
    scratch_append(&world->scratch, "file", "more", 4);
    assert_int_equal(reading_pin(&reading), 0);
    assert_int_equal(reading.size, SIZE + 4);
    assert_int_equal(reading.version.file.size, SIZE + 4);
    scratch_let_time_pass(&world->scratch, "file");
    scratch_append(&world->scratch, "file", "more", 4);
    assert_int_equal(reading_confirm(&reading), 0);
    assert_int_equal(reading.size, SIZE + 4);
    const struct version grown = generation_version(reading.generation);
    assert_int_equal(grown.file.size, SIZE + 8);
    assert_false(version_equal(&reading.version, &grown));
    assert_true(version_continues(&reading.version, &grown));
    assert_false(version_continues(&grown, &reading.version));
    scratch_let_time_pass(&world->scratch, "file");
    assert_int_equal(fchmodat(world->scratch.directory, "file", 0600, 0), 0);
    assert_int_equal(reading_confirm(&reading), 0);
    const struct version revised = generation_version(reading.generation);
    assert_int_equal(revised.revision, grown.revision + 1);
    assert_false(version_equal(&grown, &revised));
    assert_false(version_continues(&grown, &revised));
    assert_true(version_equal(&revised, &revised));
    assert_true(version_continues(&revised, &revised));
    reading_close(&reading);
}

struct work {
    struct world *world;
    int outcome;
    bool changes; /* the file meanwhile */
    unsigned calls;
};

static int do_work(void *argument, const struct reading *reading, int fd)
{
    struct work *work = argument;
    uint8_t byte = 0;

    work->calls++;
    assert_int_equal(pread(fd, &byte, 1, 7), 1);
    assert_true(pattern_matches(&byte, 1, 7, 0));
    assert_int_equal(generation_size(reading->generation), SIZE);
    if (work->changes)
        overwrite(work->world, "file", 1);
    return work->outcome;
}

/* Work ends with its own outcome, unless what it saw was not of the generation. */
static void test_work(void **state)
{
    struct world *world = *state;
    struct work work = {.world = world};

    struct reading reading = begin_change(world);
    assert_int_equal(reading_work(&reading, do_work, &work), 0);
    work.outcome = -EXDEV;
    assert_int_equal(reading_work(&reading, do_work, &work), -EXDEV);
    work.outcome = 17;
    assert_int_equal(reading_work(&reading, do_work, &work), 17);
    work.changes = true;
    work.outcome = -EXDEV;
    assert_int_equal(reading_work(&reading, do_work, &work), -ESTALE);
    assert_int_equal(work.calls, 4);
    assert_int_equal(reading_work(&reading, do_work, &work), -ESTALE);
    assert_int_equal(work.calls, 4); /* it cannot be borrowed any more */
    assert_int_equal(reading_confirm(&reading), -ESTALE);
    reading_close(&reading);
    assert_int_equal(open_files_count(&world->pool.files), 0);
}

/* What is known without waiting: whether it is open, and whether it is unchanged. */
static void test_still(void **state)
{
    struct world *world = *state;
    int fd = -1;

    make_file(world, "file", 0);
    struct reading reading = reading_world_look(world, "file");
    struct file_identity then = generation_identity(reading.generation);
    assert_false(reading_borrow_open(&reading, &fd));
    assert_false(reading_is_still(&reading, &then));
    assert_int_equal(reading_pin(&reading), 0);
    then = generation_identity(reading.generation);
    assert_true(reading_borrow_open(&reading, &fd));
    assert_true(reading_is_unchanged(&reading, fd, &then));
    reading_return(&reading);
    assert_true(reading_is_still(&reading, &then));
    scratch_let_time_pass(&world->scratch, "file");
    scratch_append(&world->scratch, "file", "more", 4);
    assert_false(reading_is_still(&reading, &then));
    assert_int_equal(reading_confirm(&reading), 0);
    assert_false(reading_is_still(&reading, &then));
    reading_close(&reading);
}

/* Whether a file of the size 0 has bytes is asked of the file. */
static void test_empty_files(void **state)
{
    struct world *world = *state;
    struct source_pool pool;
    struct reading reading;

    scratch_write(&world->scratch, "empty", "", 0);
    reading = reading_world_pin(world, "empty");
    assert_int_equal(reading.size, 0);
    assert_int_equal(empty_file_check(&reading), 0);
    scratch_append(&world->scratch, "empty", "more", 4);
    assert_int_equal(empty_file_check(&reading), 0); /* it has grown since */
    scratch_let_time_pass(&world->scratch, "empty");
    scratch_truncate(&world->scratch, "empty", 0);
    assert_int_equal(reading_confirm(&reading), -ESTALE);
    assert_int_equal(empty_file_check(&reading), -ESTALE);
    reading_close(&reading);

    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(proc >= 0);
    source_pool_init(&pool, proc, DESCRIPTORS, 64 * 1024, 64 * 1024);
    struct source *source = source_new(&pool, "status", content_types[0]);
    assert_non_null(source);
    assert_int_equal(reading_open(source, NULL, &reading, NULL), 0);
    assert_int_equal(reading.size, 0);
    assert_int_equal(empty_file_check(&reading), -SIZE_UNTOLD);
    reading_close(&reading);
    source_unref(source);
    source_pool_destroy(&pool);
    assert_int_equal(close(proc), 0);
}

#define READING_TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        READING_TEST(test_look_errors),
        READING_TEST(test_look),
        READING_TEST(test_look_together),
        READING_TEST(test_read),
        READING_TEST(test_read_beyond_end),
        READING_TEST(test_read_unpinned),
        READING_TEST(test_rewritten),
        READING_TEST(test_truncated),
        READING_TEST(test_replaced),
        READING_TEST(test_moved_away_and_replaced),
        READING_TEST(test_look_after_change),
        READING_TEST(test_attributes_changed),
        READING_TEST(test_appended),
        READING_TEST(test_removed),
        READING_TEST(test_removed_and_made_anew),
        READING_TEST(test_becomes_something_else),
        READING_TEST(test_directory_exchanged),
        READING_TEST(test_look_ends_old_generation),
        READING_TEST(test_borrow),
        READING_TEST(test_bounded_descriptors),
        READING_TEST(test_crowd),
        READING_TEST(test_no_descriptors_left),
        READING_TEST(test_unpin_leaves_nothing),
        READING_TEST(test_failed_pin_leaves_nothing),
        READING_TEST(test_upheaval),
        READING_TEST(test_busy_append),
        READING_TEST(test_references),
        READING_TEST(test_open),
        READING_TEST(test_open_again_and_again),
        READING_TEST(test_close_twice),
        READING_TEST(test_borrowed_copy),
        READING_TEST(test_size_and_version),
        READING_TEST(test_work),
        READING_TEST(test_still),
        READING_TEST(test_empty_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
