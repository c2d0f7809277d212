/* SPDX-License-Identifier: MIT */
/*
 * A content that is not as long as its file: its index covers the content, and is kept with that.
 */
#include "tests/unit/index_directory_fixture.h"

#include "core/content/plain.h"

static uint64_t part_of(const struct reading *reading, uint64_t parts)
{
    return plain_content.size_of(reading) * parts / 2;
}

static uint64_t size_of_half(const struct reading *reading)
{
    return part_of(reading, 1);
}

static uint64_t size_of_double(const struct reading *reading)
{
    return part_of(reading, 4);
}

/* The file, and over again. */
static int copy_bytes(const struct reading *reading, int fd, void *buffer, size_t length,
                      uint64_t offset, enum content_way way)
{
    const uint64_t size = plain_content.size_of(reading);
    int error = 0;

    for (size_t done = 0; done < length && error == 0;) {
        uint64_t place = (offset + done) % size;
        size_t part = (size_t)(size - place < length - done ? size - place : length - done);
        error = plain_content.copy(reading, fd, (char *)buffer + done, part, place, way);
        done += part;
    }
    return error;
}

static int lend_bytes(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                      uint8_t *scratch, struct content_loan *loan)
{
    size_t length = (size_t)(most < CONTENT_SCRATCH ? most : CONTENT_SCRATCH);
    *loan = (struct content_loan){.bytes = scratch, .length = length};
    return copy_bytes(reading, fd, scratch, length, offset, CONTENT_PROBES);
}

static const struct content_type half = {
    .name = "half", .number = 1, .size_of = size_of_half, .copy = copy_bytes, .lend = lend_bytes};
static const struct content_type twice = {.name = "twice",
                                          .number = 2,
                                          .size_of = size_of_double,
                                          .copy = copy_bytes,
                                          .lend = lend_bytes};

/* Asks a daemon for the index of a content. Returns how much it scanned for that. */
static uint64_t check_content(const struct content_type *content, const struct line_model *model)
{
    uint64_t before = bytes_scanned(world);
    struct source *source = source_new(&world->pool, "text", content);
    struct reading reading = {.source = NULL};
    struct random random = random_case(3);

    assert_non_null(source);
    assert_int_equal(fault_guard_install(), 0);
    assert_int_equal(reading_open(source, NULL, &reading, NULL), 0);
    struct record_index *index = get_index(&indexes, &reading);
    line_model_check(model, index);
    uint64_t scanned = bytes_scanned(world) - before;
    line_model_check_rows(model, &reading, index, &random, 20);
    assert_true(index_is_there(&indexes, &reading, &lines_format));
    record_index_unref(index);
    reading_close(&reading);
    source_unref(source);
    return scanned;
}

static void check_next_daemons(const struct content_type *content, const struct line_model *model)
{
    assert_int_equal(check_content(content, model), model->size);
    new_indexes("cache/bigfs");
    assert_int_equal(check_content(content, model), 0);
    assert_int_equal(atomic_load(&warnings), 0);
}

static void test_a_shorter_content(void **state)
{
    struct line_model model = write_text(1, 3 * MIB);

    (void)state;
    model.size /= 2;
    line_model_count(&model);
    check_next_daemons(&half, &model);
    line_model_free(&model);
}

static void test_a_longer_content(void **state)
{
    struct line_model file = write_text(2, 1 * MIB + 5);
    struct line_model model = line_model_make(2 * file.size);

    (void)state;
    memcpy(model.bytes, file.bytes, file.size);
    memcpy(model.bytes + file.size, file.bytes, file.size);
    line_model_count(&model);
    check_next_daemons(&twice, &model);
    line_model_free(&model);
    line_model_free(&file);
}

/* What the file holds goes on where it ended; so does its index. */
static void test_a_content_that_grows(void **state)
{
    struct random random = random_case(4);
    struct line_model model = write_text(5, 2 * MIB);

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct line_model held = line_model_make(model.size / 2);
        memcpy(held.bytes, model.bytes, held.size);
        line_model_count(&held);
        uint64_t old = i > 0 ? (model.size - MIB) / 2 : 0;
        assert_int_equal(check_content(&half, &held), held.size - old);
        line_model_grow(&model, &random, MIB, 70);
        scratch_append(&world->scratch, "text", model.bytes + model.size - MIB, MIB);
        new_indexes("cache/bigfs");
        line_model_free(&held);
    }
    assert_int_equal(atomic_load(&warnings), 0);
    line_model_free(&model);
}

int main(void)
{
#define SIZE_TEST(test) cmocka_unit_test_setup_teardown(test, indexes_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        SIZE_TEST(test_a_shorter_content),
        SIZE_TEST(test_a_longer_content),
        SIZE_TEST(test_a_content_that_grows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
