/* SPDX-License-Identifier: MIT */
/*
 * Unfinished indexes: wherever a count is interrupted, the next daemon goes on from there and gets
 * the same index as one that counts in one go. What changed meanwhile is counted anew. An
 * unfinished index never replaces or passes for a finished one.
 */
#include "tests/unit/index_directory_fixture.h"

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/format/csv.h"
#include "core/format/fastq.h"
#include "core/format/nul.h"
#include "core/index/index_build.h"
#include "core/index/index_count.h"
#include "core/index/index_encoding.h"
#include "core/index/index_get.h"
#include "core/index/index_note.h"

enum { SIZE = 2 * MIB + 12345, CASES = 12 };

/* --- files ------------------------------------------------------------------------------------ */

/* Bytes that mean something to each format. */
static uint8_t *make_bytes(struct random *random, size_t size)
{
    static const char letters[] = "abcdefgh,,,\"\n\n\r@+>";
    uint8_t *bytes = malloc(size);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)letters[random_below(random, sizeof(letters))]; /* its NUL too */
    return bytes;
}

/* A file of SIZE bytes, and an index directory without anything in it. */
static void new_case(uint64_t number)
{
    struct random random = random_case(number);
    uint8_t *bytes = make_bytes(&random, SIZE);
    char name[32];

    (void)snprintf(name, sizeof(name), "indexes-%u", (unsigned)number);
    new_indexes(name);
    scratch_write(&world->scratch, "text", bytes, SIZE);
    free(bytes);
}

/* A directory as that of a new daemon, or of `bigfs --index`. */
static void restart(bool strict)
{
    index_directory_init(&indexes, indexes_path, 0, warn, NULL);
    indexes.strict = strict;
    indexes.part_least = 1;
}

/* --- builds ----------------------------------------------------------------------------------- */

static struct index_build *begin(struct reading *reading, const struct record_format *format)
{
    struct index_build *build = NULL;

    *reading = open_text("text");
    assert_int_equal(index_build_new(&indexes, reading, format, &build), 0);
    return build;
}

/* Takes steps of random lengths as the builder does, until `to`. */
static void count_to(struct index_build *build, struct random *random, uint64_t to)
{
    while (build->next < to) {
        const uint64_t start = build->next;
        const uint64_t most = index_step_end(start, min_u64(to, start + 400 * KIB)) - start;
        const uint64_t end = start + random_between(random, 1, most);
        uint64_t next = start;
        assert_int_equal(build->type->take(build, start, end, &next), 0);
        build->next = max_u64(end, next);
    }
}

static void drop(struct index_build *build, struct reading *reading)
{
    index_build_free(build);
    reading_close(reading);
}

/* Counts up to there, and is interrupted. */
static void interrupt_at(const struct record_format *format, struct random *random, uint64_t to)
{
    struct reading reading;
    struct index_build *build = begin(&reading, format);

    count_to(build, random, to);
    build->error = -CANCELLED;
    assert_int_equal(index_build_end(build, &indexes), -KEPT_PART);
    drop(build, &reading);
}

/* The index as one that counts all of the file at once has it. */
static void check_index(const struct reading *reading, const struct record_index *index)
{
    struct record_index *anew = record_index_new(index->format, index->size, NULL);
    uint8_t last = 0;

    assert_non_null(anew);
    assert_int_equal(content_read(reading, &last, 1, index->size - 1), 0);
    for (uint64_t place = 0; place < anew->size; place = index_step_end(place, anew->size))
        assert_int_equal(index_count(reading, place, anew->size, anew), 0);
    record_index_finish(anew, !anew->format->is_complete(last, anew->state));
    assert_true(record_index_equal(index, anew));
    assert_int_equal(record_index_records(index), record_index_records(anew));
    record_index_unref(anew);
}

/* Counts the rest. Returns where it went on from. *verified: whether the index is certain. */
static uint64_t finish(const struct record_format *format, struct random *random, bool *verified)
{
    struct reading reading;
    struct index_build *build = begin(&reading, format);
    const uint64_t from = build->from;
    struct index_key key;

    count_to(build, random, build->size);
    assert_int_equal(index_build_end(build, &indexes), 0);
    struct record_index *index = index_note_peek(index_note_of(reading.generation, format), &key);
    assert_non_null(index);
    assert_int_equal(index->size, reading.size);
    assert_false(key.unfinished);
    *verified = key.verified;
    check_index(&reading, index);
    record_index_unref(index);
    drop(build, &reading);
    return from;
}

static void check_files(unsigned finished, unsigned unfinished, const struct record_format *format)
{
    char suffix[64];
    char part[80];

    (void)snprintf(suffix, sizeof(suffix), ".%s", format->name);
    (void)snprintf(part, sizeof(part), "-part.%s", format->name);
    assert_int_equal(files_of(suffix, NULL), finished + unfinished);
    assert_int_equal(files_of(part, NULL), unfinished);
    assert_int_equal(files_of(".tmp", NULL), 0);
    assert_int_equal(atomic_load(&warnings), 0);
}

static const struct record_format *const formats[] = {&lines_format, &csv_formats[','],
                                                      &fastq_format, &nul_format};

/* --- the tests -------------------------------------------------------------------------------- */

/* Interrupted anywhere, several times, in both kinds of directories. */
static void test_goes_on(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        const struct record_format *format = formats[i % LENGTH_OF(formats)];
        uint64_t to = 0;
        bool verified = false;
        new_case(100 + i);
        for (unsigned k = 0; k < 3; k++) {
            restart(i % 2 == 0);
            to += random_between(&random, 1, SIZE / 4);
            interrupt_at(format, &random, to);
            check_files(0, 1, format);
        }
        restart(i % 3 == 0);
        assert_int_equal(finish(format, &random, &verified), to);
        assert_true(verified); /* nothing changed: no second count is needed */
        check_files(1, 0, format);
        struct reading reading = open_text("text");
        struct record_index *index = NULL;
        restart(true);
        assert_int_equal(index_find(&indexes, &reading, format, &index), 0);
        record_index_unref(index);
        reading_close(&reading);
    }
}

/* Whether the next command finds an index, which is right then. */
static bool finds_index(const struct record_format *format)
{
    struct reading reading = open_text("text");
    struct record_index *index = NULL;

    restart(true);
    if (index_find(&indexes, &reading, format, &index) == 0)
        check_index(&reading, index);
    const bool found = index != NULL;
    record_index_unref(index);
    reading_close(&reading);
    return found;
}

/* All is counted, but nothing is published yet: no part of it passes for all of it. */
static void test_ended_before_it_is_published(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 4 * LENGTH_OF(formats); i++) {
        struct random random = random_case(150 + i);
        const struct record_format *format = formats[i / 4];
        struct reading reading;
        new_case(150 + i);
        scratch_overwrite(&world->scratch, "text", i % 2 == 0 ? "\n" : "a", 1, SIZE - 1);
        scratch_let_time_pass(&world->scratch, "text");
        restart(true);
        struct index_build *build = begin(&reading, format);
        count_to(build, &random, build->size);
        const bool killed = i % 4 < 2;
        if (killed) { /* another thread had saved, while the last step was under way */
            index_build_save(build, &indexes, build->size - 1);
        } else { /* interrupted */
            build->error = -CANCELLED;
            assert_int_equal(index_build_end(build, &indexes), 0);
        }
        drop(build, &reading);
        assert_int_equal(finds_index(format), !killed);
    }
}

/* A killed process left the name that this one would use: in a container both have one number. */
static void test_a_temporary_in_the_way(void **state)
{
    struct random random = random_case(180);
    char path[PATH_MAX];
    char name[PATH_MAX];
    (void)state;

    new_case(180);
    restart(true);
    interrupt_at(&lines_format, &random, SIZE / 4);
    assert_int_equal(files_of("-part.lines", path), 1);
    (void)snprintf(name, sizeof(name), "%.*s-%d-0.tmp", (int)(strlen(path) - strlen("-part.lines")),
                   path, getpid());
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    restart(true);
    interrupt_at(&lines_format, &random, SIZE / 2);
    assert_int_equal(atomic_load(&warnings), 0);
    assert_int_equal(unlink(name), 0);
    check_files(0, 1, &lines_format);
}

/* Of the file as it was, but other bytes: nothing of it is used, wherever they are. */
static void test_rewritten_meanwhile(void **state)
{
    static const uint64_t places[] = {0, SIZE / 3, SIZE - 1};
    (void)state;
    for (size_t i = 0; i < 2 * LENGTH_OF(places); i++) {
        struct random random = random_case(200 + i);
        bool verified = false;
        new_case(200 + i);
        restart(i % 2 == 0);
        interrupt_at(&csv_formats[','], &random, SIZE / 2);
        scratch_overwrite(&world->scratch, "text", "\"", 1, places[i / 2]);
        scratch_let_time_pass(&world->scratch, "text");
        restart(i % 2 == 0);
        assert_int_equal(finish(&csv_formats[','], &random, &verified), 0);
        assert_true(verified);
        if (places[i / 2] > 0) /* else the sweep removes it: it is in another place */
            check_files(1, 0, &csv_formats[',']);
    }
}

/* It goes on, but is not certain: `bigfs --index` counts again. */
static void test_appended_to_meanwhile(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct random random = random_case(300 + i);
        const struct record_format *format = formats[i % 2];
        bool verified = true;
        new_case(300 + i);
        restart(i < 2);
        interrupt_at(format, &random, SIZE / 2);
        scratch_append(&world->scratch, "text", "\"and\nmore", 9);
        scratch_let_time_pass(&world->scratch, "text");
        restart(i < 2);
        assert_int_equal(finish(format, &random, &verified), SIZE / 2);
        assert_false(verified);
    }
}

/* Appended to, and rewritten in what was counted: a sampled block tells. */
static void test_rewritten_and_appended_to(void **state)
{
    struct random random = random_case(400);
    bool verified = false;
    (void)state;

    new_case(400);
    restart(true);
    interrupt_at(&lines_format, &random, SIZE / 2);
    scratch_overwrite(&world->scratch, "text", "\n\n\n\n", 4, 10);
    scratch_append(&world->scratch, "text", "more", 4);
    scratch_let_time_pass(&world->scratch, "text");
    restart(true);
    assert_int_equal(finish(&lines_format, &random, &verified), 0);
    assert_true(verified);
}

/* With holes it goes on as long as nothing changes; growth may have filled them. */
static void test_holes(void **state)
{
    (void)state;
    for (unsigned grows = 0; grows < 2; grows++) {
        struct random random = random_case(500 + grows);
        const uint64_t hole_end = 40 * (uint64_t)MIB;
        uint8_t *bytes = make_bytes(&random, MIB);
        bool verified = false;
        new_case(500 + grows);
        scratch_write(&world->scratch, "text", bytes, MIB);
        scratch_truncate(&world->scratch, "text", hole_end);
        scratch_append(&world->scratch, "text", bytes, MIB);
        scratch_let_time_pass(&world->scratch, "text");
        free(bytes);
        restart(true);
        interrupt_at(&csv_formats[','], &random, hole_end);
        if (grows == 1) {
            scratch_append(&world->scratch, "text", "x", 1);
            scratch_let_time_pass(&world->scratch, "text");
        }
        restart(true);
        const uint64_t from = finish(&csv_formats[','], &random, &verified);
        assert_true(grows == 1 ? from == 0 : from >= hole_end);
    }
}

/* It is not listed, and neither replaces a finished one nor is preferred if that is of more. */
static void test_beside_a_finished_one(void **state)
{
    struct random random = random_case(600);
    bool verified = false;
    (void)state;

    new_case(600);
    restart(false);
    interrupt_at(&lines_format, &random, SIZE / 2);
    struct reading reading = open_text("text");
    assert_false(index_is_there(&indexes, &reading, &lines_format));
    reading_close(&reading);
    assert_int_equal(finish(&lines_format, &random, &verified), SIZE / 2);
    scratch_append(&world->scratch, "text", "more\n", 5);
    scratch_let_time_pass(&world->scratch, "text");
    restart(true); /* which uses no finished one of a shorter file */
    interrupt_at(&lines_format, &random, SIZE / 4);
    check_files(1, 1, &lines_format);
    restart(false);
    reading = open_text("text");
    assert_true(index_is_there(&indexes, &reading, &lines_format));
    reading_close(&reading);
    assert_int_equal(finish(&lines_format, &random, &verified), SIZE);
    assert_false(verified);
}

/* What was saved on the way is there after kill -9, and nothing is saved that is not counted. */
static void test_saved_on_the_way(void **state)
{
    struct random random = random_case(700);
    struct reading reading;
    bool verified = false;
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(formats); i++) {
        new_case(700 + i);
        restart(true);
        struct index_build *build = begin(&reading, formats[i]);
        count_to(build, &random, SIZE / 3);
        index_build_save(build, &indexes, build->next);
        check_files(0, 1, formats[i]);
        count_to(build, &random, SIZE / 2);
        drop(build, &reading);
        restart(true);
        assert_int_equal(finish(formats[i], &random, &verified), SIZE / 3);
        assert_true(verified);
        check_files(1, 0, formats[i]);
    }
}

/* A little is not worth a file. */
static void test_worth(void **state)
{
    struct random random = random_case(800);
    struct reading reading;
    (void)state;

    new_case(800);
    restart(false);
    indexes.part_least = SIZE / 2;
    struct index_build *build = begin(&reading, &lines_format);
    count_to(build, &random, SIZE / 2 - 1);
    index_build_save(build, &indexes, build->next);
    check_files(0, 0, &lines_format);
    count_to(build, &random, SIZE / 2 + 1);
    index_build_save(build, &indexes, build->next);
    check_files(0, 1, &lines_format);
    drop(build, &reading);
}

/* An index of all of the file, that is not certain, is counted no more than once again. */
static void test_counted_but_not_certain(void **state)
{
    struct random random = random_case(900);
    struct record_index *index = NULL;
    struct index_key key;
    bool verified = true;
    (void)state;

    new_case(900);
    restart(false);
    interrupt_at(&lines_format, &random, SIZE / 2);
    scratch_append(&world->scratch, "text", "more\n", 5);
    scratch_let_time_pass(&world->scratch, "text");
    struct reading reading;
    struct index_build *build = begin(&reading, &lines_format);
    count_to(build, &random, build->size);
    assert_int_equal(index_build_end(build, &indexes), 0);
    struct record_index *made =
        index_note_peek(index_note_of(reading.generation, &lines_format), &key);
    new_indexes("other");
    restart(true);
    assert_int_equal(index_save_part(&indexes, &key, &index_kept_type, made), 0);
    record_index_unref(made);
    drop(build, &reading);
    restart(true);
    reading = open_text("text");
    assert_int_equal(index_find(&indexes, &reading, &lines_format, &index), 0);
    check_index(&reading, index);
    record_index_unref(index);
    index = index_note_peek(index_note_of(reading.generation, &lines_format), &key);
    verified = key.verified;
    assert_false(verified);
    record_index_unref(index);
    reading_close(&reading);
}

/* What was kept of one that alone is larger than the space goes: nothing half stays. */
static void test_too_large(void **state)
{
    struct random random = random_case(950);
    struct index_space space;
    bool verified = false;
    (void)state;

    new_case(950);
    restart(true);
    interrupt_at(&lines_format, &random, SIZE / 2);
    assert_int_equal(files_of("-part.lines", NULL), 1);
    restart(true);
    index_space_init(&space, indexes_path, 1);
    indexes.space = &space;
    assert_true(finish(&lines_format, &random, &verified) > 0); /* it went on */
    assert_int_equal(files_of(".lines", NULL), 0);
    assert_int_equal(atomic_load(&warnings), 1);
    assert_int_equal(index_space_used(&space), 0);
    indexes.space = NULL;
    index_space_destroy(&space);
}

/* Damage of an unfinished index is seen, and costs only time. */
static void test_damaged(void **state)
{
    struct random random = random_case(1000);
    char path[PATH_MAX];
    bool verified = false;
    (void)state;

    new_case(1000);
    restart(true);
    interrupt_at(&lines_format, &random, SIZE / 2);
    assert_int_equal(files_of("-part.lines", path), 1);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "\xff", 1, 200), 1);
    assert_int_equal(close(fd), 0);
    restart(true);
    assert_int_equal(finish(&lines_format, &random, &verified), 0);
    assert_int_equal(atomic_load(&warnings), 1);
    assert_int_equal(files_of(".lines", NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_goes_on, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_ended_before_it_is_published, indexes_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_a_temporary_in_the_way, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_rewritten_meanwhile, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_appended_to_meanwhile, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_rewritten_and_appended_to, indexes_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_holes, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_beside_a_finished_one, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_saved_on_the_way, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_worth, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_counted_but_not_certain, indexes_setup,
                                        world_teardown),
        cmocka_unit_test_setup_teardown(test_too_large, indexes_setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_damaged, indexes_setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
