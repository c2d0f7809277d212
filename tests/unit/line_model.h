/* SPDX-License-Identifier: MIT */
/*
 * Shared by tests of indexes: texts, lines counted byte by byte, and ways to get an index.
 *
 * All but line_model_make() and _free() are checks, or made of checks: for the main thread alone.
 */
#ifndef BIGFS_TESTS_LINE_MODEL_H
#define BIGFS_TESTS_LINE_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "core/format/lines.h"
#include "core/format/nul.h"
#include "core/index/index_directory.h"
#include "core/index/index_get.h"
#include "core/index/record_index.h"
#include "core/index/rows.h"
#include "tests/unit/support.h"

/* A text, and where its lines begin. */
struct line_model {
    uint8_t *bytes; /* owned */
    uint64_t size;
    uint64_t *starts; /* owned; one for each line */
    uint64_t lines;
};

static inline struct line_model line_model_make(uint64_t size)
{
    struct line_model model = {.bytes = malloc(size + 1), .size = size};
    assert_non_null(model.bytes);
    memset(model.bytes, 'x', size + 1);
    return model;
}

static inline void line_model_free(struct line_model *model)
{
    free(model->bytes);
    free(model->starts);
    *model = (struct line_model){.bytes = NULL};
}

/* How many lines end in [start, end) of the text. */
static inline uint64_t line_model_ends_in(const struct line_model *model, uint64_t start,
                                          uint64_t end)
{
    const uint8_t *stop = model->bytes + (end < model->size ? end : model->size);
    uint64_t ends = 0;

    for (const uint8_t *place = model->bytes + start; place < stop; place++, ends++) {
        place = memchr(place, '\n', (size_t)(stop - place));
        if (place == NULL)
            break;
    }
    return ends;
}

/* Counts the lines again. Call it once the bytes are set, before any check. */
static inline void line_model_count(struct line_model *model)
{
    const uint8_t *stop = model->bytes + model->size;
    const uint8_t *place = model->bytes;

    free(model->starts);
    model->starts = calloc(line_model_ends_in(model, 0, model->size) + 1, sizeof(model->starts[0]));
    assert_non_null(model->starts);
    model->lines = 0;
    while (place != NULL && place < stop) {
        model->starts[model->lines++] = (uint64_t)(place - model->bytes);
        place = memchr(place, '\n', (size_t)(stop - place));
        place = place != NULL ? place + 1 : NULL;
    }
}

/* Line ends, one in about `every` bytes. */
static inline void line_model_scatter(struct line_model *model, struct random *random,
                                      uint64_t every, uint64_t from)
{
    uint64_t place = from + random_below(random, 2 * every);
    for (; place < model->size; place += 1 + random_below(random, 2 * every))
        model->bytes[place] = '\n';
}

static inline struct line_model line_model_random(struct random *random, uint64_t size,
                                                  uint64_t every)
{
    struct line_model model = line_model_make(size);
    line_model_scatter(&model, random, every, 0);
    line_model_count(&model);
    return model;
}

/* Makes the text longer by `length` bytes, with line ends among them. */
static inline void line_model_grow(struct line_model *model, struct random *random, uint64_t length,
                                   uint64_t every)
{
    uint64_t old = model->size;
    model->bytes = realloc(model->bytes, old + length + 1);
    assert_non_null(model->bytes);
    memset(model->bytes + old, 'y', length + 1);
    model->size += length;
    line_model_scatter(model, random, every, old);
    line_model_count(model);
}

static inline uint64_t line_model_start(const struct line_model *model, uint64_t line)
{
    return line < model->lines ? model->starts[line] : model->size;
}

/* Writes it as a file with an mtime a while ago. */
static inline void line_model_write(const struct line_model *model, const struct scratch *scratch,
                                    const char *name)
{
    scratch_write(scratch, name, model->bytes, model->size);
}

/* Checks that the index is that of the text: each count and all sums. */
static inline void line_model_check(const struct line_model *model, struct record_index *index)
{
    uint64_t ends = 0;

    assert_int_equal(index->size, model->size);
    assert_int_equal(index->blocks, (model->size + INDEX_BLOCK - 1) / INDEX_BLOCK);
    for (size_t i = 0; i < index->blocks; i++) {
        uint64_t start = (uint64_t)i * INDEX_BLOCK;
        assert_int_equal(record_index_ends_before(index, i), ends);
        ends += line_model_ends_in(model, start, start + INDEX_BLOCK);
    }
    assert_int_equal(record_index_ends(index), ends);
    assert_int_equal(record_index_records(index), model->lines);
}

/* Checks that rows_find() returns the start of the line. */
static inline void line_model_check_row(const struct line_model *model,
                                        const struct reading *reading, struct record_index *index,
                                        uint64_t line)
{
    uint64_t offset = UINT64_MAX;
    assert_int_equal(rows_find(reading, index, line, &offset), 0);
    if (offset != line_model_start(model, line))
        fail_msg("line %llu begins at %llu, not at %llu", (unsigned long long)line,
                 (unsigned long long)line_model_start(model, line), (unsigned long long)offset);
}

/* Checks a few lines, the first, the last, and those after it. */
static inline void line_model_check_rows(const struct line_model *model,
                                         const struct reading *reading, struct record_index *index,
                                         struct random *random, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        line_model_check_row(model, reading, index, random_below(random, model->lines + 1));
    line_model_check_row(model, reading, index, 0);
    line_model_check_row(model, reading, index, model->lines > 0 ? model->lines - 1 : 0);
    line_model_check_row(model, reading, index, model->lines);
    line_model_check_row(model, reading, index, UINT64_MAX);
}

/* index_get(), which must succeed; a reference for the caller. */
static inline struct record_index *get_index(struct index_directory *directory,
                                             const struct reading *reading)
{
    struct record_index *index = NULL;
    assert_int_equal(index_get(directory, reading, &lines_format, &index), 0);
    assert_non_null(index);
    return index;
}

static inline void check_index_of(struct index_directory *directory, const struct reading *reading,
                                  const struct line_model *model)
{
    struct record_index *index = get_index(directory, reading);
    line_model_check(model, index);
    record_index_unref(index);
}

static inline uint64_t bytes_scanned(struct world *world)
{
    return atomic_load(&world->pool.bytes_scanned);
}

#endif
