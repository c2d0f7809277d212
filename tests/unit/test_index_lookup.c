/* SPDX-License-Identifier: MIT */
/* index_lookup: indexes outlive a daemon, are found again, and are never trusted too much. */
#include "tests/unit/index_directory_fixture.h"

#include "core/index/index_encoding.h"
#include "tests/unit/add_ends.h"

static void write_path(const char *path, const void *bytes, size_t length)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), (ssize_t)length);
    assert_int_equal(close(fd), 0);
}

static size_t read_path(const char *path, void *bytes, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ssize_t length = read(fd, bytes, room);
    assert_int_equal(close(fd), 0);
    assert_true(length >= 0 && (size_t)length < room);
    return (size_t)length;
}

static void test_kept_for_the_next_daemon(void **state)
{
    struct line_model model = write_text(1, 600 * KIB);
    char path[PATH_MAX];
    struct stat attributes;

    (void)state;
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(files_of(".lines", path), 1);
    assert_int_equal(files_of("", NULL), 3); /* with "." and "..": nothing else is left */
    assert_int_equal(stat(path, &attributes), 0);
    assert_int_equal(attributes.st_mode & 0777, 0600);
    assert_int_equal(stat(indexes_path, &attributes), 0);
    assert_int_equal(attributes.st_mode & 0777, 0700);
    new_indexes("cache/bigfs");
    assert_int_equal(check_daemon(&model, "text"), 0);
    assert_int_equal(atomic_load(&warnings), 0);
    line_model_free(&model);
}

static void test_nothing_is_kept(void **state)
{
    struct line_model model = write_text(2, 300 * KIB);

    (void)state;
    index_directory_init(&indexes, NULL, 0, warn, NULL);
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(check_daemon(&model, "text"), model.size);
    new_indexes("cache");
    indexes.least = model.size + 1;
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(files_of(".lines", NULL), 0);
    indexes.least = model.size;
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(files_of(".lines", NULL), 1);
    assert_int_equal(atomic_load(&warnings), 0);
    line_model_free(&model);
}

static void test_a_file_that_has_grown(void **state)
{
    struct random random = random_case(3);
    struct line_model model = write_text(4, 600 * KIB);

    (void)state;
    (void)check_daemon(&model, "text");
    for (unsigned i = 0; i < 10; i++) {
        uint64_t length = random_between(&random, model.size / 50, model.size / 3);
        line_model_grow(&model, &random, length, 70);
        scratch_append(&world->scratch, "text", model.bytes + model.size - length, length);
        new_indexes("cache/bigfs");
        assert_int_equal(check_daemon(&model, "text"), length);
        assert_int_equal(files_of(".lines", NULL), 1); /* the one that it grew out of is gone */
    }
    assert_int_equal(atomic_load(&warnings), 0);
    line_model_free(&model);
}

/* Files that begin alike: a copy, and one that has other lines after the same beginning. */
static void test_files_that_begin_alike(void **state)
{
    struct random random = random_case(5);
    struct line_model model = write_text(6, 600 * KIB);
    struct line_model other = line_model_make(model.size + 1000);
    const struct stat was = scratch_stat(&world->scratch, "text");
    const struct timespec times[2] = {was.st_atim, was.st_mtim};

    (void)state;
    (void)check_daemon(&model, "text");
    line_model_write(&model, &world->scratch, "copy");
    assert_int_equal(utimensat(world->scratch.directory, "copy", times, 0), 0);
    (void)check_daemon(&model, "copy");
    memcpy(other.bytes, model.bytes, 8 * KIB);
    line_model_scatter(&other, &random, 50, 8 * KIB);
    line_model_count(&other);
    line_model_write(&other, &world->scratch, "other");
    (void)check_daemon(&other, "other");
    new_indexes("cache/bigfs");
    assert_int_equal(check_daemon(&model, "text"), 0);
    assert_int_equal(check_daemon(&model, "copy"), 0);
    assert_int_equal(check_daemon(&other, "other"), 0);
    line_model_free(&other);
    line_model_free(&model);
}

/* A copy that goes on: its index grows out of that of the first, which stays. */
static void test_a_copy_that_has_grown(void **state)
{
    struct random random = random_case(7);
    struct line_model model = write_text(8, 600 * KIB);

    (void)state;
    (void)check_daemon(&model, "text");
    line_model_write(&model, &world->scratch, "copy");
    struct line_model copy = line_model_make(model.size);
    memcpy(copy.bytes, model.bytes, model.size);
    line_model_grow(&copy, &random, 100 * KIB, 70);
    line_model_write(&copy, &world->scratch, "copy");
    (void)check_daemon(&copy, "copy");
    new_indexes("cache/bigfs");
    assert_int_equal(check_daemon(&model, "text"), 0);
    assert_int_equal(check_daemon(&copy, "copy"), 0);
    line_model_free(&copy);
    line_model_free(&model);
}

/* The index of another file is not taken, however much of that a file begins with. */
static void test_what_others_begin_with(void **state)
{
    struct random random = random_case(15);
    struct line_model model = write_text(16, 100 * KIB);

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "part-%u", i);
        line_model_write(&model, &world->scratch, name);
        struct record_index *index = record_index_new(&lines_format, model.size, NULL);
        struct stat attributes = scratch_stat(&world->scratch, name);
        struct file_identity now;
        struct index_key key;
        int fd = scratch_open(&world->scratch, name, O_RDONLY);
        assert_non_null(index);
        for (uint64_t place = 0; place < model.size; place += INDEX_BLOCK)
            add_ends(index, place, line_model_ends_in(&model, place, place + INDEX_BLOCK));
        record_index_finish(index, model.bytes[model.size - 1] != '\n');
        file_identity_of(&attributes, &now);
        assert_int_equal(index_key_make(fd, &lines_format, 0, &now, &key), 0);
        assert_int_equal(index_save(&indexes, &key, &index_kept_type, index, NULL), 0);
        assert_int_equal(close(fd), 0);
        record_index_unref(index);
        line_model_grow(&model, &random, 10 * KIB, 70);
    }
    line_model_write(&model, &world->scratch, "text");
    assert_int_equal(check_daemon(&model, "text"), model.size);
    line_model_free(&model);
}

/* However many begin alike (the same header, a block of zeros), each finds its own. */
static void test_very_many_that_begin_alike(void **state)
{
    enum { MANY = 100 };
    struct random random = random_case(9);
    struct line_model model = line_model_random(&random, 10 * KIB, 70);
    char name[32];

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof(name), "alike-%u", i);
        memset(model.bytes + 5 * KIB, (int)('a' + i % 16), i + 1);
        line_model_count(&model);
        line_model_write(&model, &world->scratch, name);
        (void)check_daemon(&model, name);
        new_indexes("cache/bigfs");
        if (check_daemon(&model, name) != 0)
            fail_msg("number %u is not found", i);
    }
    line_model_free(&model);
}

static void test_rewritten_between_daemons(void **state)
{
    struct line_model model = write_text(10, 600 * KIB);
    const struct stat was = scratch_stat(&world->scratch, "text");
    const struct timespec times[2] = {was.st_atim, was.st_mtim};

    (void)state;
    (void)check_daemon(&model, "text");
    scratch_let_time_pass(&world->scratch, "text");
    memset(model.bytes + 5 * KIB, '\n', 5 * KIB);
    line_model_count(&model);
    scratch_overwrite(&world->scratch, "text", model.bytes + 5 * KIB, 5 * KIB, 5 * KIB);
    assert_int_equal(utimensat(world->scratch.directory, "text", times, 0), 0);
    new_indexes("cache/bigfs");
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_int_equal(atomic_load(&warnings), 0);
    line_model_free(&model);
}

/*
 * Rewritten, noticeably, outside the sample, and then grown: the index of the old content is not
 * that of the first part, though ends and sample are the same.
 */
static void test_rewritten_and_grown(void **state)
{
    struct random random = random_case(17);
    struct line_model model = write_text(18, 3 * MIB);
    const uint64_t place = content_sample_place(model.size, 10) + CONTENT_BLOCK;
    struct reading reading = open_text("text");
    (void)state;

    check_index_of(&indexes, &reading, &model);
    assert_int_equal(files_of(".lines", NULL), 1);
    scratch_let_time_pass(&world->scratch, "text");
    memset(model.bytes + place, '\n', 100);
    scratch_overwrite(&world->scratch, "text", model.bytes + place, 100, place);
    assert_int_equal(reading_confirm(&reading), -ESTALE);
    line_model_grow(&model, &random, 100 * KIB, 70);
    scratch_append(&world->scratch, "text", model.bytes + 3 * MIB, 100 * KIB);
    struct reading again = reading_again(&reading);
    check_index_of(&indexes, &again, &model);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

/* Asks only the directory, for the index of a kind of content. */
static enum index_match load_content(uint16_t content)
{
    struct stat attributes = scratch_stat(&world->scratch, "text");
    struct file_identity now;
    struct index_key key;
    void *index = NULL;
    int fd = scratch_open(&world->scratch, "text", O_RDONLY);

    file_identity_of(&attributes, &now);
    const struct index_query query = {
        .format = &lines_format, .content = content, .fd = fd, .now = &now, .beginnings = true};
    enum index_match match = index_lookup(&indexes, &query, &key, &index);
    assert_int_equal(index_lookup_has(&indexes, &query), match != INDEX_OTHER);
    assert_true((match != INDEX_OTHER) == (index != NULL));
    record_index_unref(index);
    assert_int_equal(close(fd), 0);
    return match;
}

static enum index_match load_text(void)
{
    return load_content(0);
}

/* Keeps an index of the file as if it were that of another kind of content. */
static void save_content(uint16_t content, uint64_t size)
{
    struct stat attributes = scratch_stat(&world->scratch, "text");
    struct record_index *index = record_index_new(&lines_format, size, NULL);
    struct file_identity now;
    struct index_key key;
    int fd = scratch_open(&world->scratch, "text", O_RDONLY);

    assert_non_null(index);
    record_index_finish(index, true);
    file_identity_of(&attributes, &now);
    assert_int_equal(index_key_make(fd, &lines_format, content, &now, &key), 0);
    assert_int_equal(index_key_add_sample(fd, &key), 0);
    assert_int_equal(index_save(&indexes, &key, &index_kept_type, index, NULL), 0);
    assert_int_equal(close(fd), 0);
    record_index_unref(index);
}

/* What a file holds is cut at other places than the file: its index is another one. */
static void test_kinds_of_content(void **state)
{
    struct line_model model = write_text(17, 600 * KIB);

    (void)state;
    save_content(1, model.size);
    assert_int_equal(load_text(), INDEX_OTHER);
    assert_int_equal(check_daemon(&model, "text"), model.size);
    save_content(2, model.size);
    assert_int_equal(files_of(".lines", NULL), 3);
    for (uint16_t content = 0; content < 3; content++)
        assert_int_equal(load_content(content), INDEX_SAME);
    new_indexes("cache/bigfs");
    assert_int_equal(check_daemon(&model, "text"), 0);
    assert_int_equal(atomic_load(&warnings), 0);
    line_model_free(&model);
}

/*
 * Checks that the damaged file is not used, with exactly one warning, and that the next one is
 * right.
 */
static void check_damaged(const struct line_model *model, const void *bytes, size_t length,
                          const char *path, bool whole)
{
    write_path(path, bytes, length);
    atomic_store(&warnings, 0);
    assert_int_equal(load_text(), INDEX_OTHER);
    if (atomic_load(&warnings) != 1)
        fail_msg("%u warnings", atomic_load(&warnings));
    if (!whole)
        return;
    assert_int_equal(check_daemon(model, "text"), model->size);
    assert_int_equal(check_daemon(model, "text"), 0);
    assert_int_equal(atomic_load(&warnings), 1);
    assert_int_equal(files_of(".lines", NULL), 1);
}

/* Whether a bit of an index file is of what its name is made of. */
static bool in_key(size_t bit)
{
    return (bit / 8 >= 16 && bit / 8 < 72) || (bit / 8 >= 112 && bit / 8 < 152);
}

static void test_damage(void **state)
{
    struct line_model model = write_text(11, 600 * KIB);
    char path[PATH_MAX];
    uint8_t bytes[1000];

    (void)state;
    (void)check_daemon(&model, "text");
    assert_int_equal(files_of(".lines", path), 1);
    size_t length = read_path(path, bytes, sizeof(bytes));
    assert_int_equal(load_text(), INDEX_SAME);
    for (size_t cut = 0; cut < length; cut++)
        check_damaged(&model, bytes, cut, path, cut % 20 == 0);
    for (size_t bit = 0; bit < length * 8; bit++) {
        if (in_key(bit))
            continue; /* below */
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        check_damaged(&model, bytes, length, path, bit % 50 == 0);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    line_model_free(&model);
}

/* Damage in the key makes it that of another file, under a wrong name: there is a warning. */
static void test_damage_to_the_key(void **state)
{
    struct line_model model = write_text(12, 600 * KIB);
    char path[PATH_MAX];
    uint8_t bytes[1000];
    unsigned silent = 0;

    (void)state;
    (void)check_daemon(&model, "text");
    assert_int_equal(files_of(".lines", path), 1);
    size_t length = read_path(path, bytes, sizeof(bytes));
    for (size_t bit = 0; bit < length * 8; bit++) {
        if (!in_key(bit))
            continue;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        write_path(path, bytes, length);
        atomic_store(&warnings, 0);
        assert_int_equal(load_text(), INDEX_OTHER);
        assert_true(atomic_load(&warnings) <= 1);
        silent += atomic_load(&warnings) == 0;
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    write_path(path, bytes, length);
    assert_int_equal(load_text(), INDEX_SAME);
    line_model_free(&model);
    if (silent > 0)
        fail_msg("%u bits of the key of which there is no warning", silent);
}

/* The index of another file, under the name of this one's. */
static void test_the_index_of_another_file(void **state)
{
    struct line_model model = write_text(13, 600 * KIB);
    struct line_model other = write_text(14, 600 * KIB);
    char path[PATH_MAX];
    uint8_t bytes[1000];

    (void)state;
    (void)check_daemon(&other, "text");
    assert_int_equal(files_of(".lines", path), 1);
    size_t length = read_path(path, bytes, sizeof(bytes));
    new_indexes("second");
    line_model_write(&model, &world->scratch, "text");
    (void)check_daemon(&model, "text");
    assert_int_equal(files_of(".lines", path), 1);
    write_path(path, bytes, length);
    assert_int_equal(check_daemon(&model, "text"), model.size);
    assert_true(atomic_load(&warnings) <= 1);
    assert_int_equal(check_daemon(&model, "text"), 0);
    assert_int_equal(files_of(".lines", NULL), 1);
    if (atomic_load(&warnings) != 1)
        fail_msg("there is no warning of the index of another file");
    line_model_free(&other);
    line_model_free(&model);
}

int main(void)
{
#define LOOKUP_TEST(test) cmocka_unit_test_setup_teardown(test, indexes_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        LOOKUP_TEST(test_kept_for_the_next_daemon),
        LOOKUP_TEST(test_nothing_is_kept),
        LOOKUP_TEST(test_a_file_that_has_grown),
        LOOKUP_TEST(test_files_that_begin_alike),
        LOOKUP_TEST(test_a_copy_that_has_grown),
        LOOKUP_TEST(test_what_others_begin_with),
        LOOKUP_TEST(test_very_many_that_begin_alike),
        LOOKUP_TEST(test_rewritten_between_daemons),
        LOOKUP_TEST(test_rewritten_and_grown),
        LOOKUP_TEST(test_kinds_of_content),
        LOOKUP_TEST(test_damage),
        LOOKUP_TEST(test_damage_to_the_key),
        LOOKUP_TEST(test_the_index_of_another_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
