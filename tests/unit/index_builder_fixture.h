/* SPDX-License-Identifier: MIT */
/*
 * Shared by tests of the index builder: a gate that stops its steps, waiting clients, and long
 * texts.
 *
 * For one file of a program that is linked with --wrap=mmap,--wrap=mmap64 (tests/unit/map_hook.h):
 * windows are as large as steps, so the hook sees each step.
 */
#ifndef BIGFS_TESTS_INDEX_BUILDER_FIXTURE_H
#define BIGFS_TESTS_INDEX_BUILDER_FIXTURE_H

#include "tests/unit/line_model.h"
#include "tests/unit/map_hook.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/file/fault_guard.h"
#include "core/index/index_builder.h"
#include "core/index/index_count.h"

enum { KIB = 1024, MIB = 1024 * KIB, PATIENCE_MS = 20000, STEPS = 4 };

static struct index_directory no_indexes; /* keeps nothing */
static struct world *world;               /* of the running test */

/* A gate that lets a number of steps through; the others wait. */
static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_moved = PTHREAD_COND_INITIALIZER;
static unsigned gate_open;     /* steps that may still go through */
static unsigned gate_waiting;  /* steps waiting at it */
static ino_t gate_order[64];   /* the files of the steps, as they came */
static unsigned gate_arrivals; /* how many */

static inline void gate_pass(int fd, off_t offset)
{
    struct stat attributes = {0};
    (void)offset;
    (void)fstat(fd, &attributes);
    HOLD_LOCK(&gate_lock);
    gate_order[gate_arrivals++ % LENGTH_OF(gate_order)] = attributes.st_ino;
    gate_waiting++;
    pthread_cond_broadcast(&gate_moved);
    while (gate_open == 0)
        pthread_cond_wait(&gate_moved, &gate_lock);
    gate_open--;
    gate_waiting--;
}

static inline void gate_let(unsigned steps)
{
    HOLD_LOCK(&gate_lock);
    gate_open += steps;
    pthread_cond_broadcast(&gate_moved);
}

static inline void gate_await(unsigned arrivals)
{
    HOLD_LOCK(&gate_lock);
    while (gate_arrivals < arrivals)
        pthread_cond_wait(&gate_moved, &gate_lock);
}

static inline void gate_set(bool on)
{
    HOLD_LOCK(&gate_lock);
    gate_open = gate_waiting = gate_arrivals = 0;
    map_before = on ? gate_pass : NULL;
}

static inline int builder_setup(void **state)
{
    const struct world_limits limits = {16, INDEX_STEP, 16 * (uint64_t)INDEX_STEP};
    map_hook_reset();
    gate_set(false);
    int error = world_make(state, &limits);
    world = *state;
    return error;
}

/* A waiting client; how often `ended` was called, and with which error. */
struct client {
    struct index_waiter waiter;
    atomic_uint told;
    atomic_int error;
};

static inline void note(struct index_waiter *waiter, int error)
{
    struct client *client = (struct client *)((char *)waiter - offsetof(struct client, waiter));
    atomic_store(&client->error, error);
    atomic_fetch_add(&client->told, 1);
}

static inline void client_init(struct client *client)
{
    index_waiter_init(&client->waiter, note);
    atomic_init(&client->told, 0);
    atomic_init(&client->error, 1);
}

static inline bool await_told(struct client *client)
{
    for (unsigned i = 0; i < PATIENCE_MS && atomic_load(&client->told) == 0; i++)
        sleep_ms(1);
    return atomic_load(&client->told) == 1;
}

static inline int join(struct index_builder *builder, const struct reading *reading,
                       struct client *client)
{
    client_init(client);
    return index_builder_join(builder, reading, &lines_format, &client->waiter);
}

static inline struct line_model long_text(uint64_t number, uint64_t size)
{
    struct random random = random_case(number);
    return line_model_random(&random, size, 400);
}

static inline struct reading open_text(const struct line_model *model, const char *name)
{
    assert_int_equal(fault_guard_install(), 0);
    line_model_write(model, &world->scratch, name);
    return reading_world_pin(world, name);
}

static inline struct index_builder *start(struct index_builder *builder, unsigned threads)
{
    assert_int_equal(index_builder_start(builder, &no_indexes, threads), 0);
    return builder;
}

static inline int try_get(const struct reading *reading, struct record_index **index)
{
    *index = NULL;
    return index_get(&no_indexes, reading, &lines_format, index);
}

static inline unsigned count_threads(void)
{
    FILE *status = fopen("/proc/self/status", "re");
    char line[256];
    unsigned threads = 0;

    assert_non_null(status);
    while (fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "Threads: %u", &threads) == 1)
            break;
    assert_int_equal(fclose(status), 0);
    return threads;
}

/* A joined thread may still be visible for a moment. */
static inline void assert_threads(unsigned expected)
{
    for (unsigned i = 0; i < 1000 && count_threads() != expected; i++)
        sleep_ms(1);
    assert_int_equal(count_threads(), expected);
}

static inline void count_build(void *argument, const struct index_progress *progress)
{
    (void)progress;
    ++*(unsigned *)argument;
}

static inline unsigned count_builds(struct index_builder *builder)
{
    unsigned builds = 0;
    index_builder_report(builder, count_build, &builds);
    return builds;
}

#endif
