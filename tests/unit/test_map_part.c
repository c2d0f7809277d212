/* SPDX-License-Identifier: MIT */
/*
 * Unfinished maps: wherever a walk is interrupted, the next daemon goes on from the last place,
 * also within a gzip member, and gets a map that reads the same bytes, and tells the same damage,
 * as one that was made in one go.
 */
#include "tests/unit/index_directory_fixture.h"

#ifdef BIGFS_HAS_GZIP

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/contents.h"
#include "core/content/map_note.h"
#include "core/index/index_build.h"
#include "core/index/map_draft.h"
#include "tests/unit/gzip_made.h"

enum { MEMBER = 4 * MIB, CASES = 4 };

/* --- files ------------------------------------------------------------------------------------ */

struct packed {
    struct codec_bytes file;
    uint8_t *plain; /* owned */
    uint64_t size;
};

/* Noise, a little of which comes again: windows are needed, but small, so that places are near. */
static uint8_t *make_noise(struct random *random, size_t length)
{
    uint8_t *plain = make_content(random, NOISE, length);

    for (size_t at = 4000; at + 4000 < length; at += random_between(random, 2000, 20000))
        memcpy(plain + at, plain + at - 3000, 100);
    return plain;
}

static void add_packed(struct packed *packed, struct random *random, size_t length)
{
    uint8_t *plain = make_noise(random, length);
    add_plainly(&packed->file, plain, length);
    codec_add(&packed->plain, &packed->size, plain, length);
    free(plain);
}

static void write_packed(const struct packed *packed)
{
    scratch_write(&world->scratch, "file", packed->file.bytes, packed->file.size);
}

static void free_packed(struct packed *packed)
{
    codec_bytes_free(&packed->file);
    free(packed->plain);
}

/* One long member, or several after a short one. */
static struct packed make_packed(uint64_t number, unsigned members)
{
    struct random random = random_case(number);
    struct packed packed = {.plain = NULL};
    char name[32];

    for (unsigned i = 0; i < members; i++)
        add_packed(&packed, &random, members == 1 ? MEMBER : random_between(&random, 1, 2 * MIB));
    write_packed(&packed);
    (void)snprintf(name, sizeof(name), "indexes-%u", (unsigned)number);
    new_indexes(name);
    return packed;
}

/* --- daemons ---------------------------------------------------------------------------------- */

static struct source_pool pool;
static struct source *source;
static unsigned troubles;

static void note_trouble(void *argument, const char *kind, const char *path, const char *text)
{
    (void)argument, (void)kind, (void)path, (void)text;
    troubles++;
}

static void start_daemon(bool strict)
{
    const struct content_type *gzip = NULL;

    for (const struct content_type *const *type = content_types; *type != NULL; type++)
        if (strcmp((*type)->name, "gzip") == 0)
            gzip = *type;
    assert_int_equal(fault_guard_install(), 0);
    source_pool_init(&pool, world->scratch.directory, 16, MIB, 14 * MIB);
    pool.on_trouble = note_trouble;
    troubles = 0;
    index_directory_init(&indexes, indexes_path, 0, warn, NULL);
    indexes.strict = strict;
    indexes.part_least = 1;
    source = source_new(&pool, "file", gzip);
    assert_non_null(source);
}

static void end_daemon(void)
{
    source_unref(source);
    source_pool_destroy(&pool);
}

static struct index_build *begin_walk(void)
{
    struct index_build *build = NULL;
    struct reading reading;

    assert_int_equal(reading_find(source, NULL, &reading, NULL), 0);
    assert_int_equal(index_build_new(&indexes, &reading, &lines_format, &build), 0);
    reading_close(&reading);
    return build;
}

/* Walks on to there in the file, or to the end. */
static void walk_to(struct index_build *build, uint64_t to)
{
    bool ended = false;

    while (!ended && map_walk_done(build->walk) < to)
        assert_int_equal(map_walk_on(build->walk, 20 * KIB, &ended), 0);
    build->next = ended ? build->size : map_walk_done(build->walk);
}

/* Is interrupted there. Returns where the next walk will go on, in the file. */
static uint64_t interrupt_walk(uint64_t to)
{
    struct index_build *build = begin_walk();

    walk_to(build, to);
    const uint64_t walked = content_map_walked(map_walk_map(build->walk));
    const int wanted = walked > build->from ? -KEPT_PART : -CANCELLED;
    build->error = -CANCELLED;
    assert_int_equal(index_build_end(build, &indexes), wanted);
    index_build_free(build);
    return walked;
}

/* Walks to the end. Returns where that began in the file. */
static uint64_t finish_walk(void)
{
    struct index_build *build = begin_walk();
    const uint64_t from = build->from;

    walk_to(build, UINT64_MAX);
    assert_int_equal(index_build_end(build, &indexes), 0);
    index_build_free(build);
    return from;
}

/* The map is there, and nothing is walked. */
static void check_found(void)
{
    struct index_build *build = begin_walk();
    assert_null(build->walk);
    index_build_free(build);
}

static void check_bytes(const struct packed *packed, struct random *random)
{
    struct reading reading;
    uint8_t *got = malloc(packed->size);

    assert_non_null(got);
    assert_int_equal(reading_open(source, NULL, &reading, NULL), 0);
    assert_int_equal(reading.size, packed->size);
    for (unsigned i = 0; i < 12; i++) {
        const uint64_t start = i == 0 ? 0 : random_below(random, packed->size);
        const uint64_t most = packed->size - start;
        const size_t length =
            (size_t)(i == 0 ? most : random_between(random, 1, min_u64(100 * KIB, most)));
        assert_int_equal(content_read(&reading, got, length, start), 0);
        assert_memory_equal(got, packed->plain + start, length);
    }
    reading_close(&reading);
    free(got);
}

/* --- the tests -------------------------------------------------------------------------------- */

static void test_goes_on(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        struct packed packed = make_packed(i, i % 2 == 0 ? 1 : 8);
        uint64_t walked = 0;
        uint64_t to = 0;

        for (unsigned k = 0; k < 3; k++) {
            to += random_between(&random, packed.file.size / 5, packed.file.size / 3);
            start_daemon(i % 3 == 0);
            walked = interrupt_walk(to);
            end_daemon();
        }
        assert_true(walked > packed.file.size / 4);
        start_daemon(i % 4 == 0);
        assert_int_equal(finish_walk(), walked);
        check_bytes(&packed, &random);
        end_daemon();
        assert_int_equal(files_of("-part.map", NULL), 0);
        start_daemon(true);
        check_found(); /* it is verified */
        check_bytes(&packed, &random);
        assert_int_equal(troubles, 0);
        end_daemon();
        assert_int_equal(atomic_load(&warnings), 0);
        free_packed(&packed);
    }
}

/* In memory too, without an index directory. */
static void test_goes_on_in_memory(void **state)
{
    struct packed packed = make_packed(50, 1);
    struct random random = random_case(51);
    (void)state;

    start_daemon(false);
    indexes.path = NULL;
    struct index_build *build = begin_walk();
    walk_to(build, packed.file.size / 2);
    const uint64_t walked = content_map_walked(map_walk_map(build->walk));
    build->error = -CANCELLED;
    assert_int_equal(index_build_end(build, &indexes), -CANCELLED);
    index_build_free(build);
    assert_true(walked > 0);
    assert_int_equal(finish_walk(), walked);
    check_bytes(&packed, &random);
    end_daemon();
    free_packed(&packed);
}

/*
 * The checksum at the end of a member is compared with all of it: damage before the place where the
 * walk goes on is found, and damage after it, in any of three interruptions.
 */
static void test_damage(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3; i++) {
        struct packed packed = {.plain = NULL};
        struct random random = random_case(60 + i);
        uint8_t *noise = make_noise(&random, 4 * MIB);
        const struct gzip_way stored = {.level = 0};
        char name[32];

        add_member(&packed.file, noise, 4 * MIB, &stored); /* so that a flipped byte is only that */
        const uint64_t second = packed.file.size;
        add_packed(&packed, &random, MIB);
        free(noise);
        packed.file.bytes[(2 * i + 1) * second / 8] ^= 1;
        write_packed(&packed);
        (void)snprintf(name, sizeof(name), "damaged-%u", (unsigned)i);
        new_indexes(name);
        for (unsigned k = 1; k < 4; k++) {
            start_daemon(true);
            (void)interrupt_walk(k * second / 4);
            end_daemon();
        }
        start_daemon(true);
        assert_true(finish_walk() > second / 2);
        struct reading reading;
        uint8_t got[100];
        assert_int_equal(reading_open(source, NULL, &reading, NULL), 0);
        struct content_map *map = map_note_get(map_note_of(reading.generation));
        assert_int_equal(map->damage_count, 1);
        assert_int_equal(map->damages[0].from, 0);
        assert_int_equal(map->damages[0].to, 4 * MIB);
        assert_int_equal(content_read(&reading, got, sizeof(got), 3 * MIB), -EIO);
        assert_int_equal(content_read(&reading, got, sizeof(got), 4 * MIB + 1000), 0);
        assert_memory_equal(got, packed.plain + 1000, sizeof(got));
        content_map_unref(map);
        reading_close(&reading);
        assert_int_equal(troubles, 1);
        end_daemon();
        free_packed(&packed);
    }
}

/* Appended to: a mount goes on, `bigfs --index` begins anew. Rewritten: both begin anew. */
static void test_changed_meanwhile(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        const bool strict = i % 2 == 0;
        const bool rewritten = i >= 2;
        struct packed packed = make_packed(80 + i, 1);
        struct random random = random_case(90 + i);

        start_daemon(strict);
        const uint64_t walked = interrupt_walk(packed.file.size / 2);
        end_daemon();
        if (rewritten) {
            free_packed(&packed);
            packed = (struct packed){.plain = NULL};
            add_packed(&packed, &random, MEMBER);
            write_packed(&packed);
        } else {
            const uint64_t before = packed.file.size;
            add_packed(&packed, &random, MIB);
            scratch_append(&world->scratch, "file", packed.file.bytes + before,
                           packed.file.size - before);
            scratch_let_time_pass(&world->scratch, "file");
        }
        start_daemon(strict);
        assert_int_equal(finish_walk(), strict || rewritten ? 0 : walked);
        check_bytes(&packed, &random);
        end_daemon();
        free_packed(&packed);
    }
}

/* One that is damaged, or tells a wrong place, costs only time. */
static void test_damaged_file(void **state)
{
    struct packed packed = make_packed(95, 1);
    struct random random = random_case(96);
    char path[PATH_MAX];
    (void)state;

    start_daemon(false);
    (void)interrupt_walk(packed.file.size / 2);
    end_daemon();
    assert_int_equal(files_of("-part.map", path), 1);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\xff", 1, 300), 1);
    assert_int_equal(close(fd), 0);
    start_daemon(false);
    assert_int_equal(finish_walk(), 0);
    check_bytes(&packed, &random);
    assert_int_equal(atomic_load(&warnings), 1);
    end_daemon();
    free_packed(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_on, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_goes_on_in_memory, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_damage, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_changed_meanwhile, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_damaged_file, indexes_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
