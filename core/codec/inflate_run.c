/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/inflate_run.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "core/base/checked.h"

/* z_stream.data_type after a call, besides how many bits are unused */
enum { UNUSED_BITS = 63, LAST_BLOCK = 64, BLOCK_ENDED = 128, HEADER_READ = 256 };

enum { RAW = -15 }; /* windowBits: neither zlib's nor gzip's header; a window of 32 KiB */

int inflate_run_open(struct inflate_run *run)
{
    z_stream *stream = calloc(1, sizeof(*stream));

    *run = (struct inflate_run){.library = NULL};
    if (stream == NULL)
        return -ENOMEM;
    if (inflateInit2(stream, RAW) != Z_OK) {
        free(stream);
        return -ENOMEM;
    }
    run->library = stream;
    return 0;
}

void inflate_run_close(struct inflate_run *run)
{
    if (run->library == NULL)
        return;
    (void)inflateEnd(run->library);
    free(run->library);
    run->library = NULL;
}

void inflate_run_prime(struct inflate_run *run, uint8_t bits, uint8_t before)
{
    if (bits > 0)
        (void)inflatePrime(run->library, bits, before >> (8 - bits));
}

enum inflate_result inflate_run_start(struct inflate_run *run, uint8_t bits, uint8_t before)
{
    if (inflateReset(run->library) != Z_OK)
        return INFLATE_BAD;
    inflate_run_prime(run, bits, before);
    return INFLATE_GOES_ON;
}

static uInt at_most_uint(size_t length)
{
    return (uInt)min_u64(length, UINT_MAX);
}

/* Calls inflate() with what the run has, and takes over what it used. */
static int inflate_once(struct inflate_run *run, int flush)
{
    z_stream *stream = run->library;

    stream->next_in = run->in;
    stream->avail_in = at_most_uint(run->left);
    stream->next_out = run->out;
    stream->avail_out = at_most_uint(run->room);
    int result = inflate(stream, flush);
    run->left -= (size_t)(stream->next_in - run->in);
    run->room -= (size_t)(stream->next_out - run->out);
    run->in = stream->next_in;
    run->out = stream->next_out;
    return result;
}

static bool is_failure(int result)
{
    return result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END;
}

enum inflate_result inflate_run_start_inside(struct inflate_run *run, uint8_t bits, uint8_t before)
{
    z_stream *stream = run->library;
    uint8_t none = 0;

    if (inflate_run_start(run, bits, before) != INFLATE_GOES_ON)
        return INFLATE_BAD;
    run->out = &none;
    run->room = 0;
    int result = inflate_once(run, Z_TREES);
    if (is_failure(result) || (stream->data_type & HEADER_READ) == 0)
        return result == Z_MEM_ERROR ? INFLATE_NO_MEMORY : INFLATE_BAD;
    /* A negative number of bits drops those that were read beyond the header. */
    return inflatePrime(stream, -1, 0) == Z_OK ? INFLATE_GOES_ON : INFLATE_BAD;
}

enum inflate_result inflate_run_set_window(struct inflate_run *run, const uint8_t *window,
                                           size_t length)
{
    if (length == 0)
        return INFLATE_GOES_ON;
    int result = inflateSetDictionary(run->library, window, (uInt)length);
    if (result == Z_MEM_ERROR)
        return INFLATE_NO_MEMORY;
    return result == Z_OK ? INFLATE_GOES_ON : INFLATE_BAD;
}

size_t inflate_run_window(const struct inflate_run *run, uint8_t *window)
{
    uInt length = 0;
    return inflateGetDictionary(run->library, window, &length) == Z_OK ? length : 0;
}

enum inflate_result inflate_run_on(struct inflate_run *run, bool stops_at_blocks)
{
    const z_stream *stream = run->library;
    int result = inflate_once(run, stops_at_blocks ? Z_BLOCK : Z_NO_FLUSH);

    if (result == Z_STREAM_END)
        return INFLATE_STREAM_END;
    if (is_failure(result))
        return result == Z_MEM_ERROR ? INFLATE_NO_MEMORY : INFLATE_BAD;
    if (stops_at_blocks && (stream->data_type & (BLOCK_ENDED | LAST_BLOCK)) == BLOCK_ENDED)
        return INFLATE_BLOCK_END;
    return INFLATE_GOES_ON;
}

/*
 * inflateMark() has, in its upper half, how many bits were taken of a code that is not whole yet
 * (-1 outside of codes), and in its lower half, how much of a code's bytes was put out.
 */
bool inflate_run_is_inside(const struct inflate_run *run)
{
    const long mark = inflateMark(run->library);
    return mark >= 0 && (mark & 0xffff) == 0;
}

unsigned inflate_run_bits_unused(const struct inflate_run *run)
{
    z_stream *stream = run->library;
    const long mark = inflateMark(stream);
    return ((unsigned)stream->data_type & UNUSED_BITS) + (mark >= 0 ? (unsigned)(mark >> 16) : 0);
}

#endif
