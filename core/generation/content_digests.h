/* SPDX-License-Identifier: MIT */
/*
 * Digests of a file's content. They distinguish appending from rewriting, and one file from
 * another.
 *
 *     | first |     |s|        |s|   |s|         |s|    | last |
 *     0      4K                                     size-4K   size
 *
 * The ends are the first and the last 4 KiB. The sample is one whole block of 4 KiB from each of
 * CONTENT_SAMPLES equal stretches of the blocks in between. The places depend on the size alone, so
 * all hosts look at the same ones. If there are no more blocks than samples (up to 136 KiB), every
 * block is read and the digests cover the whole content.
 *
 * A change of one stretch as long as 2 / CONTENT_SAMPLES of the file always meets a sampled block.
 * If a share f of the blocks has changed, spread at random, the sample misses it with probability
 * (1 - f)^CONTENT_SAMPLES.
 *
 * All functions that take a descriptor block as pread(2) does. They drop what they read from the
 * page cache if it was not there before. All functions are thread-safe.
 */
#ifndef BIGFS_CORE_GENERATION_CONTENT_DIGESTS_H
#define BIGFS_CORE_GENERATION_CONTENT_DIGESTS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    CONTENT_BLOCK = 4096, /* bytes */
    CONTENT_SAMPLES = 32,
};

/* XXH3 of the first and of the last CONTENT_BLOCK bytes, or of all bytes if there are fewer. */
struct content_ends {
    uint64_t first;
    uint64_t last;
    bool readable; /* if not, the digests mean nothing */
};

/* XXH3 of the sampled blocks. Blocks that the disk cannot read are left out. */
struct content_sample {
    uint64_t blocks[CONTENT_SAMPLES];
    uint32_t readable; /* a bit for each block; the other blocks mean nothing */
};

struct content_digests {
    struct content_ends ends;
    struct content_sample sample;
};

/* How many blocks of a file of `size` bytes are sampled: 0 to CONTENT_SAMPLES. */
unsigned content_sample_count(uint64_t size);

/* Where sample `index`, less than content_sample_count(size), lies: a multiple of CONTENT_BLOCK. */
uint64_t content_sample_place(uint64_t size, unsigned index);

/*
 * Digests the ends of the first `size` bytes of a file. Returns 0, -ESTALE if the file is shorter,
 * or a read error; after an error ends->readable is false.
 */
int content_ends_read(int fd, uint64_t size, struct content_ends *ends);

/*
 * Digests the sampled blocks of the first `size` bytes of a file. Returns 0, or -ESTALE if the file
 * is shorter. An error of the disk leaves the block out.
 */
int content_sample_read(int fd, uint64_t size, struct content_sample *sample);

/* Whether both are readable and equal. */
bool content_ends_equal(const struct content_ends *a, const struct content_ends *b);

/* Whether all blocks that both could read are equal. */
bool content_sample_equal(const struct content_sample *a, const struct content_sample *b);

/* Whether nothing was left out of the digests of `size` bytes. */
bool content_digests_complete(const struct content_digests *digests, uint64_t size);

/* One number for the sample of `size` bytes, used as part of a key. */
uint64_t content_sample_sum(const struct content_sample *sample, uint64_t size);

#endif
