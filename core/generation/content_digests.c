/* SPDX-License-Identifier: MIT */
#include "core/generation/content_digests.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/read_fully.h"
#include "core/file/residency.h"

/* Digests the bytes [start, end), at most a block. Returns -ESTALE if the file is shorter. */
static int digest_bytes(int fd, uint64_t start, uint64_t end, uint64_t *digest)
{
    unsigned char block[CONTENT_BLOCK];
    size_t wanted = (size_t)(end - start);
    int error = read_fully(fd, block, wanted, start);

    if (error != 0)
        return error == -FILE_TOO_SHORT ? -ESTALE : error;
    *digest = XXH3_64bits(block, wanted);
    return 0;
}

int content_ends_read(int fd, uint64_t size, struct content_ends *ends)
{
    int error = digest_bytes(fd, 0, min_u64(size, CONTENT_BLOCK), &ends->first);
    if (error == 0)
        error = digest_bytes(fd, saturating_sub(size, CONTENT_BLOCK), size, &ends->last);
    ends->readable = error == 0;
    return error;
}

/* The whole blocks after the first one. */
static uint64_t blocks_between(uint64_t size)
{
    return saturating_sub(size / CONTENT_BLOCK, 1);
}

unsigned content_sample_count(uint64_t size)
{
    return (unsigned)min_u64(blocks_between(size), CONTENT_SAMPLES);
}

uint64_t content_sample_place(uint64_t size, unsigned index)
{
    const uint64_t blocks = blocks_between(size);
    const uint64_t count = min_u64(blocks, CONTENT_SAMPLES);
    const uint64_t words[] = {size, index};
    /* blocks is below 2^51, so the products below fit. */
    uint64_t start = index * blocks / count;
    uint64_t end = (index + UINT64_C(1)) * blocks / count;
    /*
     * Not at the same place in every stretch: changes of fixed-width records may be in step with
     * it.
     */
    uint64_t within = end - start > 1 ? XXH3_64bits(words, sizeof(words)) % (end - start) : 0;

    return (1 + start + within) * CONTENT_BLOCK;
}

/* Digests the block at `place` if it is in the page cache, without waiting. */
static bool digest_at_once(int fd, uint64_t place, uint64_t *digest)
{
    unsigned char block[CONTENT_BLOCK];
    const struct iovec part = {block, sizeof(block)};

    if (preadv2(fd, &part, 1, (off_t)place, RWF_NOWAIT) != (ssize_t)sizeof(block))
        return false;
    *digest = XXH3_64bits(block, sizeof(block));
    return true;
}

/*
 * Digests the sampled blocks that are in the page cache, and requests all others together. Returns
 * a bit for each of the others.
 */
static uint32_t sample_cached(int fd, uint64_t size, unsigned count, struct content_sample *sample)
{
    uint32_t absent = 0;

    for (unsigned i = 0; i < count; i++) {
        uint64_t place = content_sample_place(size, i);
        if (residency_is_empty(fd, place, CONTENT_BLOCK)) {
            absent |= UINT32_C(1) << i;
            (void)posix_fadvise(fd, (off_t)place, CONTENT_BLOCK, POSIX_FADV_WILLNEED);
        } else if (digest_at_once(fd, place, &sample->blocks[i])) {
            sample->readable |= UINT32_C(1) << i;
        }
    }
    return absent;
}

int content_sample_read(int fd, uint64_t size, struct content_sample *sample)
{
    unsigned count = content_sample_count(size);
    int error = 0;

    *sample = (struct content_sample){.readable = 0};
    uint32_t absent = sample_cached(fd, size, count, sample);
    for (unsigned i = 0; i < count && error != -ESTALE; i++) {
        uint64_t place = content_sample_place(size, i);
        if ((sample->readable >> i & 1) != 0)
            continue;
        error = digest_bytes(fd, place, place + CONTENT_BLOCK, &sample->blocks[i]);
        if (error == 0)
            sample->readable |= UINT32_C(1) << i;
        if ((absent >> i & 1) != 0)
            (void)posix_fadvise(fd, (off_t)place, CONTENT_BLOCK, POSIX_FADV_DONTNEED);
    }
    return error == -ESTALE ? error : 0;
}

bool content_ends_equal(const struct content_ends *a, const struct content_ends *b)
{
    return a->readable && b->readable && a->first == b->first && a->last == b->last;
}

bool content_sample_equal(const struct content_sample *a, const struct content_sample *b)
{
    for (unsigned i = 0; i < CONTENT_SAMPLES; i++)
        if ((a->readable & b->readable) >> i & 1 && a->blocks[i] != b->blocks[i])
            return false;
    return true;
}

bool content_digests_complete(const struct content_digests *digests, uint64_t size)
{
    unsigned count = content_sample_count(size);
    uint32_t all = count < CONTENT_SAMPLES ? (UINT32_C(1) << count) - 1 : UINT32_MAX;
    return digests->ends.readable && digests->sample.readable == all;
}

uint64_t content_sample_sum(const struct content_sample *sample, uint64_t size)
{
    unsigned count = content_sample_count(size);
    return XXH3_64bits_withSeed(sample->blocks, count * sizeof(sample->blocks[0]),
                                sample->readable);
}
