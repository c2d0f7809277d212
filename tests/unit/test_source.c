/* source: bytes of one generation or an error, and nothing left open behind. */
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
#include "core/content/source.h"
#include "core/file/fault_guard.h"
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

static int read_at(const struct reader *reader, uint8_t *buffer, size_t length, uint64_t offset)
{
    return source_read(reader->source, reader->generation, buffer, length, offset);
}

static void assert_reads(const struct reader *reader, uint64_t kind)
{
    static uint8_t buffer[SIZE];
    assert_int_equal(read_at(reader, buffer, SIZE, 0), 0);
    assert_true(pattern_matches(buffer, SIZE, 0, kind));
}

/* Every read of it fails, however often it is tried, and it cannot be pinned again. */
static void assert_stale(const struct reader *reader)
{
    uint8_t byte;
    for (int i = 0; i < 2; i++)
        assert_int_equal(read_at(reader, &byte, 1, 0), -ESTALE);
    assert_int_equal(source_pin(reader->source, reader->generation), -ESTALE);
}

static int look_error(struct world *world, const char *name)
{
    struct source *source = source_new(&world->pool, name);
    struct generation *generation = NULL;
    struct stat attributes;
    int error = source_look(source, &generation, &attributes);
    if (error == 0)
        generation_unref(generation);
    source_unref(source);
    return error;
}

/* Only what is a regular file by now can be looked at. A FIFO holds nobody up. */
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
    struct generation *again = NULL;
    struct stat attributes;

    make_file(world, "file", 0);
    struct reader reader = reader_look(world, "file");
    assert_int_equal(source_look(reader.source, &again, &attributes), 0);
    assert_ptr_equal(again, reader.generation);
    assert_int_equal(attributes.st_size, SIZE);
    assert_int_equal(attributes.st_ino, scratch_stat(&world->scratch, "file").st_ino);
    assert_int_equal(generation_size(again), SIZE);
    generation_unref(again);
    reader_close(&reader);
}

static void look_too(void *argument, unsigned index)
{
    struct reader *readers = argument;
    struct stat attributes;
    THREAD_CHECK(source_look(readers[0].source, &readers[index + 1].generation, &attributes) == 0);
}

/* Who looks at the same unchanged file, at the same time even, gets the same generation. */
static void test_look_together(void **state)
{
    struct world *world = *state;

    make_file(world, "file", 0);
    for (int round = 0; round < 50; round++) {
        struct reader readers[5] = {{.source = source_new(&world->pool, "file")}};
        run_threads(4, look_too, readers);
        for (int i = 1; i < 5; i++) {
            assert_ptr_equal(readers[i].generation, readers[1].generation);
            generation_unref(readers[i].generation);
        }
        source_unref(readers[0].source);
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
    struct reader reader = reader_pin(world, "file");
    for (int i = 0; i < 1000; i++) {
        uint64_t offset = random_below(&random, SIZE);
        size_t length = (size_t)random_between(&random, 0, SIZE - offset);
        assert_int_equal(read_at(&reader, buffer, length, offset), 0);
        assert_true(pattern_matches(buffer, length, offset, 7));
        sum += length;
    }
    assert_int_equal(atomic_load(&world->pool.bytes_read), sum);
    reader_close(&reader);
}

/* All of the bytes or an error: there is no short read. */
static void test_read_beyond_end(void **state)
{
    struct world *world = *state;
    uint8_t buffer[16];

    make_file(world, "file", 0);
    struct reader reader = reader_pin(world, "file");
    assert_int_equal(read_at(&reader, buffer, 16, SIZE - 15), -EIO);
    assert_int_equal(read_at(&reader, buffer, 1, SIZE), -EIO);
    assert_reads(&reader, 0); /* which was an error of that one read */
    reader_close(&reader);
}

/* What is not pinned can be read, too; its descriptor closes at once. */
static void test_read_unpinned(void **state)
{
    struct world *world = *state;

    make_file(world, "file", 3);
    struct reader reader = reader_look(world, "file");
    assert_reads(&reader, 3);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    reader_close(&reader);
}

/* The old generation is over; a fresh look shows the file as it is now. */
static void assert_replaced(struct reader *old, uint64_t kind)
{
    assert_stale(old);
    struct reader fresh = reader_again(old);
    assert_int_not_equal(fresh.generation->serial, old->generation->serial);
    assert_reads(&fresh, kind);
    assert_stale(old);
    reader_close(&fresh);
    reader_close(old);
}

/*
 * For changes that leave no trace on the file itself: the path is looked at again within a second
 * or so. Until then the bytes are the old ones.
 */
static void assert_turns_stale(const struct reader *reader)
{
    static uint8_t buffer[SIZE];
    const int64_t patience = clock_ms() + 60000;
    int error = 0;

    while ((error = read_at(reader, buffer, SIZE, 0)) == 0 && clock_ms() < patience) {
        assert_true(pattern_matches(buffer, SIZE, 0, 0));
        sleep_ms(20);
    }
    assert_int_equal(error, -ESTALE);
}

static struct reader begin_change(struct world *world)
{
    make_file(world, "file", 0);
    struct reader reader = reader_pin(world, "file");
    assert_reads(&reader, 0);
    scratch_let_time_pass(&world->scratch, "file");
    return reader;
}

static void test_rewritten(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    overwrite(world, "file", 1);
    assert_replaced(&reader, 1);
}

static void test_truncated(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    scratch_truncate(&world->scratch, "file", SIZE / 2);
    assert_stale(&reader);
    overwrite(world, "file", 1);
    assert_replaced(&reader, 1);
}

/* Another file was moved to the path: what is read must be of that, though ours is still there. */
static void test_replaced(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    make_file(world, "new", 1);
    rename_file(world, "new", "file");
    assert_replaced(&reader, 1);
}

static void test_moved_away_and_replaced(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    rename_file(world, "file", "old");
    make_file(world, "file", 1);
    assert_replaced(&reader, 1);
}

/* A look notices it as well as a read does. */
static void test_look_after_change(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    overwrite(world, "file", 1);
    struct reader fresh = reader_again(&reader);
    assert_int_not_equal(fresh.generation->serial, reader.generation->serial);
    assert_stale(&reader);
    assert_reads(&fresh, 1);
    reader_close(&fresh);
    reader_close(&reader);
}

/* chmod does not disturb a reader. */
static void test_attributes_changed(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    assert_int_equal(fchmodat(world->scratch.directory, "file", 0600, 0), 0);
    assert_reads(&reader, 0);
    struct reader again = reader_again(&reader);
    assert_ptr_equal(again.generation, reader.generation);
    reader_close(&again);
    reader_close(&reader);
}

/* Appended to: open readers go on, and a look shows the same generation, longer. */
static void test_appended(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);
    uint8_t more[5000];

    pattern_fill(more, sizeof(more), SIZE, 0);
    scratch_append(&world->scratch, "file", more, sizeof(more));
    assert_reads(&reader, 0);
    struct reader again = reader_again(&reader);
    assert_ptr_equal(again.generation, reader.generation);
    assert_int_equal(generation_size(again.generation), SIZE + sizeof(more));
    assert_int_equal(read_at(&again, more, sizeof(more), SIZE), 0);
    assert_true(pattern_matches(more, sizeof(more), SIZE, 0));
    reader_close(&again);
    reader_close(&reader);
}

/* Removed: who has it open reads on, as everywhere, until its descriptor is given up. */
static void test_removed(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);
    struct generation *nothing = NULL;
    struct stat attributes;
    uint8_t byte;

    remove_file(world, "file");
    assert_int_equal(source_look(reader.source, &nothing, &attributes), -ENOENT);
    assert_reads(&reader, 0);
    assert_true(open_files_relieve(&world->pool.files));
    assert_int_equal(read_at(&reader, &byte, 1, 0), -ESTALE);
    reader_close(&reader);
}

static void test_removed_and_made_anew(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);

    remove_file(world, "file");
    assert_reads(&reader, 0);
    make_file(world, "file", 1);
    assert_turns_stale(&reader);
    assert_replaced(&reader, 1);
}

/* What is no regular file any more is no source any more. */
static void test_becomes_something_else(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);
    const int at = world->scratch.directory;

    remove_file(world, "file");
    assert_int_equal(symlinkat("elsewhere", at, "file"), 0);
    assert_stale(&reader);
    assert_int_equal(look_error(world, "file"), -ESTALE);
    remove_file(world, "file");
    assert_int_equal(mkfifoat(at, "file", 0644), 0);
    assert_stale(&reader);
    assert_int_equal(look_error(world, "file"), -ESTALE);
    reader_close(&reader);
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
    struct reader reader = reader_pin(world, "one/file");
    assert_int_equal(renameat2(at, "one", at, "two", RENAME_EXCHANGE), 0);
    assert_turns_stale(&reader);
    assert_replaced(&reader, 1);
}

/* Once a look has shown what is there now, nobody gets old bytes any more. */
static void test_look_ends_old_generation(void **state)
{
    struct world *world = *state;
    const int at = world->scratch.directory;

    assert_int_equal(mkdirat(at, "one", 0755), 0);
    assert_int_equal(mkdirat(at, "two", 0755), 0);
    make_file(world, "one/file", 0);
    make_file(world, "two/file", 1);
    struct reader reader = reader_pin(world, "one/file");
    assert_int_equal(renameat2(at, "one", at, "two", RENAME_EXCHANGE), 0);
    struct reader fresh = reader_again(&reader);
    assert_stale(&reader);
    assert_reads(&fresh, 1);
    reader_close(&fresh);
    reader_close(&reader);
}

/* A lent descriptor is the file's, and a check says whether what was read from it counts. */
static void test_borrow(void **state)
{
    struct world *world = *state;
    struct reader reader = begin_change(world);
    int fd = -1;
    uint8_t byte = 0;

    assert_int_equal(source_borrow(reader.source, reader.generation, &fd), 0);
    assert_int_equal(pread(fd, &byte, 1, 50), 1);
    assert_true(pattern_matches(&byte, 1, 50, 0));
    assert_int_equal(source_check(reader.source, reader.generation, fd), 0);
    overwrite(world, "file", 1);
    assert_int_equal(source_check(reader.source, reader.generation, fd), -ESTALE);
    source_return(reader.source, reader.generation);
    assert_int_equal(source_borrow(reader.source, reader.generation, &fd), -ESTALE);
    reader_close(&reader);
}

static void make_files(const struct world *world)
{
    char name[16];
    for (unsigned i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof(name), "file%u", i);
        make_file(world, name, i);
    }
}

static void pin_files(struct world *world, struct reader *readers)
{
    char name[16];
    for (unsigned i = 0; i < FILES; i++) {
        (void)snprintf(name, sizeof(name), "file%u", i);
        readers[i] = reader_pin(world, name);
    }
}

static void close_all(struct reader *readers)
{
    for (unsigned i = 0; i < FILES; i++)
        reader_close(&readers[i]);
}

/* Many files are open for readers, few descriptors are; with the last reader all are closed. */
static void test_bounded_descriptors(void **state)
{
    struct world *world = *state;
    static struct reader readers[FILES];
    const unsigned before = count_descriptors();

    make_files(world);
    pin_files(world, readers);
    for (int round = 0; round < 3; round++)
        for (unsigned i = 0; i < FILES; i++) {
            assert_reads(&readers[i], i);
            assert_in_range(open_files_count(&world->pool.files), 1, DESCRIPTORS);
            assert_in_range(count_descriptors(), before + 1, before + DESCRIPTORS);
        }
    close_all(readers);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    assert_int_equal(count_descriptors(), before);
}

enum { CROWD = 16 };

struct crowd {
    struct world *world;
    struct reader *readers;
};

static void read_any(void *argument, unsigned index)
{
    const struct crowd *crowd = argument;
    struct random random = random_case(index);
    uint8_t buffer[512];

    for (int i = 0; i < 300; i++) {
        unsigned file = (unsigned)random_below(&random, FILES);
        uint64_t offset = random_below(&random, SIZE - sizeof(buffer));
        THREAD_CHECK(read_at(&crowd->readers[file], buffer, sizeof(buffer), offset) == 0);
        THREAD_CHECK(pattern_matches(buffer, sizeof(buffer), offset, file));
        /* Nobody waits for a descriptor: each thread has one at most, or two if it loses a race. */
        THREAD_CHECK(open_files_count(&crowd->world->pool.files) <= DESCRIPTORS + 2 * CROWD);
    }
}

/* No read fails because too many files are wanted at once, and not more stay open than may. */
static void test_crowd(void **state)
{
    struct world *world = *state;
    static struct reader readers[FILES];
    struct crowd crowd = {world, readers};

    (void)test_seed();
    make_files(world);
    pin_files(world, readers);
    run_threads(CROWD, read_any, &crowd);
    assert_in_range(open_files_count(&world->pool.files), 1, DESCRIPTORS);
    close_all(readers);
    assert_int_equal(open_files_count(&world->pool.files), 0);
}

/* Where the process has no descriptor left the cache gives one up, and nothing fails. */
static void test_no_descriptors_left(void **state)
{
    struct world *world = *state;
    struct reader readers[DESCRIPTORS];
    char name[16];

    make_files(world);
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        (void)snprintf(name, sizeof(name), "file%u", i);
        readers[i] = reader_pin(world, name);
    }
    const struct rlimit old = descriptors_limit(0);
    struct reader late = reader_pin(world, "file9");
    assert_reads(&late, 9);
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        assert_reads(&readers[i], i);
    descriptors_restore(old);
    reader_close(&late);
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        reader_close(&readers[i]);
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
    struct reader first = reader_pin(world, "line");
    struct reader second = reader_again(&first);
    assert_int_equal(boundary_find(first.source, first.generation, 5, size, NULL, &boundary), 0);
    assert_int_equal(boundary, size);
    assert_true(count_mappings(world->scratch.path, NULL) > 0);
    reader_close(&first);
    assert_int_equal(count_descriptors(), before + 1);
    assert_true(count_mappings(world->scratch.path, NULL) > 0);
    reader_close(&second);
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
    struct reader reader = reader_look(world, "file");
    remove_file(world, "file");
    assert_int_equal(source_pin(reader.source, reader.generation), -ESTALE);
    rename_file(world, "other", "file");
    assert_int_equal(source_pin(reader.source, reader.generation), -ESTALE);
    assert_int_equal(count_descriptors(), before);
    assert_int_equal(open_files_count(&world->pool.files), 0);
    reader_close(&reader);
}

/* Readers of one generation while the file becomes another. */
struct upheaval {
    struct world *world;
    struct reader reader;
    atomic_uint reading; /* readers that have read at least once */
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
        error = read_at(&upheaval->reader, buffer, length, offset);
        THREAD_CHECK(error != 0 || pattern_matches(buffer, length, offset, 0));
        if (first)
            atomic_fetch_add(&upheaval->reading, 1);
    }
    THREAD_CHECK(error == -ESTALE);
    free(buffer);
}

static void take_part(void *argument, unsigned index)
{
    struct upheaval *upheaval = argument;
    struct random random = random_case(atomic_load(&upheaval->reading) + 10 * index);

    if (index < UPHEAVAL_READERS) {
        read_until_stale(upheaval, &random);
        return;
    }
    while (atomic_load(&upheaval->reading) < UPHEAVAL_READERS)
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
        upheaval.reader = begin_change(world);
        run_threads(UPHEAVAL_READERS + 1, take_part, &upheaval);
        reader_close(&upheaval.reader);
    }
}

/* A file that is appended to without a pause can be looked at, pinned and read all the same. */
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
    struct reader held = reader_pin(world, "file");
    assert_int_equal(pthread_create(&thread, NULL, append_without_pause, &appender), 0);
    for (int i = 0; i < 50 || (last <= SIZE && i < 100000); i++) { /* it takes a while to start */
        struct reader same = reader_again(&held);
        struct reader other = reader_pin(world, "file");
        assert_reads(&held, 0);
        assert_reads(&other, 0);
        assert_ptr_equal(same.generation, held.generation);
        assert_true(generation_size(held.generation) >= last);
        last = generation_size(held.generation);
        reader_close(&other);
        reader_close(&same);
    }
    atomic_store(&appender.stop, true);
    (void)pthread_join(thread, NULL);
    assert_threads_passed();
    assert_true(last > SIZE);
    reader_close(&held);
}

/* A source lives until its last reference is dropped. */
static void test_references(void **state)
{
    struct world *world = *state;
    struct source *source = source_new(&world->pool, "file");

    assert_non_null(source);
    assert_ptr_equal(source_ref(source), source);
    assert_int_equal(atomic_load(&source->references), 2);
    source_unref(source);
    assert_int_equal(atomic_load(&source->references), 1);
    assert_string_equal(source->path, "file");
    source_unref(source);
    source_unref(NULL);
}

#define SOURCE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOURCE_TEST(test_look_errors),
        SOURCE_TEST(test_look),
        SOURCE_TEST(test_look_together),
        SOURCE_TEST(test_read),
        SOURCE_TEST(test_read_beyond_end),
        SOURCE_TEST(test_read_unpinned),
        SOURCE_TEST(test_rewritten),
        SOURCE_TEST(test_truncated),
        SOURCE_TEST(test_replaced),
        SOURCE_TEST(test_moved_away_and_replaced),
        SOURCE_TEST(test_look_after_change),
        SOURCE_TEST(test_attributes_changed),
        SOURCE_TEST(test_appended),
        SOURCE_TEST(test_removed),
        SOURCE_TEST(test_removed_and_made_anew),
        SOURCE_TEST(test_becomes_something_else),
        SOURCE_TEST(test_directory_exchanged),
        SOURCE_TEST(test_look_ends_old_generation),
        SOURCE_TEST(test_borrow),
        SOURCE_TEST(test_bounded_descriptors),
        SOURCE_TEST(test_crowd),
        SOURCE_TEST(test_no_descriptors_left),
        SOURCE_TEST(test_unpin_leaves_nothing),
        SOURCE_TEST(test_failed_pin_leaves_nothing),
        SOURCE_TEST(test_upheaval),
        SOURCE_TEST(test_busy_append),
        SOURCE_TEST(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
