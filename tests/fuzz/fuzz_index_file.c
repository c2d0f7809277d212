/* SPDX-License-Identifier: MIT */
/*
 * An index file of any bytes is read, or is a wrong index. One that was read can be asked, and
 * written and read again, and is the same then.
 *
 * The input is that of tests/fuzz/kept_file.h.
 */
#include "tests/fuzz/kept_file.h"

#include "core/base/outcome.h"
#include "core/format/lines.h"
#include "core/index/index_encoding.h"

/* Words at the start of the file: see core/index/index_encoding.h. */
enum { ENDS = 10, GROUPS = 12 };

/* What else is made right: groups without record ends go first, more than the reader's buffer
 * holds. */
enum { MEND_LONG = MEND_MORE };

/* A group that has a count for each block. */
struct dense_group {
    uint64_t number; /* its number × 2 + 1 */
    uint32_t counts[INDEX_GROUP];
};

enum { GROUPS_BEFORE = 600 }; /* with MEND_LONG */

/* --- mending --------------------------------------------------------------------------------- */

static uint64_t take_number(const uint8_t **next, size_t *left, size_t length)
{
    uint64_t number = 0;
    length = *left < length ? *left : length;
    memcpy(&number, *next, length);
    *next += length;
    *left -= length;
    return le64toh(number);
}

static void mend_sums(const struct image *image)
{
    const uint8_t *next = (const uint8_t *)image->words + WORDS_SIZE;
    size_t left = image->length - WORDS_SIZE;
    uint64_t groups = 0;
    uint64_t ends = 0;

    for (; left > 0; groups++) {
        bool dense = (take_number(&next, &left, sizeof(uint64_t)) & 1) != 0;
        uint64_t blocks = dense ? UINT64_MAX : take_number(&next, &left, sizeof(uint64_t));
        for (; blocks != 0; blocks &= blocks - 1)
            ends += take_number(&next, &left, sizeof(uint32_t));
    }
    image->words[GROUPS] = htole64(groups);
    image->words[ENDS] = htole64(ends);
}

static void mend(const struct image *image, unsigned mending)
{
    if ((mending & MEND_SHAPE) != 0)
        mend_shape(image);
    if ((mending & MEND_COUNTS) != 0)
        mend_sums(image);
    if ((mending & MEND_DIGEST) != 0)
        mend_digest(image);
}

/* The file that these bytes, at least as many as the words have, are mended to. */
static struct image mended(const uint8_t *bytes, size_t length, unsigned mending)
{
    size_t groups = (mending & MEND_LONG) != 0 ? GROUPS_BEFORE : 0;
    size_t before = groups * sizeof(struct dense_group);
    struct image image = {malloc(length + before), length + before};

    require(image.words != NULL);
    memcpy(image.words, bytes, WORDS_SIZE);
    struct dense_group *group = (void *)(image.words + WORDS);
    for (uint64_t i = 0; i < groups; i++, group++)
        *group = (struct dense_group){.number = htole64(i * 2 + 1)};
    memcpy(group, bytes + WORDS_SIZE, length - WORDS_SIZE);
    mend(&image, mending);
    return image;
}

/* --- the test -------------------------------------------------------------------------------- */

/* What was found of the `nth` record end must fit together. */
static void ask_for(const struct record_index *index, uint64_t nth)
{
    uint64_t there = nth;
    uint64_t block = record_index_find(index, &there);

    require(block < index->blocks && there > 0);
    require(record_index_ends_before(index, block) + there == nth);
    require(record_index_ends_before(index, block + 1) >= nth);
    require(record_index_next_end(index, block) == block);
}

static void ask(const struct record_index *index)
{
    uint64_t ends = record_index_ends(index);

    require(record_index_ends_before(index, 0) == 0);
    require(record_index_ends_before(index, index->blocks) == ends);
    require(record_index_records(index) - ends <= 1);
    require(record_index_next_end(index, 0) <= index->blocks);
    if (ends == 0)
        return;
    ask_for(index, 1);
    ask_for(index, ends / 2 + 1);
    ask_for(index, ends);
}

static void write_and_read(const struct index_key *key, const struct record_index *index)
{
    struct index_key other_key;
    struct record_index *other = NULL;

    set_bytes(second_file, NULL, 0);
    require(index_encode(second_file, key, index) == 0);
    require(index_decode(second_file, &other_key, &other) == 0);
    require(other_key.size == key->size && other_key.format == key->format);
    require(other_key.unfinished == key->unfinished && other_key.verified == key->verified);
    require(record_index_equal(index, other));
    record_index_unref(other);
}

static void read_bytes(const void *bytes, size_t length)
{
    struct index_key key;
    struct record_index *index = NULL;

    set_bytes(first_file, bytes, length);
    int error = index_decode(first_file, &key, &index);
    require(error == 0 || error == -WRONG_INDEX);
    require((error == 0) == (index != NULL));
    if (error != 0)
        return;
    ask(index);
    write_and_read(&key, index);
    record_index_unref(index);
}

/* Writes a small index. */
static void write_small(void)
{
    const struct index_key key = {.format = &lines_format, .size = 3 * (uint64_t)INDEX_BLOCK};
    const struct group_counts counts = {.of = {0, 5, 0}};
    struct record_index *index = record_index_new(key.format, key.size, NULL);

    require(index != NULL && record_index_add_group(index, 0, &counts) == 0);
    record_index_finish(index, true);
    require(index_encode(first_file, &key, index) == 0);
    record_index_unref(index);
}
