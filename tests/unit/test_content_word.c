/* SPDX-License-Identifier: MIT */
/* content_word: words as text; which blocks go into one; their layout. */
#include "tests/unit/support.h"

#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/generation/content_word.h"

#define DIGEST "00000000000000010123456789abcdef"

static void test_text(void **state)
{
    char text[CONTENT_WORD_MOST + 1];
    struct content_word read;
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        const struct content_word word = {
            random_between(&random, 1, OFFSET_MAX >> random_below(&random, 63)),
            random_next(&random), random_next(&random)};
        size_t length = content_word_write(&word, text);
        assert_int_equal(strlen(text), length);
        assert_int_equal(strspn(text, "0123456789abcdef-"), length);
        assert_true(content_word_parse(text, length, &read));
        assert_true(content_word_equal(&read, &word));
        text[length] = '0'; /* what follows the text is not read */
        assert_true(content_word_parse(text, length, &read));
        assert_false(content_word_parse(text, length - 1, &read));
    }
}

static void test_no_words(void **state)
{
    static const char *const texts[] = {
        "",
        "-",
        "1",
        "1-",
        "-" DIGEST,
        "0-" DIGEST,
        "01-" DIGEST,
        " 1-" DIGEST,
        "1 -" DIGEST,
        "1K-" DIGEST,
        "9223372036854775808-" DIGEST,
        "18446744073709551617-" DIGEST,
        "1-" DIGEST "0",
        "1-" DIGEST " ",
        "1--" DIGEST,
        "1-0000000000000001 123456789abcdef",
        "1-00000000000000010123456789abcdeg",
        "1-00000000000000010123456789ABCDEF",
        "1-0x00000000000001"
        "0123456789abcdef",
        "1-00000000000000010123456789abcd-1",
    };
    struct content_word word = {7, 8, 9};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(texts); i++)
        if (content_word_parse(texts[i], strlen(texts[i]), &word))
            fail_msg("\"%s\" is a word", texts[i]);
    assert_false(content_word_parse("1-" DIGEST "\0", 2 + strlen(DIGEST) + 1, &word));
    assert_int_equal(word.size, 7); /* left alone */
    assert_true(content_word_parse("9223372036854775807-" DIGEST, 20 + strlen(DIGEST), &word));
    assert_int_equal(word.size, OFFSET_MAX);
    assert_int_equal(word.high, 1);
    assert_int_equal(word.low, 0x0123456789abcdef);
}

/* The places of a size: the first one, the sample and the last one, in their order. */
static void check_places(uint64_t size)
{
    const unsigned blocks = content_word_blocks(size);
    uint64_t before = 0;
    uint64_t covered = 0;

    assert_in_range(blocks, 2, CONTENT_WORD_BLOCKS);
    for (unsigned i = 0; i < blocks; i++) {
        size_t length = 0;
        uint64_t place = content_word_place(size, i, &length);
        assert_int_equal(length, min_u64(size, CONTENT_BLOCK));
        assert_true(place >= before && place + length <= size);
        if (place <= covered)
            covered = place + length;
        before = place;
    }
    assert_int_equal(before, saturating_sub(size, CONTENT_BLOCK));
    if (size <= (uint64_t)CONTENT_BLOCK * CONTENT_WORD_BLOCKS)
        assert_int_equal(covered, size); /* every byte counts */
}

static void test_places(void **state)
{
    (void)state;
    for (uint64_t size = 1; size < 200000; size += size < 9000 ? 1 : 97)
        check_places(size);
    for (uint64_t i = 0; i < 2000; i++) {
        struct random random = random_case(i);
        check_places(random_between(&random, 1, OFFSET_MAX >> random_below(&random, 50)));
    }
    check_places(OFFSET_MAX);
}

/* Each digest and the size make another word; digests that do not belong to the size do not. */
static void test_what_counts(void **state)
{
    uint64_t digests[CONTENT_WORD_BLOCKS + 1] = {0};
    (void)state;

    for (uint64_t size = 1; size < (uint64_t)CONTENT_BLOCK * 40; size += 4095) {
        const struct content_word word = content_word_of(size, digests);
        const struct content_word longer = content_word_of(size + CONTENT_BLOCK, digests);
        assert_int_equal(word.size, size);
        assert_true(word.high != longer.high && word.low != longer.low);
        for (unsigned i = 0; i <= CONTENT_WORD_BLOCKS; i++) {
            digests[i]++;
            const struct content_word other = content_word_of(size, digests);
            assert_int_equal(content_word_equal(&word, &other), i >= content_word_blocks(size));
            digests[i]--;
        }
    }
}

/* The layout never changes: words are kept, and go from host to host. */
static void test_a_fixed_word(void **state)
{
    uint64_t digests[CONTENT_WORD_BLOCKS];
    char text[CONTENT_WORD_MOST + 1];
    (void)state;

    for (unsigned i = 0; i < CONTENT_WORD_BLOCKS; i++)
        digests[i] = content_word_digest(&"the same bytes everywhere"[i % 20], 5);
    const struct content_word word = content_word_of(1000000007, digests);
    (void)content_word_write(&word, text);
    assert_string_equal(text, "1000000007-9c05d4164aef567fb7f04a9ce5c6b6fb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),         cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_places),       cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_a_fixed_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
