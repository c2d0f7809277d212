/* SPDX-License-Identifier: MIT */
/*
 * Shared by tests of the index directory: a world with one, texts, and a look into the directory.
 * For one file of a program.
 */
#ifndef BIGFS_TESTS_INDEX_DIRECTORY_FIXTURE_H
#define BIGFS_TESTS_INDEX_DIRECTORY_FIXTURE_H

#include "tests/unit/line_model.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "core/file/fault_guard.h"
#include "core/index/index_directory.h"
#include "core/index/index_lookup.h"
#include "core/index/index_save.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static _Atomic unsigned warnings;

static inline void warn(void *argument, const char *path, const char *problem)
{
    (void)argument;
    (void)path;
    (void)problem;
    atomic_fetch_add(&warnings, 1);
}

static struct world *world; /* of the running test */
static struct index_directory indexes;
static char indexes_path[PATH_MAX];

/* An index directory `name` in the scratch directory, as a new daemon has it. */
static inline void new_indexes(const char *name)
{
    (void)snprintf(indexes_path, sizeof(indexes_path), "%.3000s/%s", world->scratch.path, name);
    index_directory_init(&indexes, indexes_path, 0, warn, NULL);
    atomic_store(&warnings, 0);
}

static inline int indexes_setup(void **state)
{
    int error = world_setup(state);
    world = *state;
    if (error == 0)
        new_indexes("cache/bigfs");
    return error;
}

/* A reading as in another daemon, without the indexes in memory. */
static inline struct reading open_text(const char *name)
{
    assert_int_equal(fault_guard_install(), 0);
    return reading_world_pin(world, name);
}

/* Checks the index that a daemon gets. Returns how much it scanned for that. */
static inline uint64_t check_daemon(const struct line_model *model, const char *name)
{
    uint64_t before = bytes_scanned(world);
    struct reading reading = open_text(name);
    check_index_of(&indexes, &reading, model);
    reading_close(&reading);
    return bytes_scanned(world) - before;
}

static inline struct line_model write_text(uint64_t number, uint64_t size)
{
    struct random random = random_case(number);
    struct line_model model = line_model_random(&random, size, 70);
    line_model_write(&model, &world->scratch, "text");
    return model;
}

/* Counts the files of the index directory whose names have this ending, and finds the last one. */
static inline unsigned files_of(const char *suffix, char *found)
{
    DIR *top = opendir(indexes_path);
    unsigned count = 0;

    if (top == NULL)
        return 0;
    for (const struct dirent *head; (head = readdir(top)) != NULL;) {
        char path[PATH_MAX];
        if (head->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof(path), "%.3500s/%s", indexes_path, head->d_name);
        DIR *directory = opendir(path);
        assert_non_null(directory);
        for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
            size_t length = strlen(entry->d_name);
            if (length < strlen(suffix) ||
                strcmp(entry->d_name + length - strlen(suffix), suffix) != 0)
                continue;
            count++;
            if (found != NULL)
                (void)snprintf(found, PATH_MAX, "%.3800s/%s", path, entry->d_name);
        }
        assert_int_equal(closedir(directory), 0);
    }
    assert_int_equal(closedir(top), 0);
    return count;
}

#endif
