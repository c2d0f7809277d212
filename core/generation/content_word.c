/* SPDX-License-Identifier: MIT */
#include "core/generation/content_word.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/checked.h"
#include "core/base/digits.h"
#include "core/base/quantity.h"

enum { HALF_DIGITS = 16 }; /* hexadecimal digits of one half of the digest */

/* --- as text ---------------------------------------------------------------------------------- */

bool content_word_parse(const char *text, size_t length, struct content_word *word)
{
    const char *dash = memchr(text, '-', length);
    struct content_word read;

    if (dash == NULL || text[0] == '0' || text + length - dash != 1 + 2 * HALF_DIGITS ||
        quantity_parse_number(text, (size_t)(dash - text), &read.size) != 0 ||
        digits_parse(dash + 1, &read.high) == NULL ||
        digits_parse(dash + 1 + HALF_DIGITS, &read.low) == NULL)
        return false;
    *word = read;
    return true;
}

size_t content_word_write(const struct content_word *word, char *text)
{
    return (size_t)snprintf(text, CONTENT_WORD_MOST + 1, "%" PRIu64 "-%016" PRIx64 "%016" PRIx64,
                            word->size, word->high, word->low);
}

bool content_word_equal(const struct content_word *a, const struct content_word *b)
{
    return a->size == b->size && a->high == b->high && a->low == b->low;
}

/* --- of a content ----------------------------------------------------------------------------- */

unsigned content_word_blocks(uint64_t size)
{
    return content_sample_count(size) + 2;
}

uint64_t content_word_place(uint64_t size, unsigned index, size_t *length)
{
    *length = (size_t)min_u64(size, CONTENT_BLOCK);
    if (index == 0)
        return 0;
    return index <= content_sample_count(size) ? content_sample_place(size, index - 1)
                                               : saturating_sub(size, CONTENT_BLOCK);
}

uint64_t content_word_digest(const void *block, size_t length)
{
    return XXH3_64bits(block, length);
}

struct content_word content_word_of(uint64_t size, const uint64_t *digests)
{
    uint64_t words[1 + CONTENT_WORD_BLOCKS] = {htole64(size)};
    const unsigned blocks = content_word_blocks(size);

    for (unsigned i = 0; i < blocks; i++)
        words[1 + i] = htole64(digests[i]);
    const XXH128_hash_t hash = XXH3_128bits(words, (1 + (size_t)blocks) * sizeof(words[0]));
    return (struct content_word){size, hash.high64, hash.low64};
}
