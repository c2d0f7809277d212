/* SPDX-License-Identifier: MIT */
/*
 * Shared by tests of compressed contents: files for the toy codec, what they hold, and their maps.
 */
#ifndef BIGFS_TESTS_TOY_FILE_H
#define BIGFS_TESTS_TOY_FILE_H

#include "tests/unit/support.h"

#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/content/compressed.h"
#include "core/content/map_walk.h"
#include "tests/unit/toy_codec.h"

enum { KIB = 1024, MIB = 1024 * KIB };

/* A file of units, and what it holds. */
struct toy_file {
    uint8_t *plain; /* owned */
    uint64_t size;
    uint8_t *bytes; /* owned */
    uint64_t length;
    uint64_t last; /* where the last unit starts in the file */
    uint64_t room; /* of plain and of bytes */
};

static inline void toy_add(struct toy_file *file, struct random *random, uint32_t length)
{
    while (file->plain == NULL || file->room < file->length + length + TOY_HEADER) {
        file->room = file->room == 0 ? MIB : 2 * file->room;
        file->plain = realloc(file->plain, file->room);
        file->bytes = realloc(file->bytes, file->room);
        assert_true(file->plain != NULL && file->bytes != NULL);
    }
    for (uint32_t i = 0; i < length; i++)
        file->plain[file->size + i] = (uint8_t)random_next(random);
    file->last = file->length;
    file->length += toy_write(file->plain + file->size, length, file->bytes + file->length);
    file->size += length;
}

/* Units of all lengths, a few of them empty. */
static inline struct toy_file toy_make(struct random *random, uint64_t most)
{
    struct toy_file file = {.plain = NULL};
    const uint32_t longest = random_chance(random, 50) ? 3000 : 1500 * KIB;

    do
        toy_add(&file, random,
                random_chance(random, 5) ? 0 : (uint32_t)random_below(random, longest));
    while (file.size < most / 2);
    return file;
}

static inline void toy_free(struct toy_file *file)
{
    free(file->plain);
    free(file->bytes);
}

static inline struct source *toy_source(struct world *world, const struct toy_file *file,
                                        const struct content_type *content)
{
    scratch_write(&world->scratch, "toy", file->bytes, file->length);
    struct source *source = source_new(&world->pool, "toy", content);
    assert_non_null(source);
    return source;
}

/* Makes the map, as a build does. */
static inline int make_map(struct source *source, uint64_t step)
{
    struct reading reading;
    struct map_walk *walk = NULL;
    bool ended = false;

    assert_int_equal(reading_look(source, NULL, &reading, NULL), -AWAITS_INDEX);
    assert_int_equal(reading_find(source, NULL, &reading, NULL), 0);
    assert_int_equal(reading_pin(&reading), -AWAITS_INDEX);
    int error = map_walk_new(&reading, generation_size(reading.generation), true, NULL, &walk);
    while (error == 0 && !ended)
        error = map_walk_on(walk, step, &ended);
    if (error == 0)
        error = map_walk_finish(walk);
    if (error == 0)
        error = map_publish(&reading, map_walk_map(walk), map_walk_file_size(walk), clock_ms());
    map_walk_free(walk);
    reading_close(&reading);
    return error;
}

static inline struct reading open_toy(struct source *source)
{
    struct reading reading;
    assert_int_equal(make_map(source, 1 + source->pool->decoded.limit % 9999), 0);
    assert_int_equal(reading_open(source, NULL, &reading, NULL), 0);
    return reading;
}

#endif
