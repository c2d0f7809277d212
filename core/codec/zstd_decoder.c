/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_decoder.h"

#include <errno.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "core/base/checked.h"

enum {
    ROOM = 64 * 1024,          /* of input: more is not faster */
    BLOCK = 128 * 1024,        /* the most that a block holds */
    CONTEXT_MOST = 256 * 1024, /* it is 96 KiB in 1.5.4, and 160 KiB in 1.4 */
    WINDOW_LOG_LEAST = 10,     /* ZSTD_WINDOWLOG_ABSOLUTEMIN */
};

uint64_t zstd_decoder_memory(uint64_t window)
{
    return CONTEXT_MOST + ROOM + BLOCK + window + UINT64_C(2) * BLOCK;
}

/* libzstd looks at the windows too. So even if we misread a header, it takes no more memory. */
static int zstd_window_log(uint64_t window)
{
    int log = WINDOW_LOG_LEAST;
    while (UINT64_C(1) << log < window)
        log++;
    return log;
}

int zstd_decoder_make(uint64_t window, struct zstd_decoder *decoder)
{
    *decoder = (struct zstd_decoder){.input.room = ROOM, .context = ZSTD_createDCtx()};
    if (decoder->context == NULL)
        return -ENOMEM;
    const size_t result =
        ZSTD_DCtx_setParameter(decoder->context, ZSTD_d_windowLogMax, zstd_window_log(window));
    if (!ZSTD_isError(result))
        return 0;
    zstd_decoder_free(decoder);
    return -ENOMEM;
}

void zstd_decoder_free(struct zstd_decoder *decoder)
{
    (void)ZSTD_freeDCtx(decoder->context);
    decoder->context = NULL;
    zstd_input_free(&decoder->input);
}

void zstd_decoder_begin(struct zstd_decoder *decoder, uint64_t at)
{
    (void)ZSTD_DCtx_reset(decoder->context, ZSTD_reset_session_only);
    decoder->at = at;
    decoder->hint = 1;
    decoder->ended = false;
}

/* The next input: what is there, or what libzstd asks for and what follows. */
static int zstd_next_input(const struct codec_file *file, struct zstd_decoder *decoder,
                           struct zstd_bytes *bytes)
{
    size_t least = zstd_input_there(&decoder->input, decoder->at);
    if (least == 0)
        least = (size_t)min_u64(decoder->hint, ROOM);
    return zstd_input_get(&decoder->input, file, decoder->at, least, bytes);
}

static int zstd_failure(size_t result)
{
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? -ENOMEM : -EBADMSG;
}

int zstd_decoder_on(const struct codec_file *file, struct zstd_decoder *decoder, uint8_t *plain,
                    size_t length, size_t *got)
{
    struct zstd_bytes bytes;
    int error = zstd_next_input(file, decoder, &bytes);
    if (error != 0)
        return error;
    ZSTD_inBuffer in = {bytes.at, bytes.length, 0};
    ZSTD_outBuffer out = {plain, length, 0};
    const size_t result = ZSTD_decompressStream(decoder->context, &out, &in);
    if (ZSTD_isError(result))
        return zstd_failure(result);
    decoder->at += in.pos;
    decoder->hint = result;
    decoder->ended = result == 0;
    *got = out.pos;
    return bytes.length == 0 && out.pos == 0 && !decoder->ended ? -EBADMSG : 0;
}
#endif
