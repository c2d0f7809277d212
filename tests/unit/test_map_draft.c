/* SPDX-License-Identifier: MIT */
/*
 * map_draft, and builds of maps: a map outlives a daemon, is found again, goes on when its file
 * grows, and is never trusted too much. Reads do without what is missing of a map's file.
 *
 * This program is linked with --wrap=gzip_stream_open.
 */
#include "tests/unit/index_directory_fixture.h"

#ifdef BIGFS_HAS_GZIP

#ifdef BIGFS_HAS_ZSTD
#include <zstd.h>
#endif

#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/contents.h"
#include "core/content/map_note.h"
#include "core/format/csv.h"
#include "core/index/index_build.h"
#include "core/index/index_builder.h"
#include "core/index/index_count.h"
#include "core/index/index_note.h"
#include "core/index/map_draft.h"
#include "tests/unit/gzip_made.h"

enum {
    FIRST_MEMBER = 300 * KIB,
    LARGE_MEMBER = 3 * MIB + 500 * KIB,
    LATE = FIRST_MEMBER + 2 * MIB + 200 * KIB, /* a place where aids save time */
    PATIENCE_MS = 20000,
};

/* --- where decoding starts -------------------------------------------------------------------- */

static uint64_t last_start; /* plain offset where the last stream began */

int __real_gzip_stream_open(const struct codec_file *file, const struct codec_place *from,
                            struct codec_stream **opened);
int __wrap_gzip_stream_open(const struct codec_file *file, const struct codec_place *from,
                            struct codec_stream **opened);

int __wrap_gzip_stream_open(const struct codec_file *file, const struct codec_place *from,
                            struct codec_stream **opened)
{
    last_start = from->plain;
    return __real_gzip_stream_open(file, from, opened);
}

/* --- files ------------------------------------------------------------------------------------ */

/* A compressed file, and what it holds. */
struct sample {
    struct codec_bytes file;
    uint8_t *plain; /* owned */
    uint64_t size;
    uint64_t members[8]; /* where they start in the file */
    unsigned count;
};

/* Noise, a little of which comes again: so windows are small, and places within have short aids. */
static uint8_t *make_noise(struct random *random, size_t length)
{
    uint8_t *plain = malloc(length + sizeof(uint64_t));

    assert_non_null(plain);
    for (size_t at = 0; at < length; at += sizeof(uint64_t)) {
        const uint64_t word = random_next(random);
        memcpy(plain + at, &word, sizeof(word));
    }
    for (size_t at = 4000; at + 4000 < length; at += random_between(random, 2000, 20000))
        memcpy(plain + at, plain + at - 3000, 100);
    return plain;
}

static void sample_add(struct sample *sample, struct random *random, enum content_kind kind,
                       size_t length)
{
    uint8_t *plain =
        kind == NOISE ? make_noise(random, length) : make_content(random, kind, length);

    sample->members[sample->count++] = sample->file.size;
    add_plainly(&sample->file, plain, length);
    codec_add(&sample->plain, &sample->size, plain, length);
    free(plain);
}

static void sample_free(struct sample *sample)
{
    codec_bytes_free(&sample->file);
    free(sample->plain);
}

static void sample_write(const struct sample *sample)
{
    scratch_write(&world->scratch, "file", sample->file.bytes, sample->file.size);
}

/* Several members, one of which is so long that places within it have aids. Made once. */
static struct sample sample_make(void)
{
    static struct sample made; /* kept to the end */
    struct random random = random_case(1000);
    struct sample sample = {.plain = NULL};

    if (made.plain == NULL) {
        sample_add(&made, &random, TEXT, FIRST_MEMBER);
        sample_add(&made, &random, TEXT, 0);
        sample_add(&made, &random, NOISE, LARGE_MEMBER);
        sample_add(&made, &random, TEXT, 200 * KIB);
    }
    codec_add(&sample.plain, &sample.size, made.plain, made.size);
    codec_bytes_add(&sample.file, made.file.bytes, made.file.size);
    memcpy(sample.members, made.members, sizeof(sample.members));
    sample.count = made.count;
    sample_write(&sample);
    return sample;
}

/* A few members that are short in the file. The last one starts at a place. */
static struct sample sample_make_small(uint64_t number, const char *name)
{
    struct random random = random_case(number);
    struct sample sample = {.plain = NULL};

    sample_add(&sample, &random, TEXT, 50 * KIB);
    sample_add(&sample, &random, ZEROS, 1000 * KIB);
    sample_add(&sample, &random, TEXT, 50 * KIB);
    scratch_write(&world->scratch, name, sample.file.bytes, sample.file.size);
    return sample;
}

/* Adds a member to the file too. */
static void sample_append(struct sample *sample, struct random *random, size_t length)
{
    const uint64_t before = sample->file.size;

    sample_add(sample, random, TEXT, length);
    scratch_append(&world->scratch, "file", sample->file.bytes + before,
                   sample->file.size - before);
}

/* --- daemons ---------------------------------------------------------------------------------- */

/* What a daemon has: nothing in memory at first, and the index directory of those before. */
struct daemon {
    struct source_pool pool;
    struct index_directory directory;
    struct source *source;
    unsigned troubles;
    char trouble[200]; /* the last one */
};

static const struct content_type *content_named(const char *name)
{
    for (const struct content_type *const *type = content_types; *type != NULL; type++)
        if (strcmp((*type)->name, name) == 0)
            return *type;
    return NULL;
}

static void note_trouble(void *argument, const char *kind, const char *path, const char *text)
{
    struct daemon *daemon = argument;
    (void)path;
    (void)snprintf(daemon->trouble, sizeof(daemon->trouble), "%s: %s", kind, text);
    daemon->troubles++;
}

static struct daemon *daemon_start_on(const char *name, const char *content)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));

    assert_non_null(daemon);
    assert_int_equal(fault_guard_install(), 0);
    source_pool_init(&daemon->pool, world->scratch.directory, 16, MIB, 16 * MIB);
    daemon->pool.on_trouble = note_trouble;
    daemon->pool.on_trouble_argument = daemon;
    index_directory_init(&daemon->directory, indexes_path, 0, warn, NULL);
    atomic_store(&warnings, 0);
    daemon->source = source_new(&daemon->pool, name, content_named(content));
    assert_non_null(daemon->source);
    return daemon;
}

static struct daemon *daemon_start(void)
{
    return daemon_start_on("file", "gzip");
}

static void daemon_end(struct daemon *daemon)
{
    source_unref(daemon->source);
    index_directory_destroy(&daemon->directory);
    source_pool_destroy(&daemon->pool);
    free(daemon);
}

static bool ask_never(void *argument)
{
    (void)argument;
    return false;
}

/* No map that was made before now is good enough. */
static const struct cancel fresh_wanted = {ask_never, NULL, INT64_MAX};

/* A build that has begun, as for a reader that must wait. */
static int begin_build(struct daemon *daemon, struct index_build **build)
{
    struct reading reading;

    assert_int_equal(reading_find(daemon->source, &fresh_wanted, &reading, NULL), 0);
    assert_int_equal(reading_pin(&reading), -AWAITS_INDEX);
    int error = index_build_new(&daemon->directory, &reading, &lines_format, build);
    reading_close(&reading);
    return error;
}

/* Takes all of its steps, and ends it. */
static int go_through(struct daemon *daemon, struct index_build *build)
{
    int error = 0;

    while (error == 0 && build->next < build->size) {
        const uint64_t end = build->type->step_end(build, build->next);
        error = build->type->take(build, build->next, end, &build->next);
    }
    build->error = error;
    return index_build_end(build, &daemon->directory);
}

/* What was done to get a map. */
struct got {
    int error;
    bool walked;
    uint64_t from; /* where the walk began in the file */
};

static struct got get_map(struct daemon *daemon)
{
    struct index_build *build = NULL;
    struct got got = {.error = begin_build(daemon, &build)};

    if (got.error != 0)
        return got;
    got.walked = build->walk != NULL;
    got.from = build->from;
    got.error = go_through(daemon, build);
    index_build_free(build);
    return got;
}

/* The map is made, by a walk from `from` on; or it is found. */
static void check_walks(struct daemon *daemon, uint64_t from)
{
    const struct got got = get_map(daemon);
    assert_int_equal(got.error, 0);
    assert_true(got.walked);
    assert_int_equal(got.from, from);
}

static void check_finds(struct daemon *daemon)
{
    const struct got got = get_map(daemon);
    assert_int_equal(got.error, 0);
    assert_false(got.walked);
}

static struct reading open_plain(struct daemon *daemon)
{
    struct reading reading;
    assert_int_equal(reading_open(daemon->source, NULL, &reading, NULL), 0);
    return reading;
}

static struct content_map *map_of(const struct reading *reading)
{
    struct content_map *map = map_note_get(map_note_of(reading->generation));
    assert_non_null(map);
    return map;
}

/* Random ranges, and all of it. */
static void check_plain(struct daemon *daemon, const struct sample *sample, struct random *random)
{
    struct reading reading = open_plain(daemon);
    uint8_t *got = malloc(sample->size);

    assert_non_null(got);
    assert_int_equal(reading.size, sample->size);
    for (unsigned i = 0; i < 8; i++) {
        const uint64_t start = i == 7 ? 0 : random_below(random, sample->size);
        const size_t length =
            (size_t)(i == 7 ? sample->size
                            : random_between(random, 1, min_u64(100 * KIB, sample->size - start)));
        assert_int_equal(content_read(&reading, got, length, start), 0);
        assert_memory_equal(got, sample->plain + start, length);
    }
    reading_close(&reading);
    free(got);
}

/* Reads near the end of the long member. Returns the plain offset where decoding began. */
static uint64_t read_late(struct daemon *daemon, const struct sample *sample)
{
    struct reading reading = open_plain(daemon);
    uint8_t got[4000];

    assert_int_equal(content_read(&reading, got, sizeof(got), LATE), 0);
    assert_memory_equal(got, sample->plain + LATE, sizeof(got));
    reading_close(&reading);
    return last_start;
}

static bool is_there(struct daemon *daemon)
{
    struct reading reading;
    assert_int_equal(reading_find(daemon->source, NULL, &reading, NULL), 0);
    bool there = map_is_there(&daemon->directory, &reading);
    reading_close(&reading);
    return there;
}

static void check_kept(unsigned maps)
{
    assert_int_equal(files_of(".map", NULL), maps);
    assert_int_equal(files_of(".tmp", NULL), 0);
}

/* --- made and found --------------------------------------------------------------------------- */

static void test_kept_for_the_next_daemon(void **state)
{
    struct sample sample = sample_make();
    struct random random = random_case(2);
    struct daemon *daemon = daemon_start();
    char path[PATH_MAX];
    struct stat attributes;

    (void)state;
    assert_false(is_there(daemon));
    check_walks(daemon, 0);
    assert_true(is_there(daemon));
    check_plain(daemon, &sample, &random);
    daemon_end(daemon);
    check_kept(1);
    assert_int_equal(files_of(".map", path), 1);
    assert_int_equal(stat(path, &attributes), 0);
    assert_int_equal(attributes.st_mode & 0777, 0600);

    daemon = daemon_start();
    assert_true(is_there(daemon));
    check_finds(daemon);
    check_plain(daemon, &sample, &random);
    assert_int_equal(atomic_load(&warnings), 0);
    assert_int_equal(daemon->troubles, 0);
    daemon_end(daemon);
    check_kept(1);
    sample_free(&sample);
}

/* Aids are in the file alone, and are used from there: the process that made the map reads them
 * there, too. */
static void test_aids_stay_on_the_disk(void **state)
{
    struct sample sample = sample_make();

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct daemon *daemon = daemon_start();
        assert_int_equal(get_map(daemon).error, 0);
        struct reading reading = open_plain(daemon);
        struct content_map *map = map_of(&reading);
        assert_true(map->aids == NULL && map->aid_store != NULL && map->aids_size > 0);
        content_map_unref(map);
        reading_close(&reading);
        assert_in_range(read_late(daemon, &sample), FIRST_MEMBER + MIB, LATE);
        daemon_end(daemon);
    }
    sample_free(&sample);
}

static void test_nothing_is_kept(void **state)
{
    struct sample sample = sample_make();
    struct random random = random_case(5);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct daemon *daemon = daemon_start();
        if (i < 2)
            daemon->directory.path = NULL;
        else
            daemon->directory.least = sample.file.size + 1;
        assert_false(is_there(daemon));
        check_walks(daemon, 0);
        check_plain(daemon, &sample, &random);
        assert_int_equal(atomic_load(&warnings), 0);
        daemon_end(daemon);
    }
    check_kept(0);
    sample_free(&sample);
}

/* A directory that cannot be, and one that others may write to: one warning, and maps in memory. */
static void test_a_directory_that_cannot_be_written_to(void **state)
{
    struct sample sample = sample_make_small(6, "file");
    struct random random = random_case(7);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        new_indexes(i == 0 ? "file/cache" : "open");
        if (i == 1) {
            assert_int_equal(mkdirat(world->scratch.directory, "open", 0700), 0);
            assert_int_equal(fchmodat(world->scratch.directory, "open", 0777, 0), 0);
        }
        struct daemon *daemon = daemon_start();
        check_walks(daemon, 0);
        check_plain(daemon, &sample, &random);
        assert_int_equal(atomic_load(&warnings), 1);
        sample_free(&sample);
        sample = sample_make_small(30 + i, "file");
        check_walks(daemon, 0);
        check_plain(daemon, &sample, &random);
        assert_int_equal(atomic_load(&warnings), 1);
        daemon_end(daemon);
    }
    sample_free(&sample);
}

/* --- the map's file goes while it is used ----------------------------------------------------- */

enum disaster { GONE, DIRECTORY_GONE, ANOTHER, EMPTY, CUT, NO_FILE, AID_DAMAGED, DISASTERS };

/* Puts the map of another file there. */
static void put_another_map(const char *path)
{
    struct sample other = sample_make_small(8, "other");
    char found[PATH_MAX];
    char path_before[PATH_MAX];

    memcpy(path_before, indexes_path, sizeof(indexes_path));
    new_indexes("cache-of-another");
    struct daemon *daemon = daemon_start_on("other", "gzip");
    assert_int_equal(get_map(daemon).error, 0);
    assert_int_equal(files_of(".map", found), 1);
    assert_int_equal(rename(found, path), 0);
    daemon_end(daemon);
    memcpy(indexes_path, path_before, sizeof(indexes_path));
    sample_free(&other);
}

static void damage_aids(const char *path)
{
    uint8_t zeros[500] = {0};
    struct stat attributes;
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &attributes), 0);
    for (off_t at = attributes.st_size - 1; at > 250; at -= 5)
        assert_int_equal(pwrite(fd, zeros, 1, at), 1);
    assert_int_equal(close(fd), 0);
}

static void happen(enum disaster disaster, const char *path)
{
    char moved[PATH_MAX];

    if (disaster == GONE || disaster == NO_FILE)
        assert_int_equal(unlink(path), 0);
    if (disaster == NO_FILE)
        assert_int_equal(mkdir(path, 0700), 0);
    if (disaster == DIRECTORY_GONE) {
        (void)snprintf(moved, sizeof(moved), "%.3000s-moved", indexes_path);
        assert_int_equal(rename(indexes_path, moved), 0);
    }
    if (disaster == EMPTY || disaster == CUT)
        assert_int_equal(truncate(path, disaster == EMPTY ? 0 : 250), 0);
    if (disaster == AID_DAMAGED)
        damage_aids(path);
    if (disaster == ANOTHER)
        put_another_map(path);
}

/* Reads begin where a unit starts, then, and are right. */
static void test_the_file_goes(void **state)
{
    struct sample sample = sample_make();

    (void)state;
    for (unsigned i = 0; i < DISASTERS; i++) {
        struct random random = random_case(10 + i);
        char name[16];
        char path[PATH_MAX];
        (void)snprintf(name, sizeof(name), "cache-%u", i);
        new_indexes(name);
        struct daemon *daemon = daemon_start();
        assert_int_equal(get_map(daemon).error, 0);
        assert_int_equal(files_of(".map", path), 1);
        happen((enum disaster)i, path);
        const uint64_t began = read_late(daemon, &sample);
        if (began != 0)
            fail_msg("disaster %u: decoding begins at %llu", i, (unsigned long long)began);
        check_plain(daemon, &sample, &random);
        assert_int_equal(daemon->troubles, 0);
        daemon_end(daemon);
    }
    sample_free(&sample);
}

/* --- other files ------------------------------------------------------------------------------ */

/* Where in the file the last whole unit ends. */
static uint64_t last_unit_of(struct daemon *daemon)
{
    struct reading reading = open_plain(daemon);
    struct content_map *map = map_of(&reading);
    const uint64_t file = map->file;

    content_map_unref(map);
    reading_close(&reading);
    return file;
}

/* A member is appended between daemons: the map begins with the old one, and goes on. */
static void test_a_file_that_has_grown(void **state)
{
    struct sample sample = sample_make();
    struct random random = random_case(30);

    (void)state;
    struct daemon *daemon = daemon_start();
    check_walks(daemon, 0);
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t from = last_unit_of(daemon);
        daemon_end(daemon);
        assert_true(from > 0 || i < 3);
        sample_append(&sample, &random, (size_t)random_between(&random, 900 * KIB, 1000 * KIB));
        daemon = daemon_start();
        assert_true(is_there(daemon));
        check_walks(daemon, from);
        check_plain(daemon, &sample, &random);
        daemon_end(daemon);
        check_kept(1); /* that of before is gone */
        daemon = daemon_start();
        check_finds(daemon);
        assert_in_range(read_late(daemon, &sample), FIRST_MEMBER + MIB, LATE);
        check_plain(daemon, &sample, &random);
        assert_int_equal(atomic_load(&warnings), 0);
    }
    daemon_end(daemon);
    sample_free(&sample);
}

/* A map of hardly more is not kept again. The next daemon goes on from the old one, too. */
static void test_a_file_that_has_hardly_grown(void **state)
{
    struct sample sample = sample_make_small(34, "file");
    struct random random = random_case(31);
    char first[PATH_MAX];
    char path[PATH_MAX];

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct daemon *daemon = daemon_start();
        const struct got got = get_map(daemon);
        assert_int_equal(got.error, 0);
        assert_true(got.walked);
        assert_true((got.from > 0) == (i > 0));
        check_plain(daemon, &sample, &random);
        daemon_end(daemon);
        assert_int_equal(files_of(".map", i == 0 ? first : path), 1);
        assert_string_equal(i == 0 ? first : path, first);
        sample_append(&sample, &random, 100);
    }
    sample_free(&sample);
}

/* Rewritten, with the same length and the same mtime, or longer: there is no map of it yet. */
static void test_a_file_that_was_rewritten(void **state)
{
    struct random random = random_case(32);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct sample sample = sample_make_small(33, "file");
        struct daemon *daemon = daemon_start();
        assert_int_equal(get_map(daemon).error, 0);
        daemon_end(daemon);
        if (i == 0) {
            const struct stat was = scratch_stat(&world->scratch, "file");
            const struct timespec times[2] = {was.st_atim, was.st_mtim};
            scratch_let_time_pass(&world->scratch, "file");
            sample_write(&sample);
            assert_int_equal(utimensat(world->scratch.directory, "file", times, 0), 0);
        } else {
            sample_free(&sample);
            sample = sample_make_small(33 + i, "file");
            sample_append(&sample, &random, i * 50 * KIB);
        }
        daemon = daemon_start();
        assert_false(is_there(daemon));
        check_walks(daemon, 0);
        check_plain(daemon, &sample, &random);
        assert_int_equal(atomic_load(&warnings), 0);
        daemon_end(daemon);
        sample_free(&sample);
    }
}

/* One warning, and it is made anew, whatever is wrong with it. */
static void test_a_damaged_map(void **state)
{
    struct sample sample = sample_make_small(40, "file");
    struct random random = random_case(41);
    char path[PATH_MAX];

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct daemon *daemon = daemon_start();
        assert_int_equal(get_map(daemon).error, 0);
        daemon_end(daemon);
        assert_int_equal(files_of(".map", path), 1);
        if (i < 4) {
            assert_int_equal(truncate(path, (off_t)(i * 70)), 0);
        } else {
            /* Words that are neither of the key nor of the name, and what follows the words. */
            static const off_t words[] = {0, 9, 10, 11, 12, 13, 23, 26};
            int fd = open(path, O_WRONLY | O_CLOEXEC);
            assert_true(fd >= 0);
            assert_int_equal(pwrite(fd, "\xff\xfe\xfd", 3, words[i - 4] * 8 + 2), 3);
            assert_int_equal(close(fd), 0);
        }
        daemon = daemon_start();
        check_walks(daemon, 0);
        check_plain(daemon, &sample, &random);
        assert_int_equal(atomic_load(&warnings), 1);
        daemon_end(daemon);
        daemon = daemon_start();
        check_finds(daemon);
        assert_int_equal(atomic_load(&warnings), 0);
        daemon_end(daemon);
        check_kept(1);
    }
    sample_free(&sample);
}

/* --- bigfs --index ---------------------------------------------------------------------------- */

static struct daemon *start_strict(void)
{
    struct daemon *daemon = daemon_start();
    daemon->directory.strict = true;
    return daemon;
}

/* A map that goes on from an older one is not verified, and so is made anew. */
static void test_only_what_is_verified(void **state)
{
    struct sample sample = sample_make_small(50, "file");
    struct random random = random_case(51);
    struct daemon *daemon = daemon_start();

    (void)state;
    check_walks(daemon, 0);
    daemon_end(daemon);
    daemon = start_strict();
    check_finds(daemon); /* made in one go: verified */
    daemon_end(daemon);
    sample_append(&sample, &random, 100 * KIB);
    scratch_let_time_pass(&world->scratch, "file");
    daemon = daemon_start();
    assert_true(get_map(daemon).from > 0);
    daemon_end(daemon);
    check_kept(1);
    daemon = start_strict();
    check_walks(daemon, 0);
    daemon_end(daemon);
    sample_append(&sample, &random, 100); /* kept, however little it has grown */
    scratch_let_time_pass(&world->scratch, "file");
    daemon = start_strict();
    check_walks(daemon, 0);
    check_plain(daemon, &sample, &random);
    daemon_end(daemon);
    check_kept(1);
    daemon = start_strict();
    check_finds(daemon);
    check_plain(daemon, &sample, &random);
    assert_int_equal(atomic_load(&warnings), 0);
    daemon_end(daemon);
    sample_free(&sample);
}

/* One that begins with nothing of an older one is verified, and kept though it has hardly grown. */
static void test_made_anew_in_one_daemon(void **state)
{
    struct sample sample = {.plain = NULL};
    struct random random = random_case(52);
    struct daemon *daemon = NULL;

    (void)state;
    sample_add(&sample, &random, TEXT, 500 * KIB);
    sample_write(&sample);
    daemon = start_strict();
    check_walks(daemon, 0);
    sample_append(&sample, &random, 100);
    scratch_let_time_pass(&world->scratch, "file");
    struct reading reading = open_plain(daemon);
    struct map_note *note = map_note_of(reading.generation);
    note->looked = 1; /* as if that were long ago */
    reading_close(&reading);
    check_walks(daemon, 0);
    daemon_end(daemon);
    daemon = start_strict();
    check_finds(daemon);
    check_plain(daemon, &sample, &random);
    daemon_end(daemon);
    check_kept(1);
    sample_free(&sample);
}

/* --- no map ----------------------------------------------------------------------------------- */

#ifdef BIGFS_HAS_ZSTD

static void add_frame(struct sample *sample, struct random *random, size_t length)
{
    uint8_t *plain = make_noise(random, length);
    const size_t room = ZSTD_compressBound(length);
    uint8_t *frame = malloc(room);

    assert_non_null(frame);
    const size_t size = ZSTD_compress(frame, room, plain, length, 1);
    assert_false(ZSTD_isError(size));
    codec_bytes_add(&sample->file, frame, size);
    codec_add(&sample->plain, &sample->size, plain, length);
    free(frame);
    free(plain);
}

static void check_refused(const struct sample *sample, bool walks)
{
    struct daemon *daemon = daemon_start_on("file", "zstd");
    struct reading reading;
    const struct got got = get_map(daemon);

    (void)sample;
    assert_int_equal(got.error, -ENOENT);
    assert_int_equal(got.walked, walks);
    assert_int_equal(reading_open(daemon->source, NULL, &reading, NULL), -ENOENT);
    assert_int_equal(daemon->troubles, 1);
    assert_non_null(strstr(daemon->trouble, "no plain: it can only be read from its start"));
    assert_int_equal(atomic_load(&warnings), 0);
    daemon_end(daemon);
}

/* That a file can be read from its start alone is kept, and said again, until it grows. */
static void test_a_refusal_is_kept(void **state)
{
    struct sample sample = {.plain = NULL};
    struct random random = random_case(60);

    (void)state;
    add_frame(&sample, &random, 2 * MIB);
    sample_write(&sample);
    check_refused(&sample, true);
    check_kept(1);
    check_refused(&sample, false);
    const uint64_t before = sample.file.size;
    add_frame(&sample, &random, 1000);
    scratch_append(&world->scratch, "file", sample.file.bytes + before, sample.file.size - before);
    struct daemon *daemon = daemon_start_on("file", "zstd");
    check_walks(daemon, 0);
    check_plain(daemon, &sample, &random);
    assert_int_equal(daemon->troubles, 0);
    daemon_end(daemon);
    check_kept(1);
    sample_free(&sample);
}

#endif

/* --- records that are counted on the way ------------------------------------------------------ */

struct client {
    struct index_waiter waiter;
    atomic_int error; /* 1: not yet */
};

static void note_end(struct index_waiter *waiter, int error)
{
    struct client *client = list_object(waiter, struct client, waiter);
    atomic_store(&client->error, error);
}

/* Lets threads make the map. Returns what a waiter is told. */
static int build_map(struct daemon *daemon, const struct record_format *format)
{
    struct index_builder builder;
    struct client client;
    struct reading reading;

    assert_int_equal(index_builder_start(&builder, &daemon->directory, 2), 0);
    index_waiter_init(&client.waiter, note_end);
    atomic_init(&client.error, 1);
    assert_int_equal(reading_find(daemon->source, NULL, &reading, NULL), 0);
    assert_int_equal(index_builder_join(&builder, &reading, format, &client.waiter), 0);
    reading_close(&reading);
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&client.error) == 1; i++)
        sleep_ms(1);
    index_builder_stop(&builder);
    index_builder_destroy(&builder);
    return atomic_load(&client.error);
}

static struct record_index *count_again(const struct reading *reading,
                                        const struct record_format *format)
{
    struct record_index *index = record_index_new(format, reading->size, NULL);
    uint8_t last = 0;

    assert_non_null(index);
    for (uint64_t at = 0; at < index->size; at = index_step_end(at, index->size))
        assert_int_equal(index_count(reading, at, index->size, index), 0);
    assert_int_equal(content_read(reading, &last, 1, reading->size - 1), 0);
    record_index_finish(index, !format->is_complete(last, index->state));
    return index;
}

static void test_records_are_counted_on_the_way(void **state)
{
    static const struct record_format *const formats[] = {&lines_format, &csv_formats[',']};
    struct sample sample = sample_make();

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(formats); i++) {
        struct record_index *index = NULL;
        new_indexes(i == 0 ? "cache/lines" : "cache/csv");
        struct daemon *daemon = daemon_start();
        assert_int_equal(build_map(daemon, formats[i]), 0);
        struct reading reading = open_plain(daemon);
        const uint64_t before = atomic_load(&daemon->pool.bytes_scanned);
        assert_true(index_is_there(&daemon->directory, &reading, formats[i]));
        assert_int_equal(index_get(&daemon->directory, &reading, formats[i], &index), 0);
        assert_int_equal(atomic_load(&daemon->pool.bytes_scanned), before);
        struct record_index *again = count_again(&reading, formats[i]);
        assert_true(record_index_records(again) > 1000);
        assert_true(record_index_equal(index, again));
        assert_int_equal(record_index_records(index), record_index_records(again));
        record_index_unref(index);
        record_index_unref(again);
        reading_close(&reading);
        daemon_end(daemon);
        check_kept(1);
        assert_int_equal(files_of(i == 0 ? ".lines" : ".csv-2c", NULL), 1);
    }
    sample_free(&sample);
}

/* With a damaged member the records cannot be counted; the map says what is damaged. */
static void test_damage_is_not_counted(void **state)
{
    struct sample sample = sample_make_small(70, "file");
    uint8_t byte = 0;

    (void)state;
    sample.file.bytes[sample.members[2] - 5] ^= 1; /* of the checksum of the second one */
    sample_write(&sample);
    struct daemon *daemon = daemon_start();
    assert_int_equal(build_map(daemon, &lines_format), 0);
    assert_int_equal(daemon->troubles, 1);
    struct reading reading = open_plain(daemon);
    assert_false(index_is_there(&daemon->directory, &reading, &lines_format));
    assert_int_equal(content_read(&reading, &byte, 1, 50 * KIB), -EIO);
    assert_int_equal(content_read(&reading, &byte, 1, 1050 * KIB), 0);
    assert_int_equal(byte, sample.plain[1050 * KIB]);
    reading_close(&reading);
    daemon_end(daemon);
    check_kept(1);
    assert_int_equal(files_of(".lines", NULL), 0);
    sample_free(&sample);
}

/* What was walked long ago is not all of the file any more. A waiter asks again. */
static void test_growing_while_it_is_walked(void **state)
{
    struct sample sample = sample_make_small(71, "file");
    struct random random = random_case(72);
    struct index_build *build = NULL;
    struct daemon *daemon = daemon_start();

    (void)state;
    assert_int_equal(begin_build(daemon, &build), 0);
    build->draft.looked -= 5000; /* the walk takes that long */
    sample_append(&sample, &random, 100 * KIB);
    assert_int_equal(go_through(daemon, build), 0);
    index_build_free(build);
    assert_int_equal(get_map(daemon).error, 0);
    check_plain(daemon, &sample, &random);
    daemon_end(daemon);
    sample_free(&sample);
}

int main(void)
{
#define DRAFT_TEST(test) cmocka_unit_test_setup_teardown(test, indexes_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        DRAFT_TEST(test_kept_for_the_next_daemon),
        DRAFT_TEST(test_aids_stay_on_the_disk),
        DRAFT_TEST(test_nothing_is_kept),
        DRAFT_TEST(test_a_directory_that_cannot_be_written_to),
        DRAFT_TEST(test_the_file_goes),
        DRAFT_TEST(test_a_file_that_has_grown),
        DRAFT_TEST(test_a_file_that_has_hardly_grown),
        DRAFT_TEST(test_a_file_that_was_rewritten),
        DRAFT_TEST(test_a_damaged_map),
        DRAFT_TEST(test_only_what_is_verified),
        DRAFT_TEST(test_made_anew_in_one_daemon),
#ifdef BIGFS_HAS_ZSTD
        DRAFT_TEST(test_a_refusal_is_kept),
#endif
        DRAFT_TEST(test_records_are_counted_on_the_way),
        DRAFT_TEST(test_damage_is_not_counted),
        DRAFT_TEST(test_growing_while_it_is_walked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    print_message("built without gzip\n");
    return 0;
}

#endif
