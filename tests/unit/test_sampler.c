/* SPDX-License-Identifier: MIT */
/* sampler: samples of files that have been at rest for long are taken soon after the request. */
#include "tests/unit/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/content/sampler.h"
#include "core/generation/generation_capture.h"

enum {
    FILES = 20,
    SIZE = 100 * CONTENT_BLOCK,
    OLD_MS = 3500, /* a younger file is sampled when it is captured */
    MOST_MS = 20000,
};

static void name_of(unsigned number, char name[8])
{
    (void)snprintf(name, 8, "f%u", number);
}

static int setup(void **state)
{
    uint8_t *bytes = malloc(SIZE);
    int error = bytes != NULL ? world_setup(state) : -1;
    char name[8];

    for (unsigned i = 0; error == 0 && i < FILES; i++) {
        struct world *world = *state;
        pattern_fill(bytes, SIZE, 0, i);
        name_of(i, name);
        scratch_write(&world->scratch, name, bytes, SIZE);
    }
    free(bytes);
    return error;
}

static struct reading pin_file(struct world *world, unsigned number)
{
    char name[8];
    name_of(number, name);
    return reading_world_pin(world, name);
}

static bool gets_sample(const struct reading *reading)
{
    for (unsigned waited = 0; waited < MOST_MS; waited += 5) {
        if (!generation_wants_sample(reading->generation))
            return true;
        sleep_ms(5);
    }
    return false;
}

/* The sample is that of the content; with `while_open` a file that is not open is left out. */
static void test_samples(void **state)
{
    struct world *world = *state;
    struct reading readings[FILES];
    struct content_sample known;
    struct content_sample right;
    struct sampler sampler;
    int fd = -1;

    sleep_ms(OLD_MS);
    sampler_init(&sampler);
    for (unsigned i = 0; i < FILES; i++) {
        readings[i] = pin_file(world, i);
        assert_true(generation_wants_sample(readings[i].generation));
        sampler_add(&sampler, &readings[i], i % 2 == 0);
    }
    assert_int_equal(sampler_start(&sampler), 0);
    for (unsigned i = 0; i < FILES; i++) {
        assert_true(gets_sample(&readings[i]));
        assert_true(generation_recall_sample(readings[i].generation, SIZE, &known));
        assert_int_equal(reading_borrow(&readings[i], &fd), 0);
        assert_int_equal(content_sample_read(fd, SIZE, &right), 0);
        reading_return(&readings[i]);
        assert_true(content_sample_equal(&known, &right));
        assert_int_equal(known.readable, right.readable);
        reading_close(&readings[i]);
    }
    sampler_stop(&sampler);
    sampler_stop(&sampler);
    sampler_destroy(&sampler);
}

/* What is in the queue at the end is let go, and after the end nothing is added. */
static void test_end(void **state)
{
    struct reading one = pin_file(*state, 0);
    struct sampler sampler;

    sleep_ms(OLD_MS);
    struct reading again = reading_again(&one);
    sampler_init(&sampler);
    sampler_add(&sampler, &again, false);
    sampler_stop(&sampler);
    sampler_add(&sampler, &again, false);
    assert_int_equal(sampler.queued, 0);
    sampler_destroy(&sampler);
    reading_close(&again);
    reading_close(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samples, setup, world_teardown),
        cmocka_unit_test_setup_teardown(test_end, setup, world_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
