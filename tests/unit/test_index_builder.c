/* SPDX-License-Identifier: MIT */
/*
 * index_builder: many waiters share few scans, each is informed once, and nothing is scanned twice.
 *
 * This program is linked with --wrap=mmap and mmap64 (tests/unit/index_builder_fixture.h).
 */
#include "core/base/outcome.h"
#include "core/index/index_note.h"

#include "tests/unit/index_builder_fixture.h"

static void test_the_index_is_made(void **state)
{
    struct line_model model = long_text(1, 3 * (uint64_t)INDEX_STEP + 12345);
    struct reading reading = open_text(&model, "text");
    struct record_index *index;

    (void)state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct index_builder builder;
        struct client client;
        struct reading again = reading_again(&reading);
        uint64_t before = bytes_scanned(world);
        assert_int_equal(try_get(&again, &index), -AWAITS_INDEX);
        assert_int_equal(join(start(&builder, threads), &again, &client), 0);
        assert_true(await_told(&client));
        assert_int_equal(atomic_load(&client.error), 0);
        assert_false(index_builder_leave(&builder, &client.waiter));
        assert_int_equal(bytes_scanned(world) - before, model.size);
        check_index_of(&no_indexes, &again, &model);
        assert_int_equal(bytes_scanned(world) - before, model.size);
        assert_int_equal(count_builds(&builder), 0);
        index_builder_stop(&builder);
        assert_int_equal(atomic_load(&client.told), 1);
        scratch_let_time_pass(&world->scratch, "text"); /* the next one is made anew */
        assert_int_equal(fchmodat(world->scratch.directory, "text", 0600 + threads, 0), 0);
        reading_close(&again);
    }
    reading_close(&reading);
    line_model_free(&model);
}

/* A waiter that checks, when it is informed, what else refers to the generation. */
struct heir {
    struct index_waiter waiter;
    const struct reading *reading;
    atomic_uint references;
    atomic_uint pins;
    atomic_bool told;
};

static void look_what_has_it(struct index_waiter *waiter, int error)
{
    struct heir *heir = list_object(waiter, struct heir, waiter);
    (void)error;
    /* Each reading has a reference of the source, which it drops after that of the generation. */
    atomic_store(&heir->references, atomic_load(&heir->reading->source->references));
    {
        HOLD_LOCK(&world->pool.files.lock);
        atomic_store(&heir->pins, generation_file(heir->reading->generation)->pins);
    }
    atomic_store(&heir->told, true);
}

/* bigfs --index frees the source as soon as its waiter is informed. */
static void test_a_waiter_that_is_told_has_it_alone(void **state)
{
    struct line_model model = long_text(77, 2 * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    unsigned references = atomic_load(&reading.source->references);
    struct heir heir = {.reading = &reading};
    struct index_builder builder;

    (void)state;
    start(&builder, 2);
    index_waiter_init(&heir.waiter, look_what_has_it);
    assert_int_equal(index_builder_join(&builder, &reading, &lines_format, &heir.waiter), 0);
    for (unsigned i = 0; i < PATIENCE_MS && !atomic_load(&heir.told); i++)
        sleep_ms(1);
    assert_true(atomic_load(&heir.told));
    assert_int_equal(atomic_load(&heir.references), references);
    assert_int_equal(atomic_load(&heir.pins), 1);
    index_builder_stop(&builder);
    reading_close(&reading);
    line_model_free(&model);
}

/* One of two waiters; the one informed first makes the other leave. */
struct polite {
    struct index_waiter waiter;
    struct index_builder *builder;
    struct polite *other;
    atomic_uint *told;
    atomic_bool *left;
};

static void let_the_other_leave(struct index_waiter *waiter, int error)
{
    struct polite *polite = list_object(waiter, struct polite, waiter);
    (void)error;
    atomic_store(polite->left, index_builder_leave(polite->builder, &polite->other->waiter));
    atomic_fetch_add(polite->told, 1);
}

/* A waiter may take its time once informed; still, a killed reader leaves at once. */
static void test_a_waiter_that_is_not_told_yet_can_leave(void **state)
{
    struct line_model model = long_text(78, 2 * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    atomic_uint told;
    atomic_bool left;
    struct polite pair[2];

    (void)state;
    atomic_init(&told, 0);
    atomic_init(&left, false);
    gate_set(true);
    start(&builder, 1);
    for (unsigned i = 0; i < 2; i++) {
        pair[i] = (struct polite){
            .builder = &builder, .other = &pair[1 - i], .told = &told, .left = &left};
        index_waiter_init(&pair[i].waiter, let_the_other_leave);
        assert_int_equal(index_builder_join(&builder, &reading, &lines_format, &pair[i].waiter), 0);
    }
    gate_let(100);
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&told) == 0; i++)
        sleep_ms(1);
    index_builder_stop(&builder);
    assert_true(atomic_load(&left));
    assert_int_equal(atomic_load(&told), 1);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_many_wait_for_one_scan(void **state)
{
    enum { CLIENTS = 20 };
    struct line_model model = long_text(2, 3 * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client clients[CLIENTS];

    (void)state;
    gate_set(true);
    start(&builder, 2);
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(join(&builder, &reading, &clients[i]), 0);
    assert_int_equal(count_builds(&builder), 1);
    for (unsigned i = 0; i < CLIENTS; i += 2)
        assert_true(index_builder_leave(&builder, &clients[i].waiter));
    gate_let(100);
    for (unsigned i = 1; i < CLIENTS; i += 2) {
        assert_true(await_told(&clients[i]));
        assert_int_equal(atomic_load(&clients[i].error), 0);
    }
    index_builder_stop(&builder);
    for (unsigned i = 0; i < CLIENTS; i++)
        assert_int_equal(atomic_load(&clients[i].told), i % 2);
    assert_int_equal(bytes_scanned(world), model.size);
    check_index_of(&no_indexes, &reading, &model);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_a_waiter_that_left_cannot_join(void **state)
{
    struct line_model model = long_text(3, 2 * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client client;

    (void)state;
    start(&builder, 1);
    client_init(&client);
    assert_false(index_builder_leave(&builder, &client.waiter));
    assert_int_equal(index_builder_join(&builder, &reading, &lines_format, &client.waiter),
                     -CANCELLED);
    assert_int_equal(count_builds(&builder), 0);
    index_builder_stop(&builder);
    assert_int_equal(atomic_load(&client.told), 0);
    assert_int_equal(bytes_scanned(world), 0);
    reading_close(&reading);
    line_model_free(&model);
}

/* Waits until what an abandoned build has counted is kept. */
static void await_kept(struct index_builder *builder, const struct reading *reading, uint64_t size)
{
    struct index_note *note = index_note_of(reading->generation, &lines_format);
    uint64_t kept = 0;

    for (unsigned i = 0; i < PATIENCE_MS && kept != size; i++) {
        struct index_key key;
        sleep_ms(1);
        struct record_index *index = index_note_peek(note, &key);
        kept = index != NULL ? index->size : 0;
        record_index_unref(index);
    }
    assert_int_equal(kept, size);
    assert_int_equal(count_builds(builder), 0);
}

/* One thread does `steps` steps and a last one that is under way when the last client leaves. */
static void check_abandoned(uint64_t number, unsigned steps)
{
    struct line_model model = long_text(number, STEPS * (uint64_t)INDEX_STEP + 5000);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client client;
    struct client second;

    gate_set(true);
    assert_int_equal(join(start(&builder, 1), &reading, &client), 0);
    gate_let(steps);
    gate_await(steps + 1);
    assert_true(index_builder_leave(&builder, &client.waiter));
    gate_let(1);
    await_kept(&builder, &reading, (steps + 1) * (uint64_t)INDEX_STEP);
    assert_int_equal(bytes_scanned(world), (steps + 1) * (uint64_t)INDEX_STEP);
    gate_let(100);
    assert_int_equal(join(&builder, &reading, &second), 0);
    assert_true(await_told(&second));
    assert_int_equal(atomic_load(&second.error), 0);
    assert_int_equal(bytes_scanned(world), model.size); /* no byte twice */
    check_index_of(&no_indexes, &reading, &model);
    index_builder_stop(&builder);
    assert_int_equal(atomic_load(&client.told), 0);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_what_nobody_waits_for_stops_and_is_kept(void **state)
{
    (void)state;
    check_abandoned(4, 2);
}

static void test_the_first_step_is_kept_too(void **state)
{
    (void)state;
    check_abandoned(5, 0);
}

/* A waiter that comes back before the step has ended loses nothing either. */
static void test_a_waiter_that_comes_back_at_once(void **state)
{
    struct line_model model = long_text(6, STEPS * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client client;
    struct client second;

    (void)state;
    gate_set(true);
    assert_int_equal(join(start(&builder, 1), &reading, &client), 0);
    gate_let(2);
    gate_await(3);
    assert_true(index_builder_leave(&builder, &client.waiter));
    assert_int_equal(join(&builder, &reading, &second), 0);
    gate_let(100);
    assert_true(await_told(&second));
    assert_int_equal(atomic_load(&second.error), 0);
    index_builder_stop(&builder);
    check_index_of(&no_indexes, &reading, &model);
    reading_close(&reading);
    line_model_free(&model);
    assert_int_equal(bytes_scanned(world), STEPS * (uint64_t)INDEX_STEP);
}

/* Its waiters are informed, and what it has is not a complete index. */
static void test_stopped_in_the_middle(void **state)
{
    struct line_model model = long_text(7, STEPS * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    unsigned threads = count_threads();
    unsigned descriptors = count_descriptors();
    struct index_builder builder;
    struct client clients[3];
    struct record_index *index;

    (void)state;
    gate_set(true);
    start(&builder, 2);
    assert_threads(threads + 8);
    for (size_t i = 0; i < LENGTH_OF(clients); i++)
        assert_int_equal(join(&builder, &reading, &clients[i]), 0);
    gate_await(2); /* two steps are under way, two have not begun */
    pthread_t helper;
    assert_int_equal(pthread_create(&helper, NULL,
                                    (void *(*)(void *))(void (*)(void))index_builder_stop,
                                    &builder),
                     0);
    sleep_ms(50);
    gate_let(100);
    assert_int_equal(pthread_join(helper, NULL), 0);
    index_builder_stop(&builder);
    for (size_t i = 0; i < LENGTH_OF(clients); i++) {
        assert_int_equal(atomic_load(&clients[i].told), 1);
        assert_int_equal(atomic_load(&clients[i].error), -CANCELLED);
    }
    assert_threads(threads);
    assert_int_equal(count_descriptors(), descriptors);
    int error = try_get(&reading, &index);
    if (error == 0)
        line_model_check(&model, index);
    else
        assert_int_equal(error, -AWAITS_INDEX);
    record_index_unref(index);
    reading_close(&reading);
    line_model_free(&model);
}

static void test_stopped_without_work(void **state)
{
    unsigned threads = count_threads();
    struct index_builder builder;

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        start(&builder, i);
        assert_true(builder.thread_count >= 1);
        index_builder_stop(&builder);
        index_builder_stop(&builder);
    }
    assert_threads(threads);
}

/* Each gets its turn after one step of each other. */
static void test_builds_take_turns(void **state)
{
    enum { FILES = 3 };
    struct reading readings[FILES];
    struct client clients[FILES];
    ino_t inodes[FILES];
    struct index_builder builder;
    struct line_model model = long_text(8, STEPS * (uint64_t)INDEX_STEP);

    (void)state;
    gate_set(true);
    start(&builder, 1);
    for (unsigned i = 0; i < FILES; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "text-%u", i);
        readings[i] = open_text(&model, name);
        inodes[i] = scratch_stat(&world->scratch, name).st_ino;
        assert_int_equal(join(&builder, &readings[i], &clients[i]), 0);
        gate_await(1); /* the first has begun before the others come */
    }
    gate_let(100);
    for (unsigned i = 0; i < FILES; i++)
        assert_true(await_told(&clients[i]));
    index_builder_stop(&builder);
    assert_int_equal(gate_arrivals, FILES * STEPS);
    for (unsigned i = 1; i <= 3 * FILES; i++) /* then the first, which began early, is done */
        assert_int_equal(gate_order[i], inodes[(i - 1) % FILES]);
    for (unsigned i = 3 * FILES; i + 2 < FILES * STEPS; i++)
        assert_int_not_equal(gate_order[i], gate_order[i + 1]);
    assert_int_equal(gate_order[0], inodes[0]);
    for (unsigned i = 0; i < FILES; i++) {
        check_index_of(&no_indexes, &readings[i], &model);
        reading_close(&readings[i]);
    }
    line_model_free(&model);
}

struct seen_progress {
    char path[64];
    uint64_t done;
    uint64_t size;
    unsigned builds;
};

static void see_progress(void *argument, const struct index_progress *progress)
{
    struct seen_progress *seen = argument;
    (void)snprintf(seen->path, sizeof(seen->path), "%s", progress->path);
    seen->done = progress->done;
    seen->size = progress->size;
    seen->builds++;
}

static void test_progress(void **state)
{
    struct line_model model = long_text(9, STEPS * (uint64_t)INDEX_STEP - 99);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client client;

    (void)state;
    gate_set(true);
    assert_int_equal(join(start(&builder, 1), &reading, &client), 0);
    for (unsigned step = 0; step < STEPS; step++) {
        struct seen_progress seen = {.builds = 0};
        gate_await(step + 1);
        index_builder_report(&builder, see_progress, &seen);
        assert_int_equal(seen.builds, 1);
        assert_string_equal(seen.path, "text");
        assert_int_equal(seen.done, step * (uint64_t)INDEX_STEP);
        assert_int_equal(seen.size, model.size);
        gate_let(1);
    }
    assert_int_equal(index_builder_counts(&builder, BUILD_INDEX).begun, 1);
    assert_true(await_told(&client));
    assert_int_equal(count_builds(&builder), 0);
    const struct build_counts counts = index_builder_counts(&builder, BUILD_INDEX);
    assert_int_equal(counts.ended[BUILD_FINISHED], 1);
    assert_int_equal(counts.ended[BUILD_FAILED] + counts.ended[BUILD_STOPPED], 0);
    assert_int_equal(index_builder_counts(&builder, BUILD_MAP).begun, 0);
    index_builder_stop(&builder);
    reading_close(&reading);
    line_model_free(&model);
}

/* The waiter is informed once, and there is no index of what is not there. */
static void test_cut_while_it_is_indexed(void **state)
{
    struct line_model model = long_text(10, STEPS * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client client;
    struct record_index *index;

    (void)state;
    gate_set(true);
    assert_int_equal(join(start(&builder, 2), &reading, &client), 0);
    gate_await(2);
    scratch_truncate(&world->scratch, "text", 20 * MIB);
    gate_let(100);
    assert_true(await_told(&client));
    assert_int_equal(atomic_load(&client.error), -ESTALE);
    assert_int_equal(try_get(&reading, &index), -ESTALE);
    assert_int_equal(index_builder_counts(&builder, BUILD_INDEX).ended[BUILD_FAILED], 1);
    index_builder_stop(&builder);
    assert_int_equal(atomic_load(&client.told), 1);
    reading_close(&reading);
    line_model_free(&model);
}

/* A step that fails is not in what is kept, nor is what comes after it. */
static void test_a_step_that_fails(void **state)
{
    struct line_model model = long_text(11, STEPS * (uint64_t)INDEX_STEP);
    struct reading reading = open_text(&model, "text");
    struct index_builder builder;
    struct client client;

    (void)state;
    atomic_store(&map_error, EACCES);
    atomic_store(&map_spare, 2);
    assert_int_equal(join(start(&builder, 1), &reading, &client), 0);
    assert_true(await_told(&client));
    assert_int_equal(atomic_load(&client.error), -EACCES);
    uint64_t before = bytes_scanned(world);
    map_hook_reset();
    assert_int_equal(join(&builder, &reading, &client), 0);
    assert_true(await_told(&client));
    assert_int_equal(atomic_load(&client.error), 0);
    assert_int_equal(bytes_scanned(world) - before, model.size - 2 * (uint64_t)INDEX_STEP);
    check_index_of(&no_indexes, &reading, &model);
    index_builder_stop(&builder);
    reading_close(&reading);
    line_model_free(&model);
}

enum { STRESS_FILES = 3, STRESS_THREADS = 6, STRESS_ROUNDS = 60 };

struct stress {
    struct index_builder *builder;
    struct reading readings[STRESS_FILES];
    atomic_uint ended;
    atomic_uint left;
};

static void come_and_go(void *argument, unsigned thread)
{
    struct stress *stress = argument;
    struct random random = random_case(100 + thread);

    for (unsigned i = 0; i < STRESS_ROUNDS; i++) {
        const struct reading *reading = &stress->readings[random_below(&random, STRESS_FILES)];
        struct client client;
        if (!THREAD_CHECK(join(stress->builder, reading, &client) == 0))
            return;
        if (random_chance(&random, 70)) {
            if (random_chance(&random, 50))
                sleep_ms((unsigned)random_below(&random, 5));
            if (index_builder_leave(stress->builder, &client.waiter)) {
                atomic_fetch_add(&stress->left, 1);
                THREAD_CHECK(atomic_load(&client.told) == 0);
                continue;
            }
        }
        THREAD_CHECK(await_told(&client));
        THREAD_CHECK(atomic_load(&client.error) == 0);
        atomic_fetch_add(&stress->ended, 1);
    }
}

/* Mostly holes: there are many steps, and they take little. */
static struct line_model write_sparse(const char *name, uint64_t number)
{
    struct line_model model = line_model_make(6 * (uint64_t)INDEX_STEP);
    struct random random = random_case(number);
    int fd = scratch_open(&world->scratch, name, O_RDWR | O_CREAT);

    memset(model.bytes, 0, model.size);
    assert_int_equal(ftruncate(fd, (off_t)model.size), 0);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t place = random_below(&random, model.size - 64 * KIB);
        memset(model.bytes + place, '\n', 5000);
        assert_int_equal(pwrite(fd, model.bytes + place, 5000, (off_t)place), 5000);
    }
    assert_int_equal(close(fd), 0);
    line_model_count(&model);
    return model;
}

static void test_coming_and_going(void **state)
{
    struct index_builder builder;
    struct line_model models[STRESS_FILES];
    struct stress stress = {.builder = start(&builder, 3)};

    (void)state;
    assert_int_equal(fault_guard_install(), 0);
    for (unsigned i = 0; i < STRESS_FILES; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "sparse-%u", i);
        models[i] = write_sparse(name, 200 + i);
        stress.readings[i] = reading_world_pin(world, name);
    }
    run_threads(STRESS_THREADS, come_and_go, &stress);
    assert_int_equal(atomic_load(&stress.ended) + atomic_load(&stress.left),
                     STRESS_THREADS * STRESS_ROUNDS);
    index_builder_stop(&builder);
    start(&builder, 2);
    for (unsigned i = 0; i < STRESS_FILES; i++) {
        struct client client;
        assert_int_equal(join(&builder, &stress.readings[i], &client), 0);
        assert_true(await_told(&client));
        check_index_of(&no_indexes, &stress.readings[i], &models[i]);
        reading_close(&stress.readings[i]);
        line_model_free(&models[i]);
    }
    index_builder_stop(&builder);
}

int main(void)
{
#define BUILDER_TEST(test) cmocka_unit_test_setup_teardown(test, builder_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        BUILDER_TEST(test_the_index_is_made),
        BUILDER_TEST(test_a_waiter_that_is_told_has_it_alone),
        BUILDER_TEST(test_a_waiter_that_is_not_told_yet_can_leave),
        BUILDER_TEST(test_many_wait_for_one_scan),
        BUILDER_TEST(test_a_waiter_that_left_cannot_join),
        BUILDER_TEST(test_what_nobody_waits_for_stops_and_is_kept),
        BUILDER_TEST(test_the_first_step_is_kept_too),
        BUILDER_TEST(test_a_waiter_that_comes_back_at_once),
        BUILDER_TEST(test_stopped_in_the_middle),
        BUILDER_TEST(test_stopped_without_work),
        BUILDER_TEST(test_builds_take_turns),
        BUILDER_TEST(test_progress),
        BUILDER_TEST(test_cut_while_it_is_indexed),
        BUILDER_TEST(test_a_step_that_fails),
        BUILDER_TEST(test_coming_and_going),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
