/* SPDX-License-Identifier: MIT */
#include "core/format/csv_run.h"

#include <endian.h>
#include <string.h>

enum { WORD = 64 }; /* bytes that are looked at together, a bit for each */

#define ALWAYS_INLINE __attribute__((always_inline)) static inline

/* --- byte by byte ----------------------------------------------------------------------------- */

enum byte_class { CLASS_OTHER, CLASS_DELIMITER, CLASS_QUOTE, CLASS_END, CLASSES };

static const uint8_t next_state[CSV_STATES][CLASSES] = {
    [CSV_FIELD_START] = {CSV_UNQUOTED, CSV_FIELD_START, CSV_QUOTED, CSV_FIELD_START},
    [CSV_UNQUOTED] = {CSV_UNQUOTED, CSV_FIELD_START, CSV_UNQUOTED, CSV_FIELD_START},
    [CSV_QUOTED] = {CSV_QUOTED, CSV_QUOTED, CSV_QUOTE, CSV_QUOTED},
    [CSV_QUOTE] = {CSV_UNQUOTED, CSV_FIELD_START, CSV_QUOTED, CSV_FIELD_START},
};

static enum byte_class class_of(uint8_t byte, uint8_t delimiter)
{
    if (byte == delimiter)
        return CLASS_DELIMITER;
    return byte == '"' ? CLASS_QUOTE : byte == '\n' ? CLASS_END : CLASS_OTHER;
}

enum csv_state csv_step(enum csv_state state, uint8_t byte, uint8_t delimiter, bool *ends)
{
    *ends = byte == '\n' && state != CSV_QUOTED;
    return next_state[state][class_of(byte, delimiter)];
}

static uint64_t run_bytes(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t *state)
{
    uint64_t count = 0;
    enum csv_state now = *state;

    for (size_t i = 0; i < length; i++) {
        bool ends;
        now = csv_step(now, bytes[i], delimiter, &ends);
        count += ends;
    }
    *state = (uint8_t)now;
    return count;
}

/* --- 64 bytes at once ------------------------------------------------------------------------- */

/* Which of 64 bytes are of a class: the first byte is the lowest bit. */
struct csv_masks {
    uint64_t delimiters;
    uint64_t quotes;
    uint64_t ends;
};

/* The state between two words, as masks. */
struct csv_carry {
    uint64_t quoted; /* all bits, or none */
    uint64_t edge;   /* 1: the last byte was a delimiter, a quote or an LF */
    bool quote;      /* the last byte was a quote */
    uint64_t count;
};

ALWAYS_INLINE void set_carry(struct csv_carry *carry, uint8_t state)
{
    carry->quoted = state == CSV_QUOTED ? UINT64_MAX : 0;
    carry->edge = state == CSV_FIELD_START || state == CSV_QUOTE ? 1 : 0;
    carry->quote = state == CSV_QUOTE;
}

ALWAYS_INLINE uint8_t get_carry(const struct csv_carry *carry)
{
    if (carry->quoted != 0)
        return CSV_QUOTED;
    if (carry->quote)
        return CSV_QUOTE;
    return carry->edge != 0 ? CSV_FIELD_START : CSV_UNQUOTED;
}

/* Each bit becomes the parity of the bits up to it. */
ALWAYS_INLINE uint64_t parity_up_to(uint64_t bits)
{
    for (unsigned shift = 1; shift < WORD; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* Each byte that may come before an opening quote, moved on by one. */
ALWAYS_INLINE uint64_t after_edges(const struct csv_masks *masks, const struct csv_carry *carry)
{
    return (masks->delimiters | masks->quotes | masks->ends) << 1 | carry->edge;
}

/*
 * Quotes that are only bytes, as they are in an unquoted field: the first opening quote that does
 * not follow a delimiter, a quote or an LF, and the quotes that follow it at once. 0: there is
 * none.
 */
ALWAYS_INLINE uint64_t quotes_that_are_bytes(const struct csv_masks *masks, uint64_t quoted,
                                             const struct csv_carry *carry)
{
    const uint64_t odd = masks->quotes & quoted & ~after_edges(masks, carry);
    const uint64_t first = odd & (0 - odd);
    return odd != 0 ? masks->quotes & ~(masks->quotes + first) : 0;
}

/* Passes over 64 bytes, given which are quoted or quotes that open. */
ALWAYS_INLINE void pass_word(const struct csv_masks *masks, uint64_t quoted,
                             struct csv_carry *carry)
{
    const unsigned last = WORD - 1;

    carry->count += (uint64_t)__builtin_popcountll(masks->ends & ~quoted);
    carry->quoted = 0 - (quoted >> last);
    carry->quote = masks->quotes >> last != 0;
    carry->edge = (masks->delimiters | masks->quotes | masks->ends) >> last;
}

/*
 * A way to run: words as long as there are any, the rest byte by byte. Quotes open and close in
 * turn, so parity tells which bytes are quoted, once the quotes that are bytes are left out.
 */
#define DEFINE_RUN(name, attributes, make_masks, make_parity)                                      \
    attributes static uint64_t name(const uint8_t *bytes, size_t length, uint8_t delimiter,        \
                                    uint8_t *state)                                                \
    {                                                                                              \
        struct csv_carry carry = {.count = 0};                                                     \
        set_carry(&carry, *state);                                                                 \
        for (; length >= WORD; bytes += WORD, length -= WORD) {                                    \
            struct csv_masks masks = make_masks(bytes, delimiter);                                 \
            uint64_t quoted = make_parity(masks.quotes) ^ carry.quoted;                            \
            uint64_t odd;                                                                          \
            while ((odd = quotes_that_are_bytes(&masks, quoted, &carry)) != 0) {                   \
                masks.quotes &= ~odd;                                                              \
                quoted = make_parity(masks.quotes) ^ carry.quoted;                                 \
            }                                                                                      \
            pass_word(&masks, quoted, &carry);                                                     \
        }                                                                                          \
        *state = get_carry(&carry);                                                                \
        return carry.count + run_bytes(bytes, length, delimiter, state);                           \
    }

/* --- any processor ---------------------------------------------------------------------------- */

/* A bit for each of 8 bytes that is `wanted`. */
ALWAYS_INLINE uint64_t mask_of_8(uint64_t bytes, uint8_t wanted)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t low_bits = ones * 0x7f;

    bytes ^= ones * wanted; /* wanted bytes become 0, and then 0x80; others 0 */
    bytes = ~((((bytes & low_bits) + low_bits) | bytes) | low_bits);
    return ((bytes >> 7) * UINT64_C(0x0102040810204080)) >> 56;
}

ALWAYS_INLINE struct csv_masks masks_of_words(const uint8_t *bytes, uint8_t delimiter)
{
    struct csv_masks masks = {0};

    for (unsigned i = 0; i < WORD; i += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes + i, sizeof(word));
        word = le64toh(word);
        masks.delimiters |= mask_of_8(word, delimiter) << i;
        masks.quotes |= mask_of_8(word, '"') << i;
        masks.ends |= mask_of_8(word, '\n') << i;
    }
    return masks;
}

DEFINE_RUN(run_words, , masks_of_words, parity_up_to)

/* --- x86-64 ----------------------------------------------------------------------------------- */

#ifdef __x86_64__

#include <immintrin.h>

#define FOR_AVX2 __attribute__((target("avx2,popcnt,pclmul")))
#define FOR_AVX512 __attribute__((target("avx512f,avx512bw,popcnt,pclmul")))

/* A product without carries with all ones. */
FOR_AVX2 static inline uint64_t parity_by_product(uint64_t bits)
{
    const __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

FOR_AVX2 static inline uint64_t mask_avx2(__m256i low, __m256i high, uint8_t wanted)
{
    const __m256i pattern = _mm256_set1_epi8((char)wanted);
    const uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, pattern));
    const uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, pattern));
    return first | (uint64_t)second << 32;
}

FOR_AVX2 static inline struct csv_masks masks_avx2(const uint8_t *bytes, uint8_t delimiter)
{
    const void *half = bytes + WORD / 2;
    const __m256i low = _mm256_loadu_si256((const void *)bytes);
    const __m256i high = _mm256_loadu_si256(half);
    return (struct csv_masks){mask_avx2(low, high, delimiter), mask_avx2(low, high, '"'),
                              mask_avx2(low, high, '\n')};
}

DEFINE_RUN(run_avx2, FOR_AVX2, masks_avx2, parity_by_product)

FOR_AVX512 static inline struct csv_masks masks_avx512(const uint8_t *bytes, uint8_t delimiter)
{
    const __m512i all = _mm512_loadu_si512(bytes);
    return (struct csv_masks){_mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8((char)delimiter)),
                              _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8('"')),
                              _mm512_cmpeq_epi8_mask(all, _mm512_set1_epi8('\n'))};
}

DEFINE_RUN(run_avx512, FOR_AVX512, masks_avx512, parity_by_product)

bool csv_can(enum csv_way way)
{
    bool products = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("popcnt");
    if (way == CSV_AVX512)
        return products && __builtin_cpu_supports("avx512bw");
    if (way == CSV_AVX2)
        return products && __builtin_cpu_supports("avx2");
    return way < CSV_AVX2;
}

uint64_t csv_run_by(enum csv_way way, const uint8_t *bytes, size_t length, uint8_t delimiter,
                    uint8_t *state)
{
    if (way == CSV_AVX512)
        return run_avx512(bytes, length, delimiter, state);
    if (way == CSV_AVX2)
        return run_avx2(bytes, length, delimiter, state);
    return way == CSV_WORDS ? run_words(bytes, length, delimiter, state)
                            : run_bytes(bytes, length, delimiter, state);
}

#else

bool csv_can(enum csv_way way)
{
    return way < CSV_AVX2;
}

uint64_t csv_run_by(enum csv_way way, const uint8_t *bytes, size_t length, uint8_t delimiter,
                    uint8_t *state)
{
    return way == CSV_WORDS ? run_words(bytes, length, delimiter, state)
                            : run_bytes(bytes, length, delimiter, state);
}

#endif

/* The widest way of this processor. */
static enum csv_way best_csv_way(void)
{
    enum csv_way way = CSV_WAYS;
    do
        way--;
    while (!csv_can(way));
    return way;
}

uint64_t csv_run(const uint8_t *bytes, size_t length, uint8_t delimiter, uint8_t *state)
{
    return csv_run_by(best_csv_way(), bytes, length, delimiter, state);
}

const char *csv_path(void)
{
    static const char *const names[CSV_WAYS] = {"bytes", "words of 64 bits", "AVX2", "AVX-512"};
    return names[best_csv_way()];
}
