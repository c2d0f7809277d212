/* SPDX-License-Identifier: MIT */
/* rows_within: how many lines begin before a place, against a list of all lines. */
#include "tests/unit/line_model.h"

#include <errno.h>

#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/format/record_formats.h"
#include "tests/unit/add_ends.h"

static struct index_directory no_indexes; /* keeps nothing */

static uint64_t model_within(const struct line_model *model, uint64_t size)
{
    uint64_t count = 0;
    while (count < model->lines && model->starts[count] < size)
        count++;
    return count;
}

static void check_text(struct world *world, struct line_model *model, struct random *random)
{
    line_model_write(model, &world->scratch, "text");
    AUTO_READING struct reading reading = reading_world_pin(world, "text");
    struct record_index *index = get_index(&no_indexes, &reading);

    for (int i = 0; i < 60; i++) {
        uint64_t size =
            random_chance(random, 50) && model->lines > 0
                ? model->starts[random_below(random, model->lines)] + random_below(random, 3)
                : random_below(random, model->size + 3);
        uint64_t rows = 0;
        assert_int_equal(rows_within(&reading, index, size, &rows), 0);
        assert_int_equal(rows, model_within(model, size));
    }
    record_index_unref(index);
}

static void test_random_texts(void **state)
{
    assert_int_equal(fault_guard_install(), 0);
    for (uint64_t i = 0; i < 60; i++) {
        struct random random = random_case(i);
        uint64_t size = random_between(&random, 1, i % 4 == 0 ? 900000 : 3000);
        struct line_model model =
            line_model_random(&random, size, random_between(&random, 1, i % 3 == 0 ? 300000 : 40));
        check_text(*state, &model, &random);
        line_model_free(&model);
    }
}

static void test_a_wrong_index(void **state)
{
    struct world *world = *state;
    struct line_model model = line_model_make(300000);
    uint64_t rows = 0;

    assert_int_equal(fault_guard_install(), 0);
    line_model_count(&model);
    line_model_write(&model, &world->scratch, "text");
    AUTO_READING struct reading reading = reading_world_pin(world, "text");
    struct record_index *index = record_index_new(default_format, model.size, NULL);
    assert_non_null(index);
    assert_int_equal(add_ends(index, 0, 5), 0);
    record_index_finish(index, true);
    assert_int_equal(rows_within(&reading, index, 1000, &rows), -WRONG_INDEX);
    record_index_unref(index);
    line_model_free(&model);
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_random_texts),
        WORLD_TEST(test_a_wrong_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
