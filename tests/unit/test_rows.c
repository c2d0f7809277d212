/* SPDX-License-Identifier: MIT */
/*
 * rows: records are found by their numbers, with a look at one block; and boundary: blocks that the
 * index says have no record end are passed.
 */
#include "tests/unit/line_model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/record/boundary.h"
#include "tests/unit/add_ends.h"

enum { KIB = 1024, MIB = 1024 * KIB };

static struct index_directory no_indexes; /* keeps nothing */

/* A text as a file, pinned, with its index. */
struct book {
    struct world *world;
    struct line_model model;
    struct reading reading;
    struct record_index *index;
};

static struct book book_open(struct world *world, struct line_model model)
{
    struct book book = {.world = world, .model = model};
    assert_int_equal(fault_guard_install(), 0);
    (void)unlinkat(world->scratch.directory, "book", 0);
    line_model_count(&book.model);
    line_model_write(&book.model, &world->scratch, "book");
    book.reading = reading_world_pin(world, "book");
    book.index = get_index(&no_indexes, &book.reading);
    line_model_check(&book.model, book.index);
    return book;
}

static void book_close(struct book *book)
{
    record_index_unref(book->index);
    reading_close(&book->reading);
    line_model_free(&book->model);
}

static uint64_t bytes_read(const struct book *book)
{
    return atomic_load(&book->world->pool.bytes_read);
}

static void check_row(const struct book *book, uint64_t line)
{
    uint64_t before = bytes_read(book);
    line_model_check_row(&book->model, &book->reading, book->index, line);
    uint64_t most = line > 0 && line < book->model.lines ? INDEX_BLOCK : 0;
    assert_true(bytes_read(book) - before <= most);
}

static void check_rows(const struct book *book, uint64_t step)
{
    for (uint64_t line = 0; line <= book->model.lines + 2; line += step)
        check_row(book, line);
    check_row(book, saturating_sub(book->model.lines, 1));
    check_row(book, book->model.lines);
    check_row(book, UINT64_MAX);
}

static void every_line_of_a_book(struct world *world, struct line_model model, uint64_t step)
{
    struct book book = book_open(world, model);
    check_rows(&book, step);
    book_close(&book);
}

static void every_line_of_small_files(void **state)
{
    struct random random = random_case(1);
    for (unsigned i = 0; i < 60; i++) {
        uint64_t size = random_between(&random, 1, 3000);
        uint64_t every = random_between(&random, 1, 200);
        every_line_of_a_book(*state, line_model_random(&random, size, every), 1);
    }
}

static void lines_that_cross_blocks(void **state)
{
    struct random random = random_case(2);
    for (unsigned i = 0; i < 8; i++) {
        uint64_t size = random_between(&random, INDEX_BLOCK - 2, 5 * INDEX_BLOCK);
        uint64_t every = random_between(&random, 500, (uint64_t)INDEX_BLOCK * 2);
        every_line_of_a_book(*state, line_model_random(&random, size, every), 1);
    }
}

/* Line ends at the first and last bytes of blocks, and of what is read at once. */
static void line_ends_at_edges(void **state)
{
    for (uint64_t edge = 32 * KIB; edge <= 3 * INDEX_BLOCK; edge += 32 * KIB) {
        struct line_model model = line_model_make(3 * INDEX_BLOCK + 1);
        for (uint64_t place = edge - 2; place <= edge + 1 && place < model.size; place++)
            model.bytes[place] = '\n';
        every_line_of_a_book(*state, model, 1);
    }
}

static void empty_lines(void **state)
{
    for (int shorter = -1; shorter <= 1; shorter++) {
        struct line_model model = line_model_make((uint64_t)(2 * INDEX_BLOCK + shorter));
        memset(model.bytes, '\n', model.size);
        every_line_of_a_book(*state, model, 997);
    }
}

static void a_few_bytes(void **state)
{
    static const char *const texts[] = {"\n", "x", "x\n", "\nx", "\n\n", "x\ny", "\r\n\r", "\0"};
    for (size_t i = 0; i < LENGTH_OF(texts); i++) {
        struct line_model model = line_model_make(texts[i][0] == '\0' ? 1 : strlen(texts[i]));
        memcpy(model.bytes, texts[i], model.size);
        every_line_of_a_book(*state, model, 1);
    }
}

static void one_long_line(void **state)
{
    for (unsigned ended = 0; ended <= 1; ended++) {
        struct line_model model = line_model_make(4 * INDEX_BLOCK);
        if (ended == 1)
            model.bytes[model.size - 1] = '\n';
        struct book book = book_open(*state, model);
        assert_int_equal(record_index_records(book.index), 1);
        assert_int_equal(book.index->ends_open, ended == 0);
        check_rows(&book, 1);
        book_close(&book);
    }
}

/* The ends of a piece: one block is read if both are in one, else two. */
static void check_both(const struct book *book, uint64_t first, uint64_t last)
{
    uint64_t before = bytes_read(book);
    uint64_t start = UINT64_MAX;
    uint64_t end = UINT64_MAX;

    assert_int_equal(rows_find_both(&book->reading, book->index, first, last, &start, &end), 0);
    assert_int_equal(start, line_model_start(&book->model, first));
    assert_int_equal(end, line_model_start(&book->model, last));
    bool one = start > 0 && (start - 1) / INDEX_BLOCK == (saturating_sub(end, 1)) / INDEX_BLOCK;
    assert_true(bytes_read(book) - before <= (one ? 1 : 2) * (uint64_t)INDEX_BLOCK);
}

static void both_ends_of_a_piece(void **state)
{
    struct random random = random_case(9);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t size = random_between(&random, 1, 5 * INDEX_BLOCK);
        uint64_t every = random_between(&random, 1, i % 2 == 0 ? 300 : INDEX_BLOCK);
        struct book book = book_open(*state, line_model_random(&random, size, every));
        for (unsigned k = 0; k < 500; k++) {
            uint64_t first = random_below(&random, book.model.lines + 2);
            uint64_t most = random_chance(&random, 50) ? 20 : book.model.lines;
            check_both(&book, first, first + random_below(&random, most + 1));
        }
        check_both(&book, 0, UINT64_MAX);
        book_close(&book);
    }
}

/* A line that was found is not looked for again. */
static void a_line_is_looked_for_once(void **state)
{
    struct random random = random_case(10);
    struct book book = book_open(*state, line_model_random(&random, 2 * INDEX_BLOCK, 100));
    for (unsigned i = 0; i < 100; i++) {
        uint64_t line = random_below(&random, book.model.lines);
        check_row(&book, line);
        uint64_t before = bytes_read(&book);
        check_row(&book, line);
        assert_int_equal(bytes_read(&book), before);
    }
    book_close(&book);
}

/* What has come since is not the index's. */
static void a_file_that_has_grown(void **state)
{
    struct random random = random_case(3);
    struct book book = book_open(*state, line_model_random(&random, 300 * KIB, 50));
    scratch_append(&book.world->scratch, "book", "\n\n\n\n", 4);
    check_rows(&book, 31);
    book_close(&book);
}

/* A block that has fewer line ends than were indexed. */
static void a_block_that_is_not_what_was_indexed(void **state)
{
    struct random random = random_case(4);
    struct book book = book_open(*state, line_model_random(&random, 2 * INDEX_BLOCK, 100));
    uint64_t in_first = record_index_ends_before(book.index, 1);
    struct record_index *wrong = record_index_new(&lines_format, book.model.size, book.index);
    uint64_t offset = 0;

    assert_non_null(wrong);
    add_ends(wrong, 0, 1);
    record_index_finish(wrong, true);
    assert_int_equal(rows_find(&book.reading, wrong, in_first, &offset), 0);
    assert_int_equal(offset, book.model.starts[in_first]);
    assert_int_equal(rows_find(&book.reading, wrong, in_first + 1, &offset), -WRONG_INDEX);
    record_index_unref(wrong);
    book_close(&book);
}

/* Whatever an index says, it is an error or a place in the file. */
static void made_up_indexes(void **state)
{
    struct random random = random_case(5);
    struct book book = book_open(*state, line_model_random(&random, 3 * INDEX_BLOCK - 5, 70));
    unsigned errors = 0;

    for (unsigned i = 0; i < 300; i++) {
        struct record_index *wrong = record_index_new(&lines_format, book.model.size, NULL);
        assert_non_null(wrong);
        for (uint64_t place = 0; place < book.model.size; place += INDEX_BLOCK)
            add_ends(wrong, place, random_below(&random, 10000));
        record_index_finish(wrong, random_chance(&random, 50));
        uint64_t line = random_below(&random, record_index_records(wrong) + 2);
        uint64_t offset = 0;
        int error = rows_find(&book.reading, wrong, line, &offset);
        assert_true(error == 0 || error == -WRONG_INDEX);
        assert_true(error != 0 || offset <= book.model.size);
        errors += error != 0;
        record_index_unref(wrong);
    }
    assert_true(errors > 0);
    book_close(&book);
}

/* A file that was cut, or rewritten, is of another generation. */
static void a_file_that_has_changed(void **state)
{
    struct random random = random_case(6);
    for (unsigned kind = 0; kind <= 1; kind++) {
        struct book book = book_open(*state, line_model_random(&random, 100 * KIB, 50));
        uint64_t offset = 0;
        if (kind == 0)
            scratch_truncate(&book.world->scratch, "book", 10);
        else
            scratch_overwrite(&book.world->scratch, "book", "\n\n\n\n", 4, 50000);
        assert_int_equal(rows_find(&book.reading, book.index, 9, &offset), -ESTALE);
        book_close(&book);
    }
}

static uint64_t model_boundary(const struct book *book, uint64_t place, uint64_t size)
{
    if (place == 0 || place >= size)
        return min_u64(place, size);
    const uint8_t *end = memchr(book->model.bytes + place - 1, '\n', size - place + 1);
    return end != NULL ? (uint64_t)(end - book->model.bytes) + 1 : size;
}

static void check_boundary(const struct book *book, uint64_t place, uint64_t size)
{
    struct reading part = reading_for(&book->reading, NULL);
    uint64_t boundary = UINT64_MAX;

    part.size = size;
    assert_int_equal(boundary_find(&part, &lines_format, place, &boundary), 0);
    assert_int_equal(boundary, model_boundary(book, place, size));
}

/* The blocks that the long line fills are not looked at, those at its ends are. */
static void boundaries_pass_blocks_without_line_ends(void **state)
{
    struct line_model model = line_model_make(16 * MIB);
    model.bytes[1000] = '\n';
    model.bytes[13 * MIB + 77] = '\n';
    struct book book = book_open(*state, model);
    uint64_t before = bytes_scanned(book.world);

    check_boundary(&book, INDEX_BLOCK + 5, book.model.size);
    check_boundary(&book, 5 * MIB, 7 * MIB);
    assert_true(bytes_scanned(book.world) - before <= 64 * KIB);
    check_boundary(&book, 13 * MIB + 79, book.model.size); /* a step goes beyond the block */
    assert_true(bytes_scanned(book.world) - before <= 2 * MIB);
    book_close(&book);
}

/* Without the index all of it is scanned: else the test above proves nothing. */
static void boundaries_without_an_index(void **state)
{
    struct world *world = *state;
    struct line_model model = line_model_make(16 * MIB);
    struct reading reading;
    uint64_t boundary = 0;

    assert_int_equal(fault_guard_install(), 0);
    line_model_write(&model, &world->scratch, "plain");
    reading = reading_world_pin(world, "plain");
    assert_int_equal(boundary_find(&reading, &lines_format, INDEX_BLOCK, &boundary), 0);
    assert_int_equal(boundary, model.size);
    assert_true(bytes_scanned(world) >= 15 * MIB);
    reading_close(&reading);
    line_model_free(&model);
}

static void boundaries_are_the_same_with_an_index(void **state)
{
    struct random random = random_case(7);
    for (unsigned i = 0; i < 12; i++) {
        uint64_t size = random_between(&random, 1, 12 * INDEX_BLOCK);
        uint64_t every = random_between(&random, 100, (uint64_t)INDEX_BLOCK * 6);
        struct book book = book_open(*state, line_model_random(&random, size, every));
        for (unsigned k = 0; k < 100; k++) {
            uint64_t end = random_chance(&random, 70) ? size : random_below(&random, size + 1);
            check_boundary(&book, random_below(&random, size + 2), end);
        }
        for (uint64_t line = 0; line < book.model.lines; line += 1 + book.model.lines / 100) {
            uint64_t start = book.model.starts[line];
            check_boundary(&book, start, size);
            check_boundary(&book, start + 1, size);
            check_boundary(&book, saturating_sub(start, 1), size);
        }
        book_close(&book);
    }
}

/* From the end of a block without a line end, the first bytes of the next are looked at. */
static void boundaries_after_a_block_without_line_ends(void **state)
{
    struct line_model model = line_model_make(4 * INDEX_BLOCK);
    model.bytes[2 * INDEX_BLOCK] = '\n';
    model.bytes[2 * INDEX_BLOCK + 3000] = '\n';
    model.bytes[3 * INDEX_BLOCK + 77] = '\n';
    for (uint64_t back = 1; back < 9000; back += 61) {
        struct line_model copy = line_model_make(model.size);
        memcpy(copy.bytes, model.bytes, model.size);
        struct book book = book_open(*state, copy);
        check_boundary(&book, 2 * INDEX_BLOCK - back, model.size);
        check_boundary(&book, 3 * INDEX_BLOCK - back, model.size);
        book_close(&book);
    }
    line_model_free(&model);
}

/* An index of what the file was says nothing about what was appended. */
static void boundaries_in_a_file_that_has_grown(void **state)
{
    struct random random = random_case(8);
    struct book book = book_open(*state, line_model_make(4 * INDEX_BLOCK + 100));
    for (unsigned i = 0; i < 10; i++) {
        uint64_t old = book.model.size;
        line_model_grow(&book.model, &random, 1 + random_below(&random, INDEX_BLOCK), 20000);
        scratch_append(&book.world->scratch, "book", book.model.bytes + old, book.model.size - old);
        struct reading again = reading_again(&book.reading);
        assert_ptr_equal(again.generation, book.reading.generation);
        for (unsigned k = 0; k < 20; k++)
            check_boundary(&book, random_below(&random, book.model.size), book.model.size);
        check_index_of(&no_indexes, &again, &book.model);
        for (unsigned k = 0; k < 20; k++)
            check_boundary(&book, random_below(&random, book.model.size), book.model.size);
        reading_close(&again);
    }
    book_close(&book);
}

/* Turns line ends into NULs, and NULs into line ends. */
static void exchange_ends(uint8_t *bytes, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++)
        bytes[i] = bytes[i] == '\n' ? '\0' : bytes[i] == '\0' ? '\n' : bytes[i];
}

/* A text with records of two formats in it: each has an index, and boundaries, of its own. */
static void records_of_another_format(void **state)
{
    struct world *world = *state;
    struct random random = random_case(20);
    struct line_model lines = line_model_random(&random, 3 * INDEX_BLOCK, 3000);
    struct line_model nuls = line_model_make(lines.size);

    for (uint64_t at = 100; at < lines.size; at += 1 + random_below(&random, 9000))
        lines.bytes[at] = '\0';
    line_model_count(&lines);
    memcpy(nuls.bytes, lines.bytes, lines.size);
    exchange_ends(nuls.bytes, nuls.size);
    line_model_count(&nuls);
    assert_int_equal(fault_guard_install(), 0);
    line_model_write(&lines, &world->scratch, "text");
    struct reading reading = reading_world_pin(world, "text");
    struct record_index *index = NULL;
    struct record_index *other = NULL;

    assert_false(index_is_there(&no_indexes, &reading, &nul_format));
    assert_int_equal(index_get(&no_indexes, &reading, &nul_format, &other), 0);
    assert_true(index_is_there(&no_indexes, &reading, &nul_format));
    assert_false(index_is_there(&no_indexes, &reading, &lines_format));
    assert_int_equal(index_get(&no_indexes, &reading, &lines_format, &index), 0);
    assert_ptr_equal(other->format, &nul_format);
    line_model_check(&lines, index);
    line_model_check(&nuls, other);
    line_model_check_rows(&lines, &reading, index, &random, 200);
    line_model_check_rows(&nuls, &reading, other, &random, 200);
    for (int i = 0; i < 300; i++) {
        const struct book books[] = {{world, lines, reading, index}, {world, nuls, reading, other}};
        const struct record_format *const formats[] = {&lines_format, &nul_format};
        uint64_t place = random_below(&random, lines.size);
        uint64_t boundary = UINT64_MAX;
        uint64_t after = UINT64_MAX;
        uint64_t count = random_below(&random, books[i % 2].model.lines + 2);
        assert_int_equal(boundary_find(&reading, formats[i % 2], place, &boundary), 0);
        assert_int_equal(boundary, model_boundary(&books[i % 2], place, lines.size));
        assert_int_equal(boundary_after_records(&reading, formats[i % 2], count, &after), 0);
        assert_int_equal(after, line_model_start(&books[i % 2].model, count));
    }
    record_index_unref(index);
    record_index_unref(other);
    reading_close(&reading);
    line_model_free(&lines);
    line_model_free(&nuls);
}

int main(void)
{
#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)
    const struct CMUnitTest tests[] = {
        IN_WORLD(every_line_of_small_files),
        IN_WORLD(lines_that_cross_blocks),
        IN_WORLD(line_ends_at_edges),
        IN_WORLD(empty_lines),
        IN_WORLD(a_few_bytes),
        IN_WORLD(one_long_line),
        IN_WORLD(both_ends_of_a_piece),
        IN_WORLD(a_line_is_looked_for_once),
        IN_WORLD(a_file_that_has_grown),
        IN_WORLD(a_block_that_is_not_what_was_indexed),
        IN_WORLD(made_up_indexes),
        IN_WORLD(a_file_that_has_changed),
        IN_WORLD(boundaries_pass_blocks_without_line_ends),
        IN_WORLD(boundaries_without_an_index),
        IN_WORLD(boundaries_are_the_same_with_an_index),
        IN_WORLD(boundaries_after_a_block_without_line_ends),
        IN_WORLD(records_of_another_format),
        IN_WORLD(boundaries_in_a_file_that_has_grown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
