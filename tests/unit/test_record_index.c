/* SPDX-License-Identifier: MIT */
/* record_index: record ends by blocks, against sums made one by one. */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>

#include "core/format/lines.h"
#include "core/index/record_index.h"
#include "tests/unit/add_ends.h"

static const size_t edges[] = {0, 1, 2, 63, 64, 65, 127, 128, 129, 192, 200};

struct counts {
    uint32_t of[256];
    size_t blocks;
};

/* Blocks without a line end come in runs, as in files with long lines. */
static struct counts random_counts(struct random *random, size_t blocks, uint32_t most)
{
    struct counts counts = {.blocks = blocks};
    unsigned empty = (unsigned)random_below(random, 100);
    for (size_t i = 0; i < blocks; i++)
        if (!random_chance(random, empty))
            counts.of[i] = (uint32_t)random_below(random, (uint64_t)most + 1);
    return counts;
}

/* The size of a file of so many blocks, the last of which may be short. */
static uint64_t size_of(struct random *random, size_t blocks)
{
    return blocks == 0 ? 0 : (uint64_t)blocks * INDEX_BLOCK - random_below(random, INDEX_BLOCK);
}

/* Bytes. */
static size_t memory_of(const struct record_index *index)
{
    return sizeof(*index) + index->group_room * sizeof(index->groups[0]) +
           index->count_room * sizeof(index->counts[0]);
}

static struct record_index *index_of(const struct counts *counts, uint64_t size, bool ends_open)
{
    struct record_index *index = record_index_new(&lines_format, size, NULL);
    assert_non_null(index);
    for (size_t i = 0; i < counts->blocks; i++)
        if (counts->of[i] > 0)
            add_ends(index, (uint64_t)i * INDEX_BLOCK, counts->of[i]);
    record_index_finish(index, ends_open);
    return index;
}

/* The nth record end is in the block that the model counts it in. */
static void check_find(const struct counts *counts, const struct record_index *index, uint64_t nth)
{
    uint64_t rest = nth;
    size_t block = 0;
    for (; rest > counts->of[block]; block++)
        rest -= counts->of[block];
    uint64_t found = nth;
    assert_int_equal(record_index_find(index, &found), block);
    assert_int_equal(found, rest);
}

static size_t next_end(const struct counts *counts, size_t block)
{
    for (; block < counts->blocks; block++)
        if (counts->of[block] > 0)
            break;
    return block;
}

static void check_index(const struct counts *counts, const struct record_index *index,
                        bool ends_open, struct random *random)
{
    uint64_t ends = 0;

    assert_int_equal(index->blocks, counts->blocks);
    for (size_t i = 0; i < counts->blocks; i++) {
        assert_int_equal(record_index_ends_before(index, i), ends);
        assert_int_equal(record_index_next_end(index, i), next_end(counts, i));
        if (counts->of[i] > 0) {
            check_find(counts, index, ends + 1);
            check_find(counts, index, ends + counts->of[i]);
        }
        ends += counts->of[i];
    }
    assert_int_equal(record_index_ends_before(index, counts->blocks), ends);
    assert_int_equal(record_index_next_end(index, counts->blocks), counts->blocks);
    assert_int_equal(record_index_ends(index), ends);
    assert_int_equal(record_index_records(index), ends + (ends_open ? 1 : 0));
    for (unsigned i = 0; i < 50 && ends > 0; i++)
        check_find(counts, index, random_between(random, 1, ends));
}

static void agrees_with_sums(void **state)
{
    static const uint32_t most[] = {1, 3, 5000, INDEX_BLOCK};
    struct random random = random_case(1);

    (void)state;
    for (size_t e = 0; e < LENGTH_OF(edges); e++)
        for (unsigned i = 0; i < 40; i++) {
            struct counts counts = random_counts(&random, edges[e], most[i % LENGTH_OF(most)]);
            bool ends_open = random_chance(&random, 50);
            struct record_index *index = index_of(&counts, size_of(&random, edges[e]), ends_open);
            check_index(&counts, index, ends_open, &random);
            record_index_unref(index);
        }
}

/* One line end in all, in each block of two groups and a bit. */
static void a_single_line_end(void **state)
{
    enum { BLOCKS = 2 * INDEX_GROUP + 2 };
    struct random random = random_case(2);

    (void)state;
    for (size_t block = 0; block < BLOCKS; block++) {
        struct counts counts = {.blocks = BLOCKS};
        counts.of[block] = 1;
        struct record_index *index = index_of(&counts, (uint64_t)BLOCKS * INDEX_BLOCK, false);
        check_index(&counts, index, false, &random);
        record_index_unref(index);
    }
}

static void blocks_begin_at_their_multiples(void **state)
{
    const uint64_t size = 3 * (uint64_t)INDEX_BLOCK + 1;
    struct record_index *index = record_index_new(&lines_format, size, NULL);

    (void)state;
    assert_non_null(index);
    assert_ptr_equal(index->format, &lines_format);
    assert_int_equal(index->size, size);
    assert_int_equal(index->blocks, 4);
    add_ends(index, 0, 1);
    add_ends(index, INDEX_BLOCK - 1, 10);
    add_ends(index, INDEX_BLOCK, 100);
    add_ends(index, 3 * (uint64_t)INDEX_BLOCK, 1000);
    record_index_finish(index, true);
    assert_int_equal(record_index_ends_before(index, 1), 11);
    assert_int_equal(record_index_ends_before(index, 2), 111);
    assert_int_equal(record_index_ends_before(index, 3), 111);
    assert_int_equal(record_index_ends_before(index, 4), 1111);
    assert_true(index->ends_open);
    record_index_unref(index);
    record_index_unref(NULL);
}

/* Ten thousand million lines: nothing is cut to 32 bits. */
static void more_lines_than_32_bits_hold(void **state)
{
    const size_t blocks = 40000;
    const uint64_t full = INDEX_BLOCK;
    struct record_index *index = record_index_new(&lines_format, blocks * full, NULL);

    (void)state;
    assert_non_null(index);
    for (size_t i = 0; i < blocks; i++)
        add_ends(index, i * full, full);
    record_index_finish(index, false);
    assert_true(blocks * full > UINT64_C(1) << 33);
    assert_int_equal(record_index_ends(index), blocks * full);
    assert_int_equal(record_index_records(index), blocks * full);
    for (unsigned shift = 30; shift <= 33; shift++)
        for (uint64_t nth = (UINT64_C(1) << shift) - 1; nth <= (UINT64_C(1) << shift) + 1; nth++) {
            uint64_t rest = nth;
            assert_int_equal(record_index_find(index, &rest), (nth - 1) / full);
            assert_int_equal(rest, (nth - 1) % full + 1);
        }
    for (size_t block = 0; block <= blocks; block += 999)
        assert_int_equal(record_index_ends_before(index, block), block * full);
    record_index_unref(index);
}

/* The first count is exact too where the rest make sums beyond 32 bits of each group. */
static void the_largest_offsets(void **state)
{
    const uint64_t size = (UINT64_C(1) << 44) + 5; /* 16 TiB */
    struct record_index *index = record_index_new(&lines_format, size, NULL);
    uint64_t nth = 2;

    (void)state;
    assert_non_null(index);
    add_ends(index, 7, 1);
    add_ends(index, size - 1, 1);
    record_index_finish(index, true);
    assert_int_equal(record_index_find(index, &nth), (size - 1) / INDEX_BLOCK);
    assert_int_equal(nth, 1);
    assert_int_equal(record_index_next_end(index, 1), (size - 1) / INDEX_BLOCK);
    record_index_unref(index);
}

/* Out of an old index and the rest there comes what comes out of all. */
static void grows_out_of_an_old_one(void **state)
{
    struct random random = random_case(3);

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        size_t blocks = 1 + (size_t)random_below(&random, 200);
        size_t old_blocks = (size_t)random_below(&random, blocks + 1);
        struct counts all = random_counts(&random, blocks, INDEX_BLOCK / 2);
        struct counts first = {.blocks = old_blocks};
        memcpy(first.of, all.of, old_blocks * sizeof(all.of[0]));
        struct record_index *old = index_of(&first, size_of(&random, old_blocks), true);
        struct record_index *index =
            record_index_new(&lines_format, (uint64_t)blocks * INDEX_BLOCK, old);
        assert_non_null(index);
        if (old_blocks > 0) { /* the last block of the old one may go on */
            add_ends(index, old->size - 1, 5);
            all.of[old_blocks - 1] += 5;
        }
        for (size_t k = old_blocks; k < blocks; k++)
            add_ends(index, (uint64_t)k * INDEX_BLOCK, all.of[k]);
        record_index_finish(index, false);
        check_index(&all, index, false, &random);
        check_index(&first, old, true, &random); /* it stays what it was */
        record_index_unref(index);
        record_index_unref(old);
    }
}

/* --- sparse files: against a short list of blocks --- */

enum { FILLED_MOST = 300 };

/* Some blocks of a file of up to 2^45, ascending. */
struct filled {
    uint64_t block[FILLED_MOST];
    uint32_t ends[FILLED_MOST];
    size_t count;
    uint64_t blocks; /* of the file */
};

static struct filled random_filled(struct random *random)
{
    struct filled filled = {.count = (size_t)random_below(random, FILLED_MOST)};
    uint64_t most_gap = UINT64_C(1) << random_below(random, 36);
    uint64_t block = random_below(random, most_gap);
    for (size_t i = 0; i < filled.count; i++) {
        filled.block[i] = block;
        filled.ends[i] = (uint32_t)random_between(random, 1, INDEX_BLOCK);
        block += random_chance(random, 50) ? 1 : 1 + random_below(random, most_gap);
    }
    filled.blocks = block + random_below(random, most_gap);
    return filled;
}

static void check_sparse(const struct filled *filled, const struct record_index *index,
                         struct random *random)
{
    uint64_t ends = 0;
    uint64_t from = 0; /* after the last filled block */

    for (size_t i = 0; i < filled->count; i++) {
        uint64_t block = filled->block[i];
        uint64_t between = random_between(random, from, block);
        assert_int_equal(record_index_ends_before(index, between), ends);
        assert_int_equal(record_index_ends_before(index, block), ends);
        assert_int_equal(record_index_next_end(index, between), block);
        for (unsigned k = 0; k < 3; k++) {
            uint64_t rest = k == 0   ? 1
                            : k == 1 ? filled->ends[i]
                                     : random_between(random, 1, filled->ends[i]);
            uint64_t nth = ends + rest;
            assert_int_equal(record_index_find(index, &nth), block);
            assert_int_equal(nth, rest);
        }
        ends += filled->ends[i];
        from = block + 1;
    }
    assert_int_equal(record_index_next_end(index, from), index->blocks);
    assert_int_equal(record_index_ends_before(index, from), ends);
    assert_int_equal(record_index_ends_before(index, index->blocks), ends);
    assert_int_equal(record_index_ends(index), ends);
}

/* Threads end their steps in any order. */
static void fill_in_any_order(struct record_index *index, const struct filled *filled,
                              struct random *random)
{
    size_t order[FILLED_MOST];
    for (size_t i = 0; i < filled->count; i++)
        order[i] = i;
    for (size_t i = filled->count; i > 1; i--) {
        size_t k = (size_t)random_below(random, i);
        size_t other = order[k];
        order[k] = order[i - 1];
        order[i - 1] = other;
    }
    for (size_t i = 0; i < filled->count; i++)
        assert_int_equal(
            add_ends(index, filled->block[order[i]] * INDEX_BLOCK, filled->ends[order[i]]), 0);
}

static void sparse_files(void **state)
{
    struct random random = random_case(4);

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct filled filled = random_filled(&random);
        struct record_index *index =
            record_index_new(&lines_format, filled.blocks * INDEX_BLOCK, NULL);
        assert_non_null(index);
        fill_in_any_order(index, &filled, &random);
        record_index_finish(index, false);
        check_sparse(&filled, index, &random);
        assert_true(memory_of(index) <= sizeof(*index) + filled.count * 400);
        record_index_unref(index);
    }
}

/* The first part of an index, wherever it is cut, and the rest counted again. */
static void a_part_of_an_index(void **state)
{
    struct random random = random_case(5);

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct filled filled = random_filled(&random);
        struct filled first = filled;
        struct record_index *all =
            record_index_new(&lines_format, filled.blocks * INDEX_BLOCK, NULL);
        assert_non_null(all);
        fill_in_any_order(all, &filled, &random);
        record_index_finish(all, false);
        first.blocks = random_below(&random, filled.blocks + 1);
        while (first.count > 0 && first.block[first.count - 1] >= first.blocks)
            first.count--;
        struct record_index *part =
            record_index_new(&lines_format, first.blocks * INDEX_BLOCK, all);
        assert_non_null(part);
        record_index_finish(part, false);
        check_sparse(&first, part, &random);
        struct record_index *again = record_index_new(&lines_format, all->size, part);
        assert_non_null(again);
        for (size_t k = first.count; k < filled.count; k++)
            assert_int_equal(add_ends(again, filled.block[k] * INDEX_BLOCK, filled.ends[k]), 0);
        record_index_finish(again, false);
        check_sparse(&filled, again, &random);
        record_index_unref(again);
        record_index_unref(part);
        record_index_unref(all);
    }
}

/* A hole takes no memory, and dense lines take little more than their counts. */
static void memory_is_for_line_ends(void **state)
{
    const uint64_t dense = UINT64_C(16) << 30;
    struct record_index *hole = record_index_new(&lines_format, UINT64_C(1) << 62, NULL);
    struct record_index *lines = record_index_new(&lines_format, dense, NULL);

    (void)state;
    assert_non_null(hole);
    assert_non_null(lines);
    record_index_finish(hole, true);
    assert_true(memory_of(hole) < 10000);
    assert_int_equal(record_index_records(hole), 1);
    for (uint64_t place = 0; place < dense; place += INDEX_BLOCK)
        add_ends(lines, place, 1000);
    record_index_finish(lines, false);
    assert_true(memory_of(lines) < sizeof(*lines) + dense / 57000);
    record_index_unref(hole);
    record_index_unref(lines);
}

/* What is recalled is what was remembered, whatever else is remembered meanwhile. */
static void lines_are_remembered(void **state)
{
    enum { LINES = 5000 };
    struct random random = random_case(4);
    struct record_index *index = record_index_new(&lines_format, INDEX_BLOCK, NULL);
    uint64_t offset = 0;
    unsigned recalled = 0;

    (void)state;
    assert_non_null(index);
    for (uint64_t line = 0; line < LINES; line++)
        assert_false(record_index_recall(index, line, &offset));
    for (unsigned i = 0; i < 20 * LINES; i++) {
        uint64_t line = random_between(&random, 1, LINES);
        if (record_index_recall(index, line, &offset)) {
            assert_int_equal(offset, line * 7);
            recalled++;
        }
        record_index_remember(index, line, line * 7);
        assert_true(record_index_recall(index, line, &offset));
        assert_int_equal(offset, line * 7);
    }
    assert_true(recalled > 0);
    assert_false(record_index_recall(index, 0, &offset));
    record_index_unref(index);
}

/* The first lines of pieces, which come at equal distances, do not drive each other out. */
static void lines_at_equal_distances_are_remembered(void **state)
{
    static const uint64_t distances[] = {1, 5, 256, 1000, 4096, 1000000, 1048576};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(distances); i++) {
        struct record_index *index = record_index_new(&lines_format, INDEX_BLOCK, NULL);
        uint64_t offset = 0;
        unsigned recalled = 0;
        assert_non_null(index);
        for (uint64_t k = 1; k <= 64; k++)
            record_index_remember(index, k * distances[i], k);
        for (uint64_t k = 1; k <= 64; k++)
            recalled += record_index_recall(index, k * distances[i], &offset) ? 1 : 0;
        assert_true(recalled >= 32);
        record_index_unref(index);
    }
}

/* The last reference frees it, whichever it is: the sanitizers tell. */
static void use_references(void *argument, unsigned thread)
{
    struct record_index *index = argument;
    (void)thread;
    for (unsigned i = 0; i < 1000; i++) {
        struct record_index *mine = record_index_ref(index);
        THREAD_CHECK(record_index_ends(mine) == 3);
        record_index_unref(mine);
    }
    record_index_unref(index);
}

static void references_are_counted(void **state)
{
    struct counts counts = {.of = {1, 2}, .blocks = 2};
    struct record_index *index = index_of(&counts, INDEX_BLOCK + 1, false);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        (void)record_index_ref(index);
    run_threads(4, use_references, index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_sums),
        cmocka_unit_test(a_single_line_end),
        cmocka_unit_test(blocks_begin_at_their_multiples),
        cmocka_unit_test(more_lines_than_32_bits_hold),
        cmocka_unit_test(the_largest_offsets),
        cmocka_unit_test(grows_out_of_an_old_one),
        cmocka_unit_test(sparse_files),
        cmocka_unit_test(a_part_of_an_index),
        cmocka_unit_test(memory_is_for_line_ends),
        cmocka_unit_test(lines_are_remembered),
        cmocka_unit_test(lines_at_equal_distances_are_remembered),
        cmocka_unit_test(references_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
