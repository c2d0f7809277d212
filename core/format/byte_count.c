/* SPDX-License-Identifier: MIT */
#include "core/format/byte_count.h"

#include <string.h>

enum { FULL = 255 }; /* how often a counter of one byte can be incremented */

/* Adds up the bytes of a word. */
static uint64_t sum_of_word(uint64_t counts)
{
    const uint64_t every_other = UINT64_C(0x00ff00ff00ff00ff);
    uint64_t pairs = (counts & every_other) + ((counts >> 8) & every_other);
    return (pairs * UINT64_C(0x0001000100010001)) >> 48;
}

/* Eight bytes at once, in any processor. */
static uint64_t count_plain(const uint8_t *bytes, size_t length, uint8_t wanted)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t low_bits = ones * 0x7f;
    uint64_t count = 0;

    while (length >= sizeof(uint64_t)) {
        uint64_t others = 0; /* in each byte, how many were not wanted */
        uint64_t words = 0;
        for (; words < FULL && length >= sizeof(uint64_t); words++) {
            uint64_t word;
            memcpy(&word, bytes, sizeof(word));
            bytes += sizeof(word);
            length -= sizeof(word);
            word ^= ones * wanted; /* wanted bytes become 0 */
            /*
             * The top bit of each byte is set if it is not 0; nothing carries into the next byte.
             */
            others += ((((word & low_bits) + low_bits) | word) & ~low_bits) >> 7;
        }
        count += words * sizeof(uint64_t) - sum_of_word(others);
    }
    for (; length > 0; length--)
        count += *bytes++ == wanted;
    return count;
}

#ifdef __x86_64__

#include <immintrin.h>

enum { LANES = 32, UNROLLED = 4 };

/* Adds up the bytes of a vector. */
__attribute__((target("avx2"))) static uint64_t sum_bytes(__m256i counts)
{
    __m256i sums = _mm256_sad_epu8(counts, _mm256_setzero_si256());
    return (uint64_t)_mm256_extract_epi64(sums, 0) + (uint64_t)_mm256_extract_epi64(sums, 1) +
           (uint64_t)_mm256_extract_epi64(sums, 2) + (uint64_t)_mm256_extract_epi64(sums, 3);
}

/* A comparison gives -1 in each byte that is equal, so subtracting counts up. */
__attribute__((target("avx2"))) static uint64_t count_avx2(const uint8_t *bytes, size_t length,
                                                           uint8_t wanted)
{
    const __m256i pattern = _mm256_set1_epi8((char)wanted);
    const size_t step = LANES * UNROLLED;
    uint64_t count = 0;

    while (length >= step) {
        __m256i counts[UNROLLED] = {0};
        for (int i = 0; i < FULL && length >= step; i++, bytes += step, length -= step) {
            for (int k = 0; k < UNROLLED; k++) {
                const void *at = bytes + (size_t)k * LANES;
                __m256i equal = _mm256_cmpeq_epi8(_mm256_loadu_si256(at), pattern);
                counts[k] = _mm256_sub_epi8(counts[k], equal);
            }
        }
        for (int k = 0; k < UNROLLED; k++)
            count += sum_bytes(counts[k]);
    }
    return count + count_plain(bytes, length, wanted);
}

/* A comparison gives a mask of 64 bits. */
__attribute__((target("avx512f,avx512bw,popcnt"))) static uint64_t
count_avx512(const uint8_t *bytes, size_t length, uint8_t wanted)
{
    const __m512i pattern = _mm512_set1_epi8((char)wanted);
    const size_t lanes = 64;
    uint64_t count = 0;

    for (; length >= UNROLLED * lanes; bytes += UNROLLED * lanes, length -= UNROLLED * lanes) {
        for (size_t k = 0; k < UNROLLED; k++)
            count += (uint64_t)__builtin_popcountll(
                _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(bytes + k * lanes), pattern));
    }
    return count + count_plain(bytes, length, wanted);
}

bool byte_count_can(enum byte_count_way way)
{
    if (way == BYTE_COUNT_AVX512)
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("popcnt");
    if (way == BYTE_COUNT_AVX2)
        return __builtin_cpu_supports("avx2");
    return way == BYTE_COUNT_PLAIN;
}

uint64_t byte_count_by(enum byte_count_way way, const uint8_t *bytes, size_t length, uint8_t wanted)
{
    if (way == BYTE_COUNT_AVX512)
        return count_avx512(bytes, length, wanted);
    if (way == BYTE_COUNT_AVX2)
        return count_avx2(bytes, length, wanted);
    return count_plain(bytes, length, wanted);
}

#else

bool byte_count_can(enum byte_count_way way)
{
    return way == BYTE_COUNT_PLAIN;
}

uint64_t byte_count_by(enum byte_count_way way, const uint8_t *bytes, size_t length, uint8_t wanted)
{
    (void)way;
    return count_plain(bytes, length, wanted);
}

#endif

/* The widest way of this processor. */
static enum byte_count_way best_way(void)
{
    enum byte_count_way way = BYTE_COUNT_WAYS;
    do
        way--;
    while (!byte_count_can(way));
    return way;
}

uint64_t byte_count(const uint8_t *bytes, size_t length, uint8_t wanted)
{
    return byte_count_by(best_way(), bytes, length, wanted);
}

const char *byte_count_path(void)
{
    static const char *const names[BYTE_COUNT_WAYS] = {"words of 64 bits", "AVX2", "AVX-512"};
    return names[best_way()];
}

size_t byte_find_nth(const uint8_t *bytes, size_t length, uint8_t wanted, uint64_t nth)
{
    const size_t step = 4096;
    size_t at = 0;

    for (; length - at > step; at += step) {
        uint64_t count = byte_count(bytes + at, step, wanted);
        if (count >= nth)
            break;
        nth -= count;
    }
    for (; at < length; at++) {
        const uint8_t *found = memchr(bytes + at, wanted, length - at);
        if (found == NULL)
            return length;
        at = (size_t)(found - bytes);
        if (--nth == 0)
            return at;
    }
    return length;
}
