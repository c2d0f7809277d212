/* SPDX-License-Identifier: MIT */
/*
 * index_get: the index of a file that is appended to, rewritten with its mtime set back, or changed
 * while it is indexed. Never a wrong line.
 *
 * This program is linked with --wrap=mmap and mmap64 (tests/unit/map_hook.h).
 */
#include "tests/unit/line_model.h"
#include "tests/unit/map_hook.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/generation/content_digests.h"
#include "core/index/index_count.h"
#include "core/record/boundary.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static struct index_directory no_indexes; /* keeps nothing */
static struct world *world;               /* of the running test */

static int setup(void **state)
{
    map_hook_reset();
    int error = world_setup(state);
    world = *state;
    return error;
}

static struct reading open_text(const struct line_model *model)
{
    assert_int_equal(fault_guard_install(), 0);
    line_model_write(model, &world->scratch, "text");
    return reading_world_pin(world, "text");
}

/* Index and rows are right; and what was scanned for that. */
static uint64_t check_all(const struct reading *reading, const struct line_model *model,
                          struct random *random)
{
    uint64_t before = bytes_scanned(world);
    struct record_index *index = get_index(&no_indexes, reading);
    uint64_t scanned = bytes_scanned(world) - before;
    line_model_check(model, index);
    line_model_check_rows(model, reading, index, random, 50);
    record_index_unref(index);
    return scanned;
}

static void test_it_is_made_once(void **state)
{
    struct random random = random_case(1);
    struct line_model model = line_model_random(&random, 700 * KIB, 80);
    struct reading reading = open_text(&model);

    (void)state;
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    assert_int_equal(check_all(&reading, &model, &random), 0);
    struct reading again = reading_again(&reading);
    assert_int_equal(check_all(&again, &model, &random), 0);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

static void append(struct line_model *model, struct random *random, uint64_t length)
{
    uint64_t old = model->size;
    line_model_grow(model, random, length, 40);
    scratch_append(&world->scratch, "text", model->bytes + old, length);
}

/* A brief look after an append: a few lines, from all over the file. */
static void check_appended(const struct reading *reading, const struct line_model *model,
                           struct random *random, uint64_t length)
{
    struct reading again = reading_again(reading);
    assert_ptr_equal(again.generation, reading->generation);
    uint64_t before = bytes_scanned(world);
    struct record_index *index = get_index(&no_indexes, &again);
    assert_int_equal(bytes_scanned(world) - before, length);
    assert_int_equal(index->size, model->size);
    assert_int_equal(record_index_records(index), model->lines);
    line_model_check_rows(model, &again, index, random, 3);
    record_index_unref(index);
    reading_close(&again);
}

static void test_a_thousand_appends(void **state)
{
    struct random random = random_case(2);
    struct line_model model = line_model_random(&random, 100, 40);
    struct reading reading = open_text(&model);

    (void)state;
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t most = random_chance(&random, 1) ? INDEX_BLOCK : 1500;
        uint64_t length = 1 + random_below(&random, most);
        append(&model, &random, length);
        check_appended(&reading, &model, &random, length);
    }
    check_index_of(&no_indexes, &reading, &model); /* each count as a fresh one has it */
    reading_close(&reading);
    line_model_free(&model);
}

/* Appended to many times before the next look. */
static void test_appends_that_nobody_saw(void **state)
{
    struct random random = random_case(3);
    struct line_model model = line_model_random(&random, 2 * INDEX_BLOCK, 40);
    struct reading reading = open_text(&model);

    (void)state;
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t old = model.size;
        for (unsigned k = 0; k < 5; k++)
            append(&model, &random, 1 + random_below(&random, INDEX_BLOCK / 4));
        check_appended(&reading, &model, &random, model.size - old);
    }
    check_index_of(&no_indexes, &reading, &model);
    reading_close(&reading);
    line_model_free(&model);
}

static void set_mtime_back(const struct stat *was)
{
    const struct timespec times[2] = {was->st_atim, was->st_mtim};
    assert_int_equal(utimensat(world->scratch.directory, "text", times, 0), 0);
}

/* Other lines, in the same place: [start, end) of the file. */
static void rewrite(struct line_model *model, struct random *random, uint64_t start, uint64_t end)
{
    memset(model->bytes + start, 'r', (size_t)(end - start));
    for (uint64_t place = start; place < end; place += 1 + random_below(random, 30))
        model->bytes[place] = '\n';
    line_model_count(model);
    scratch_overwrite(&world->scratch, "text", model->bytes + start, (size_t)(end - start), start);
}

/* Size and mtime are what they were; only the ctime tells, and the ends where they changed. */
static void check_rewritten(struct random *random, uint64_t start, uint64_t end)
{
    struct line_model model = line_model_random(random, 600 * KIB, 80);
    struct reading reading = open_text(&model);
    const struct stat was = scratch_stat(&world->scratch, "text");

    assert_int_equal(check_all(&reading, &model, random), model.size);
    scratch_let_time_pass(&world->scratch, "text");
    rewrite(&model, random, min_u64(start, model.size), min_u64(end, model.size));
    set_mtime_back(&was);
    struct reading again = reading_again(&reading);
    assert_int_equal(check_all(&again, &model, random), model.size);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_rewritten_behind_the_mtime(void **state)
{
    struct random random = random_case(4);
    (void)state;
    check_rewritten(&random, 4 * KIB, 590 * KIB);    /* both ends stay */
    check_rewritten(&random, 300 * KIB, 301 * KIB);  /* a little in the middle */
    check_rewritten(&random, 0, 100 * KIB);          /* the first block goes */
    check_rewritten(&random, 500 * KIB, 9999 * KIB); /* the last one */
    check_rewritten(&random, 0, 9999 * KIB);         /* all */
}

/* The same without a new look: the old reading also has right lines, or an error. */
static void test_rewritten_under_a_reader(void **state)
{
    struct random random = random_case(5);
    struct line_model model = line_model_random(&random, 600 * KIB, 80);
    struct reading reading = open_text(&model);
    const struct stat was = scratch_stat(&world->scratch, "text");
    struct record_index *index = NULL;

    (void)state;
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    scratch_let_time_pass(&world->scratch, "text");
    rewrite(&model, &random, 5 * KIB, 500 * KIB);
    set_mtime_back(&was);
    int error = index_get(&no_indexes, &reading, &lines_format, &index);
    assert_true(error == 0 || error == -ESTALE);
    if (error == 0)
        line_model_check(&model, index);
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_chmod_only(void **state)
{
    struct random random = random_case(6);
    struct line_model model = line_model_random(&random, 600 * KIB, 80);
    struct reading reading = open_text(&model);

    (void)state;
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    scratch_let_time_pass(&world->scratch, "text");
    assert_int_equal(fchmodat(world->scratch.directory, "text", 0600, 0), 0);
    struct reading again = reading_again(&reading);
    assert_ptr_equal(again.generation, reading.generation);
    assert_int_equal(check_all(&again, &model, &random),
                     model.size); /* its bytes may be others: the ctime moved */
    assert_int_equal(check_all(&again, &model, &random), 0);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

/* What happens once, at the second window that is mapped. */
static struct line_model *changing;
static struct stat before_change;
static void (*change)(void);

static void change_at_second(int fd, off_t offset)
{
    (void)fd;
    (void)offset;
    if (atomic_load(&map_count) == 2)
        change();
}

static void rewrite_and_set_back(void)
{
    memset(changing->bytes + 100 * KIB, '\n', 64 * KIB);
    scratch_overwrite(&world->scratch, "text", changing->bytes + 100 * KIB, 64 * KIB, 100 * KIB);
    set_mtime_back(&before_change);
}

/* Before the place that the scan has reached: what it counted there is no longer true. */
static void test_rewritten_behind_the_mtime_while_it_is_indexed(void **state)
{
    struct random random = random_case(7);
    struct line_model model = line_model_random(&random, 3 * MIB, 80);
    struct reading reading = open_text(&model);

    (void)state;
    changing = &model;
    before_change = scratch_stat(&world->scratch, "text");
    scratch_let_time_pass(&world->scratch, "text");
    change = rewrite_and_set_back;
    map_after = change_at_second;
    struct record_index *index = get_index(&no_indexes, &reading);
    line_model_count(&model);
    line_model_check(&model, index);
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
}

static void append_lines(void)
{
    scratch_append(&world->scratch, "text", "\n\n\n\n", 4);
}

static void test_appended_to_while_it_is_indexed(void **state)
{
    struct random random = random_case(8);
    struct line_model model = line_model_random(&random, 3 * MIB, 80);
    struct reading reading = open_text(&model);

    (void)state;
    change = append_lines;
    map_after = change_at_second;
    struct record_index *index = get_index(&no_indexes, &reading);
    line_model_check(&model, index); /* right for what it covers */
    record_index_unref(index);
    struct reading again = reading_again(&reading);
    model.bytes = realloc(model.bytes, model.size + 5);
    assert_non_null(model.bytes);
    memset(model.bytes + model.size, '\n', 4);
    model.size += 4;
    line_model_count(&model);
    assert_int_equal(check_all(&again, &model, &random), 4);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

/* As if no sample had been taken yet. */
static int lose_sample(struct generation_state *generation, void *argument)
{
    (void)argument;
    generation->sampled = 0;
    return 0;
}

/* All but what is compared as the ends, and then more. */
static void rewrite_and_grow(void)
{
    memset(changing->bytes + 8 * KIB, '\n', changing->size - 16 * KIB);
    scratch_overwrite(&world->scratch, "text", changing->bytes + 8 * KIB, changing->size - 16 * KIB,
                      8 * KIB);
    append_lines();
}

/*
 * The sample of a file that was at rest is taken later: the scan must not rely on that. If it is
 * compared by then, which depends on the time, the generation is over; else it is counted anew.
 */
static void test_rewritten_and_grown_while_it_is_indexed_first(void **state)
{
    struct random random = random_case(11);
    struct line_model model = line_model_random(&random, 3 * MIB, 80);
    struct reading reading = open_text(&model);
    struct record_index *index = NULL;

    (void)state;
    (void)generation_update(reading.generation, lose_sample, NULL);
    changing = &model;
    change = rewrite_and_grow;
    map_after = change_at_second;
    int error = index_get(&no_indexes, &reading, &lines_format, &index);
    assert_true(error == 0 || error == -ESTALE);
    model.bytes = realloc(model.bytes, model.size + 5);
    assert_non_null(model.bytes);
    memset(model.bytes + model.size, '\n', 4);
    if (error == -ESTALE) {
        struct reading again = reading_again(&reading);
        index = get_index(&no_indexes, &again);
        reading_close(&again);
    }
    model.size += index->size > model.size ? 4 : 0;
    line_model_count(&model);
    line_model_check(&model, index);
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
}

static void cut(void)
{
    scratch_truncate(&world->scratch, "text", 4096);
}

static void test_cut_while_it_is_indexed(void **state)
{
    struct random random = random_case(9);
    struct line_model model = line_model_random(&random, 3 * MIB, 80);
    struct reading reading = open_text(&model);
    struct record_index *index = NULL;

    (void)state;
    change = cut;
    map_after = change_at_second;
    assert_int_equal(index_get(&no_indexes, &reading, &lines_format, &index), -ESTALE);
    assert_null(index);
    reading_close(&reading);
    line_model_free(&model);
}

/*
 * A hole that is filled while the file grows: what was counted in it is not true any more. It lies
 * between two sampled blocks, so the generation goes on whenever the sample is compared.
 */
static void test_a_hole_that_is_filled_while_it_grows(void **state)
{
    struct random random = random_case(10);
    struct line_model model = line_model_make(3 * MIB);
    const uint64_t from = content_sample_place(model.size, 10) + CONTENT_BLOCK;
    const uint64_t length = content_sample_place(model.size, 11) - from;
    int fd;

    (void)state;
    assert_int_equal(fault_guard_install(), 0);
    memset(model.bytes, 0, model.size);
    memset(model.bytes, '\n', 4096);
    memset(model.bytes + model.size - 4096, 'x', 4096);
    fd = scratch_open(&world->scratch, "text", O_RDWR | O_CREAT);
    assert_int_equal(pwrite(fd, model.bytes, 4096, 0), 4096);
    assert_int_equal(pwrite(fd, model.bytes + model.size - 4096, 4096, 3 * MIB - 4096), 4096);
    line_model_count(&model);
    struct reading reading = reading_world_pin(world, "text");
    (void)check_all(&reading, &model, &random);
    memset(model.bytes + from, '\n', length);
    assert_int_equal(pwrite(fd, model.bytes + from, length, (off_t)from), length);
    append(&model, &random, 1000);
    assert_int_equal(close(fd), 0);

    struct reading again = reading_again(&reading);
    uint64_t boundary = 0;
    (void)check_all(&again, &model, &random);
    assert_int_equal(boundary_find(&again, &lines_format, from / 2, &boundary), 0);
    assert_int_equal(boundary, from + 1);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_an_empty_file(void **state)
{
    struct reading reading;
    (void)state;
    assert_int_equal(fault_guard_install(), 0);
    scratch_write(&world->scratch, "empty", "", 0);
    reading = reading_world_pin(world, "empty");
    struct record_index *index = get_index(&no_indexes, &reading);
    assert_int_equal(index->size, 0);
    assert_int_equal(record_index_records(index), 0);
    record_index_unref(index);
    reading_close(&reading);
}

static bool yes(void *argument)
{
    (void)argument;
    return true;
}

static void test_cancelled(void **state)
{
    const struct cancel cancel = {yes, NULL, 0};
    struct random random = random_case(11);
    struct line_model model = line_model_random(&random, MIB, 80);
    struct reading reading = open_text(&model);
    const struct reading cancelled = reading_for(&reading, &cancel);
    struct record_index *index = NULL;

    (void)state;
    assert_int_equal(index_get(&no_indexes, &cancelled, &lines_format, &index), -CANCELLED);
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    reading_close(&reading);
    line_model_free(&model);
}

/* What takes long is not done at once, nor if there is more than that to add. */
static void test_long_scans_are_waited_for(void **state)
{
    struct random random = random_case(12);
    struct line_model model = line_model_random(&random, INDEX_STEP, 80);
    struct reading reading = open_text(&model);
    struct record_index *index = NULL;

    (void)state;
    assert_false(index_is_there(&no_indexes, &reading, &lines_format));
    assert_int_equal(check_all(&reading, &model, &random), model.size);
    assert_true(index_is_there(&no_indexes, &reading, &lines_format));
    scratch_truncate(&world->scratch, "text", 2 * (uint64_t)INDEX_STEP);
    struct reading again = reading_again(&reading);
    assert_true(index_is_there(&no_indexes, &again, &lines_format));
    reading_close(&again);
    scratch_truncate(&world->scratch, "text", 2 * (uint64_t)INDEX_STEP + 1);
    again = reading_again(&reading);
    assert_true(index_is_there(&no_indexes, &again, &lines_format));
    assert_int_equal(index_get(&no_indexes, &again, &lines_format, &index), -AWAITS_INDEX);
    reading_close(&again);
    reading_close(&reading);
    line_model_free(&model);
}

int main(void)
{
#define CHANGING(test) cmocka_unit_test_setup_teardown(test, setup, world_teardown)
    const struct CMUnitTest tests[] = {
        CHANGING(test_it_is_made_once),
        CHANGING(test_a_thousand_appends),
        CHANGING(test_appends_that_nobody_saw),
        CHANGING(test_rewritten_behind_the_mtime),
        CHANGING(test_rewritten_under_a_reader),
        CHANGING(test_chmod_only),
        CHANGING(test_rewritten_behind_the_mtime_while_it_is_indexed),
        CHANGING(test_appended_to_while_it_is_indexed),
        CHANGING(test_rewritten_and_grown_while_it_is_indexed_first),
        CHANGING(test_cut_while_it_is_indexed),
        CHANGING(test_a_hole_that_is_filled_while_it_grows),
        CHANGING(test_an_empty_file),
        CHANGING(test_cancelled),
        CHANGING(test_long_scans_are_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
