/* SPDX-License-Identifier: MIT */
/*
 * Inflate (RFC 1951) that can stop at the end of a block and start at any bit, with a window.
 *
 * This is the only door to the library that decodes gzip. It is zlib, by documented calls alone:
 * Z_BLOCK, inflateMark(), inflatePrime() and inflateSetDictionary(). Another library would be
 * another inflate_run.c.
 */
#ifndef BIGFS_CORE_CODEC_INFLATE_RUN_H
#define BIGFS_CORE_CODEC_INFLATE_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    INFLATE_WINDOW = 32768, /* how far back a stream refers, at most */

    /*
     * What the library takes for a run: "1 << windowBits, that is, 32K for windowBits = 15, plus
     * about 7 kilobytes for small objects" (zconf.h); rounded up.
     */
    INFLATE_MEMORY = INFLATE_WINDOW + 8 * 1024,

    /*
     * No header of a block is longer, in bytes: 14 bits, 19 lengths of 3 bits, and 320 lengths of
     * codes of at most 7 bits, each with at most 7 more.
     */
    INFLATE_HEADER_MOST = 1024,
};

enum inflate_result {
    INFLATE_GOES_ON,    /* `left` or `room` is 0 */
    INFLATE_BLOCK_END,  /* a block that is not the last has ended; all of it has been put out */
    INFLATE_STREAM_END, /* the last block has ended; `in` is after it */
    INFLATE_BAD,
    INFLATE_NO_MEMORY,
};

/* A stream that is being decoded. */
struct inflate_run {
    const uint8_t *in; /* the next byte, in a buffer of the caller */
    size_t left;
    uint8_t *out; /* where the next byte goes; never NULL */
    size_t room;
    void *library;
};

/* Returns 0 or -ENOMEM. */
int inflate_run_open(struct inflate_run *run);
void inflate_run_close(struct inflate_run *run); /* also of a run that was never opened: zeros */

/* Begins with a block: the high `bits` (0 to 7) bits of `before` come first. */
enum inflate_result inflate_run_start(struct inflate_run *run, uint8_t bits, uint8_t before);

/*
 * Begins within a block whose header starts at run->in; the high `bits` bits of `before` come
 * first. The whole header must be there. Then inflate_run_prime() says at which bit to go on.
 */
enum inflate_result inflate_run_start_inside(struct inflate_run *run, uint8_t bits, uint8_t before);
void inflate_run_prime(struct inflate_run *run, uint8_t bits, uint8_t before);

/* Gives a run that was started the bytes before it: at most INFLATE_WINDOW. */
enum inflate_result inflate_run_set_window(struct inflate_run *run, const uint8_t *window,
                                           size_t length);

/* Copies what was put out last (INFLATE_WINDOW bytes, or all there was). Returns how many. */
size_t inflate_run_window(const struct inflate_run *run, uint8_t *window);

/* Decodes until there is no input or no room, or a block ends if `stops_at_blocks`. */
enum inflate_result inflate_run_on(struct inflate_run *run, bool stops_at_blocks);

/*
 * Whether the next bit begins a code within a block, and all codes before it have been put out. To
 * be asked when a run has gone as far as it can without input.
 */
bool inflate_run_is_inside(const struct inflate_run *run);

/* How many bits before run->in have not been used. May be more than 7. */
unsigned inflate_run_bits_unused(const struct inflate_run *run);

#endif
