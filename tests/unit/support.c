/* SPDX-License-Identifier: MIT */
#include "tests/unit/support.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/content/contents.h"

/* The file system that the tests pretend to run on (linked with --wrap). */

_Atomic long pretended_file_system = EXT4_SUPER_MAGIC;
atomic_uint file_system_questions;

int __real_fstatfs64(int fd, struct statfs *statistics);
int __wrap_fstatfs64(int fd, struct statfs *statistics);

int __wrap_fstatfs64(int fd, struct statfs *statistics)
{
    const long pretended = atomic_load(&pretended_file_system);

    atomic_fetch_add(&file_system_questions, 1);
    if (pretended < 0) {
        errno = (int)-pretended;
        return -1;
    }
    int result = __real_fstatfs64(fd, statistics);
    if (result == 0 && pretended != 0)
        statistics->f_type = pretended;
    return result;
}

/* Random numbers: splitmix64 */

static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
    value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
    return value ^ (value >> 31);
}

uint64_t test_seed(void)
{
    static uint64_t seed;
    static bool known;
    const char *given = getenv("BIGFS_SEED");

    if (known)
        return seed;
    if (given != NULL)
        seed = strtoull(given, NULL, 0);
    else if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        seed = (uint64_t)time(NULL);
    known = true;
    print_message("BIGFS_SEED=%" PRIu64 "\n", seed);
    return seed;
}

struct random random_case(uint64_t index)
{
    return (struct random){.state = mix(test_seed() + index * 0x9e3779b97f4a7c15)};
}

uint64_t random_next(struct random *random)
{
    random->state += 0x9e3779b97f4a7c15;
    return mix(random->state);
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

uint64_t random_between(struct random *random, uint64_t least, uint64_t most)
{
    return least + random_below(random, most - least + 1);
}

bool random_chance(struct random *random, unsigned percent)
{
    return random_below(random, 100) < percent;
}

/* Temporary files */

static const char *directory_for_tests(void)
{
    const char *directory = getenv("BIGFS_TEST_DIR");
    if (directory == NULL)
        directory = getenv("TMPDIR");
    return directory != NULL ? directory : "/tmp";
}

int scratch_make(struct scratch *scratch)
{
    /* The path as /proc/self/maps shows it. */
    AUTO_FREE char *parent = realpath(directory_for_tests(), NULL);
    int length = snprintf(scratch->path, sizeof(scratch->path), "%s/bigfs-unit-XXXXXX",
                          parent != NULL ? parent : directory_for_tests());

    scratch->directory = -1;
    if (length < 0 || (size_t)length >= sizeof(scratch->path) || mkdtemp(scratch->path) == NULL) {
        print_error("no temporary directory in %s: %s\n", directory_for_tests(), strerror(errno));
        return -1;
    }
    scratch->directory = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return scratch->directory < 0 ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *attributes, int type, struct FTW *ftw)
{
    (void)attributes;
    (void)type;
    (void)ftw;
    return remove(path);
}

void scratch_remove(struct scratch *scratch)
{
    if (scratch->directory >= 0)
        (void)close(scratch->directory);
    scratch->directory = -1;
    if (nftw(scratch->path, remove_entry, 4, FTW_DEPTH | FTW_PHYS) != 0)
        print_error("cannot remove %s: %s\n", scratch->path, strerror(errno));
}

int scratch_setup(void **state)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));
    if (scratch == NULL || scratch_make(scratch) != 0) {
        free(scratch);
        return -1;
    }
    *state = scratch;
    return 0;
}

int scratch_teardown(void **state)
{
    struct scratch *scratch = *state;
    scratch_remove(scratch);
    free(scratch);
    return 0;
}

int scratch_open(const struct scratch *scratch, const char *name, int flags)
{
    int fd = openat(scratch->directory, name, flags | O_CLOEXEC, 0644);
    if (fd < 0)
        fail_msg("cannot open %s: %s", name, strerror(errno));
    return fd;
}

static void write_whole(int fd, const void *bytes, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t put = pwrite(fd, (const char *)bytes + done, length - done, (off_t)(offset + done));
        if (put <= 0)
            fail_msg("cannot write: %s", strerror(errno));
        done += (size_t)put;
    }
}

/*
 * Sets the mtime a second back. A file that was written to just now is not captured before it has
 * been at rest for a while, and thousands of cases would wait for that.
 */
static void let_rest(int fd)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec--;
    assert_int_equal(futimens(fd, times), 0);
}

void scratch_write(const struct scratch *scratch, const char *name, const void *bytes,
                   size_t length)
{
    int fd = scratch_open(scratch, name, O_WRONLY | O_CREAT | O_TRUNC);
    write_whole(fd, bytes, length, 0);
    let_rest(fd);
    assert_int_equal(close(fd), 0);
}

void scratch_write_sparse(const struct scratch *scratch, const char *name, const uint8_t *bytes,
                          size_t length)
{
    enum { BLOCK = 4096 };
    static const uint8_t zeros[BLOCK];
    int fd = scratch_open(scratch, name, O_WRONLY | O_CREAT | O_TRUNC);

    for (size_t at = 0; at < length; at += BLOCK) {
        const size_t part = length - at < BLOCK ? length - at : BLOCK;
        if (memcmp(bytes + at, zeros, part) != 0)
            write_whole(fd, bytes + at, part, at);
    }
    assert_int_equal(ftruncate(fd, (off_t)length), 0);
    let_rest(fd);
    assert_int_equal(close(fd), 0);
}

void scratch_append(const struct scratch *scratch, const char *name, const void *bytes,
                    size_t length)
{
    scratch_overwrite(scratch, name, bytes, length, (uint64_t)scratch_stat(scratch, name).st_size);
}

void scratch_overwrite(const struct scratch *scratch, const char *name, const void *bytes,
                       size_t length, uint64_t offset)
{
    int fd = scratch_open(scratch, name, O_WRONLY);
    write_whole(fd, bytes, length, offset);
    assert_int_equal(close(fd), 0);
}

void scratch_truncate(const struct scratch *scratch, const char *name, uint64_t size)
{
    int fd = scratch_open(scratch, name, O_WRONLY);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(close(fd), 0);
}

struct stat scratch_stat(const struct scratch *scratch, const char *name)
{
    struct stat attributes;
    assert_int_equal(fstatat(scratch->directory, name, &attributes, AT_SYMLINK_NOFOLLOW), 0);
    return attributes;
}

static bool time_before(struct timespec a, struct timespec b)
{
    return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

void scratch_let_time_pass(const struct scratch *scratch, const char *name)
{
    struct stat attributes = scratch_stat(scratch, name);
    struct stat probe = attributes;

    while (!time_before(attributes.st_ctim, probe.st_ctim)) {
        sleep_ms(1);
        assert_int_equal(close(scratch_open(scratch, ".clock", O_WRONLY | O_CREAT)), 0);
        probe = scratch_stat(scratch, ".clock");
        assert_int_equal(unlinkat(scratch->directory, ".clock", 0), 0);
    }
}

/* The bytes of a pattern from `offset` on, the first one lowest. */
static inline uint64_t pattern_word(uint64_t offset, uint64_t kind)
{
    return mix((offset / 8) ^ (kind << 40)) >> (offset % 8 * 8);
}

UNWATCHED void pattern_fill(void *bytes, size_t length, uint64_t offset, uint64_t kind)
{
    uint8_t *place = bytes;
    uint8_t *end = place + length;

    for (; place < end && offset % 8 != 0; offset++)
        *place++ = (uint8_t)pattern_word(offset, kind);
    for (; end - place >= 8; offset += 8, place += 8) {
        uint64_t word = htole64(pattern_word(offset, kind));
        memcpy(place, &word, sizeof(word));
    }
    for (; place < end; offset++)
        *place++ = (uint8_t)pattern_word(offset, kind);
}

bool pattern_matches(const void *bytes, size_t length, uint64_t offset, uint64_t kind)
{
    const uint8_t *place = bytes;
    uint8_t expected[4096];

    while (length > 0) {
        size_t part = length < sizeof(expected) ? length : sizeof(expected);
        pattern_fill(expected, part, offset, kind);
        if (memcmp(place, expected, part) != 0)
            return false;
        place += part;
        offset += part;
        length -= part;
    }
    return true;
}

/* This process, seen from outside */

unsigned count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    unsigned count = 0;

    assert_non_null(directory);
    for (const struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory))
        if (entry->d_name[0] != '.')
            count++;
    assert_int_equal(closedir(directory), 0);
    return count - 1; /* the one used for looking */
}

struct mapping {
    uint64_t start;
    uint64_t end;
    uint64_t offset;
};

/* Calls visit() for each mapping of a file whose path holds `part`. */
static void each_mapping(const char *part, void (*visit)(const struct mapping *, void *),
                         void *argument)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t room = 0;

    assert_non_null(maps);
    while (getline(&line, &room, maps) > 0) {
        struct mapping mapping;
        if (strstr(line, part) != NULL &&
            sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &mapping.start, &mapping.end,
                   &mapping.offset) == 3)
            visit(&mapping, argument);
    }
    free(line);
    assert_int_equal(fclose(maps), 0);
}

struct mapping_sum {
    unsigned count;
    uint64_t bytes;
};

static void sum_mapping(const struct mapping *mapping, void *argument)
{
    struct mapping_sum *sum = argument;
    sum->count++;
    sum->bytes += mapping->end - mapping->start;
}

unsigned count_mappings(const char *part, uint64_t *bytes)
{
    struct mapping_sum sum = {0, 0};
    each_mapping(part, sum_mapping, &sum);
    if (bytes != NULL)
        *bytes = sum.bytes;
    return sum.count;
}

struct mapping_search {
    uint64_t offset;
    bool found;
};

/* The kernel joins neighbours into one line, so the offset may lie in the middle of one. */
static void search_mapping(const struct mapping *mapping, void *argument)
{
    struct mapping_search *search = argument;
    if (search->offset >= mapping->offset &&
        search->offset - mapping->offset < mapping->end - mapping->start)
        search->found = true;
}

bool is_mapped(const char *part, uint64_t offset)
{
    struct mapping_search search = {offset, false};
    each_mapping(part, search_mapping, &search);
    return search.found;
}

bool succeeds_in_time(bool (*attempt)(const void *argument), const void *argument)
{
    enum { ATTEMPTS = 8 };
    for (int i = 0; i < ATTEMPTS; i++)
        if (attempt(argument))
            return true;
    return false;
}

struct rlimit descriptors_limit(unsigned room)
{
    struct rlimit old;
    int lowest_free = dup(STDERR_FILENO);

    assert_true(lowest_free >= 0);
    assert_int_equal(close(lowest_free), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    struct rlimit low = {.rlim_cur = (rlim_t)lowest_free + room, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    return old;
}

void descriptors_restore(struct rlimit old)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* Threads */

static pthread_mutex_t failure_lock = PTHREAD_MUTEX_INITIALIZER;
static char failure[512]; /* protected by failure_lock; empty: none */

bool thread_check(bool holds, const char *condition, const char *file, int line)
{
    if (holds)
        return true;
    HOLD_LOCK(&failure_lock);
    if (failure[0] == '\0')
        (void)snprintf(failure, sizeof(failure), "%s:%d: in a thread: %s", file, line, condition);
    return false;
}

void assert_threads_passed(void)
{
    char message[sizeof(failure)];
    {
        HOLD_LOCK(&failure_lock);
        memcpy(message, failure, sizeof(message));
        failure[0] = '\0';
    }
    if (message[0] != '\0')
        fail_msg("%s", message);
}

struct thread_work {
    void (*work)(void *argument, unsigned index);
    void *argument;
    unsigned index;
};

static void *do_thread_work(void *argument)
{
    const struct thread_work *thread = argument;
    thread->work(thread->argument, thread->index);
    return NULL;
}

void run_threads(unsigned count, void (*work)(void *argument, unsigned index), void *argument)
{
    pthread_t *threads = calloc(count, sizeof(*threads));
    struct thread_work *works = calloc(count, sizeof(*works));
    unsigned started = 0;

    assert_non_null(threads);
    assert_non_null(works);
    for (; started < count; started++) {
        works[started] = (struct thread_work){work, argument, started};
        if (pthread_create(&threads[started], NULL, do_thread_work, &works[started]) != 0)
            break;
    }
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    free(threads);
    free(works);
    assert_int_equal(started, count);
    assert_threads_passed();
}

void sleep_ms(unsigned milliseconds)
{
    const struct timespec pause = {
        .tv_sec = (time_t)(milliseconds / 1000),
        .tv_nsec = (long)(milliseconds % 1000) * 1000000,
    };
    (void)nanosleep(&pause, NULL);
}

/* Sources */

int world_make(void **state, const struct world_limits *limits)
{
    const struct world_limits usual = {16, 1024 * 1024, 16 * 1024 * 1024};
    const struct world_limits *chosen = limits != NULL ? limits : &usual;
    struct world *world = calloc(1, sizeof(*world));

    if (world == NULL || scratch_make(&world->scratch) != 0) {
        free(world);
        return -1;
    }
    source_pool_init(&world->pool, world->scratch.directory, chosen->descriptors,
                     chosen->window_size, chosen->window_total);
    *state = world;
    return 0;
}

int world_setup(void **state)
{
    return world_make(state, NULL);
}

/* A failed test may have left files open; then the pool is left as it is. */
int world_teardown(void **state)
{
    struct world *world = *state;
    bool closed = open_files_count(&world->pool.files) == 0;

    scratch_remove(&world->scratch);
    if (closed) {
        source_pool_destroy(&world->pool);
        free(world);
    }
    return closed ? 0 : -1;
}

struct reading reading_world_look(struct world *world, const char *name)
{
    struct source *source = source_new(&world->pool, name, content_types[0]);
    struct reading reading;

    assert_non_null(source);
    assert_int_equal(reading_look(source, NULL, &reading, NULL), 0);
    source_unref(source);
    return reading;
}

struct reading reading_world_pin(struct world *world, const char *name)
{
    struct reading reading = reading_world_look(world, name);
    assert_int_equal(reading_pin(&reading), 0);
    return reading;
}

struct reading reading_again(const struct reading *reading)
{
    struct reading again;
    assert_int_equal(reading_look(reading->source, NULL, &again, NULL), 0);
    assert_int_equal(reading_pin(&again), 0);
    return again;
}
