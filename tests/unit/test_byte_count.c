/* SPDX-License-Identifier: MIT */
/* byte_count: every way to count gives what a plain loop does, and touches nothing else. */
#include "tests/unit/support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/format/byte_count.h"

enum {
    LONGEST = 640,       /* all lengths up to this are tried */
    ALIGNMENTS = 64,     /* the widest vector */
    ROOM = 1024 * 1024,  /* bytes */
    OVERFLOW = 255 * 128 /* equal bytes after which a vector's counters are full */
};

/* Memory between two pages that may not be touched. */
struct memory {
    uint8_t *pages;
    size_t page;
    uint8_t *start;
    uint8_t *end;
};

static struct memory memory_make(void)
{
    struct memory memory = {.page = (size_t)sysconf(_SC_PAGESIZE)};
    memory.pages = mmap(NULL, ROOM + 2 * memory.page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory.pages, MAP_FAILED);
    memory.start = memory.pages + memory.page;
    memory.end = memory.start + ROOM;
    assert_int_equal(mprotect(memory.pages, memory.page, PROT_NONE), 0);
    assert_int_equal(mprotect(memory.end, memory.page, PROT_NONE), 0);
    return memory;
}

static void memory_free(struct memory *memory)
{
    assert_int_equal(munmap(memory->pages, ROOM + 2 * memory->page), 0);
}

static uint64_t count_naively(const uint8_t *bytes, size_t length, uint8_t wanted)
{
    uint64_t count = 0;
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == wanted)
            count++;
    return count;
}

static size_t find_naively(const uint8_t *bytes, size_t length, uint8_t wanted, uint64_t nth)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] == wanted && --nth == 0)
            return i;
    return length;
}

static void check_count(const uint8_t *bytes, size_t length, uint8_t wanted)
{
    uint64_t count = count_naively(bytes, length, wanted);
    assert_int_equal(byte_count(bytes, length, wanted), count);
    for (enum byte_count_way way = BYTE_COUNT_PLAIN; way < BYTE_COUNT_WAYS; way++)
        if (byte_count_can(way) && byte_count_by(way, bytes, length, wanted) != count)
            fail_msg("way %d counts %llu of %llu in %zu bytes", (int)way,
                     (unsigned long long)byte_count_by(way, bytes, length, wanted),
                     (unsigned long long)count, length);
}

/*
 * Bytes that differ from the wanted one in as little as possible are those that a trick mistakes.
 */
static void fill(uint8_t *bytes, size_t length, struct random *random, uint8_t wanted,
                 unsigned percent)
{
    const uint8_t others[] = {
        (uint8_t)(wanted ^ 0x80),
        (uint8_t)(wanted ^ 1),
        (uint8_t)(wanted + 1),
        (uint8_t)(wanted - 1),
        (uint8_t)~wanted,
        0,
        0xff,
        0x7f,
    };
    for (size_t i = 0; i < length; i++)
        bytes[i] = random_chance(random, percent) ? wanted
                                                  : others[random_below(random, LENGTH_OF(others))];
}

static void every_length_at_every_alignment(void **state)
{
    static const unsigned percents[] = {0, 5, 50, 100};
    struct memory memory = memory_make();
    struct random random = random_case(1);

    (void)state;
    for (size_t p = 0; p < LENGTH_OF(percents); p++) {
        uint8_t wanted = (uint8_t)random_next(&random);
        /* All bytes around are wanted ones, so counting too far is noticed. */
        memset(memory.start, wanted, ROOM);
        uint8_t *bytes = memory.start + ALIGNMENTS;
        fill(bytes, ALIGNMENTS + LONGEST, &random, wanted, percents[p]);
        for (size_t align = 0; align < ALIGNMENTS; align++)
            for (size_t length = 0; length <= LONGEST; length++)
                check_count(bytes + align, length, wanted);
    }
    memory_free(&memory);
}

static void nothing_outside_is_touched(void **state)
{
    struct memory memory = memory_make();
    struct random random = random_case(2);

    (void)state;
    fill(memory.start, ROOM, &random, '\n', 30);
    for (size_t length = 0; length <= LONGEST; length++) {
        check_count(memory.end - length, length, '\n');
        check_count(memory.start, length, '\n');
        for (uint64_t nth = 1; nth < 20; nth++)
            (void)byte_find_nth(memory.end - length, length, '\n', nth);
    }
    check_count(memory.start, ROOM, '\n');
    memory_free(&memory);
}

static void every_value(void **state)
{
    struct memory memory = memory_make();
    struct random random = random_case(3);

    (void)state;
    for (unsigned wanted = 0; wanted < 256; wanted++) {
        fill(memory.start, 3 * LONGEST, &random, (uint8_t)wanted, 40);
        check_count(memory.start, 3 * LONGEST, (uint8_t)wanted);
        check_count(memory.start, 3 * LONGEST, (uint8_t)(wanted + 1));
        for (size_t i = 0; i < 3 * LONGEST; i++)
            memory.start[i] = (uint8_t)random_next(&random);
        check_count(memory.start, 3 * LONGEST, (uint8_t)wanted);
    }
    memory_free(&memory);
}

/* Counters of a byte in vectors are emptied in time. */
static void very_many_equal_bytes(void **state)
{
    static const size_t lengths[] = {255 * 8,      255 * 8 + 8,      OVERFLOW - 1,
                                     OVERFLOW,     OVERFLOW + 1,     OVERFLOW + 128,
                                     2 * OVERFLOW, 5 * OVERFLOW + 3, ROOM};
    struct memory memory = memory_make();

    (void)state;
    memset(memory.start, '\n', ROOM);
    for (size_t i = 0; i < LENGTH_OF(lengths); i++) {
        check_count(memory.end - lengths[i], lengths[i], '\n');
        check_count(memory.end - lengths[i], lengths[i], 'x');
    }
    memory_free(&memory);
}

static void large_and_random(void **state)
{
    struct memory memory = memory_make();
    struct random random = random_case(4);

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        size_t length = (size_t)random_below(&random, ROOM / 4);
        uint8_t *bytes = memory.end - length - random_below(&random, ALIGNMENTS);
        fill(bytes, length, &random, '\n', (unsigned)random_below(&random, 101));
        check_count(bytes, length, '\n');
    }
    memory_free(&memory);
}

static void check_find(const uint8_t *bytes, size_t length, uint64_t nth)
{
    size_t found = byte_find_nth(bytes, length, '\n', nth);
    if (found != find_naively(bytes, length, '\n', nth))
        fail_msg("number %llu in %zu bytes found at %zu", (unsigned long long)nth, length, found);
}

static void the_nth_is_found(void **state)
{
    static const size_t lengths[] = {0, 1, 2, 63, 4095, 4096, 4097, 4098, 8191, 8192, 12288, 20000};
    static const unsigned percents[] = {0, 1, 50, 100};
    struct memory memory = memory_make();
    struct random random = random_case(5);

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lengths); i++)
        for (size_t p = 0; p < LENGTH_OF(percents); p++) {
            uint8_t *bytes = memory.end - lengths[i];
            fill(bytes, lengths[i], &random, '\n', percents[p]);
            uint64_t count = count_naively(bytes, lengths[i], '\n');
            for (uint64_t nth = 1; nth <= count + 2; nth += 1 + count / 300)
                check_find(bytes, lengths[i], nth);
            check_find(bytes, lengths[i], count > 0 ? count : 1);
            check_find(bytes, lengths[i], count + 1);
            check_find(bytes, lengths[i], UINT64_MAX);
        }
    memory_free(&memory);
}

/* Single ones at the edges of the blocks that are processed at once. */
static void the_only_one_is_found_anywhere(void **state)
{
    enum { LENGTH = 3 * 4096 + 7 };
    uint8_t *bytes = malloc(LENGTH);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', LENGTH);
    for (size_t place = 0; place < LENGTH; place++) {
        bytes[place] = '\n';
        assert_int_equal(byte_find_nth(bytes, LENGTH, '\n', 1), place);
        assert_int_equal(byte_find_nth(bytes, LENGTH, '\n', 2), LENGTH);
        bytes[place] = 'x';
    }
    free(bytes);
}

static void the_ways_of_this_processor(void **state)
{
    (void)state;
    assert_true(byte_count_can(BYTE_COUNT_PLAIN));
    for (enum byte_count_way way = BYTE_COUNT_PLAIN; way < BYTE_COUNT_WAYS; way++)
        print_message("way %d: %s\n", (int)way, byte_count_can(way) ? "tested" : "not here");
#ifdef __x86_64__
    assert_int_equal(byte_count_can(BYTE_COUNT_AVX2), __builtin_cpu_supports("avx2") != 0);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ways_of_this_processor),
        cmocka_unit_test(every_length_at_every_alignment),
        cmocka_unit_test(nothing_outside_is_touched),
        cmocka_unit_test(every_value),
        cmocka_unit_test(very_many_equal_bytes),
        cmocka_unit_test(large_and_random),
        cmocka_unit_test(the_nth_is_found),
        cmocka_unit_test(the_only_one_is_found_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
