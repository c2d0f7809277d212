/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_XZ
#include "core/codec/xz_parts.h"

#include "core/base/checked.h"

enum {
    /*
     * Two numbers of an index. If they are shorter, the CRC32 and the footer after them have enough
     * bytes, unless the file ends too early.
     */
    XZ_RECORD_MOST = 2 * LZMA_VLI_BYTES_MAX,
    XZ_RECORD_LEAST = 2,
    XZ_UNPADDED_LEAST = 5, /* a block header takes more, but this is what the format says */
};

uint8_t xz_check_bits(lzma_check check)
{
    switch (check) {
    case LZMA_CHECK_NONE:
        return 0;
    case LZMA_CHECK_CRC32:
        return 1;
    case LZMA_CHECK_CRC64:
        return 2;
    case LZMA_CHECK_SHA256:
        return 3;
    default:
        return 7;
    }
}

int xz_check_of(uint8_t bits, lzma_check *check)
{
    static const lzma_check checks[] = {LZMA_CHECK_NONE, LZMA_CHECK_CRC32, LZMA_CHECK_CRC64,
                                        LZMA_CHECK_SHA256};

    if (bits >= sizeof(checks) / sizeof(checks[0]))
        return XZ_WRONG;
    *check = checks[bits];
    return 0;
}

int xz_header_read(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                   lzma_stream_flags *flags)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;
    int error = xz_input_after(input, file, offset, LZMA_STREAM_HEADER_SIZE, &bytes, &there);
    if (error == 0 && lzma_stream_header_decode(flags, bytes) != LZMA_OK)
        error = XZ_WRONG;
    return error;
}

int xz_footer_read(struct xz_input *input, const struct codec_file *file, uint64_t offset,
                   lzma_stream_flags *flags)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;
    int error = xz_input_after(input, file, offset, LZMA_STREAM_HEADER_SIZE, &bytes, &there);
    if (error == 0 && lzma_stream_footer_decode(flags, bytes) != LZMA_OK)
        error = XZ_WRONG;
    return error;
}

/* Takes note that `length` bytes of the index were read. */
static int xz_records_take(struct xz_records *records, const uint8_t *bytes, size_t length)
{
    if (length > records->limit - records->at)
        return XZ_WRONG;
    records->crc = lzma_crc32(bytes, length, records->crc);
    records->at += length;
    return 0;
}

int xz_records_begin(struct xz_records *records, struct xz_input *input,
                     const struct codec_file *file, uint64_t start, uint64_t limit)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;
    size_t used = 1;

    *records = (struct xz_records){.start = start, .at = start, .limit = limit};
    int error = xz_input_after(input, file, start, XZ_RECORD_MOST, &bytes, &there);
    if (error != 0)
        return error;
    if (start > limit || bytes[0] != 0 ||
        lzma_vli_decode(&records->left, NULL, bytes, &used, there) != LZMA_OK)
        return XZ_WRONG;
    error = xz_records_take(records, bytes, used);
    if (error == 0 && records->left > (limit - records->at) / XZ_RECORD_LEAST)
        error = XZ_WRONG;
    return error;
}

/* Adds to a sum that stays within what an offset may be. */
static bool xz_sum(uint64_t *sum, uint64_t more)
{
    return checked_add(*sum, more, sum) && *sum <= OFFSET_MAX;
}

int xz_records_next(struct xz_records *records, struct xz_input *input,
                    const struct codec_file *file)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;
    size_t used = 0;

    int error = xz_input_after(input, file, records->at, XZ_RECORD_MOST, &bytes, &there);
    if (error != 0)
        return error;
    if (lzma_vli_decode(&records->unpadded, NULL, bytes, &used, there) != LZMA_OK ||
        lzma_vli_decode(&records->plain_size, NULL, bytes, &used, there) != LZMA_OK ||
        records->unpadded < XZ_UNPADDED_LEAST ||
        records->unpadded > (uint64_t)LZMA_VLI_MAX - (XZ_WORD - 1))
        return XZ_WRONG;
    records->file_size = (records->unpadded + XZ_WORD - 1) / XZ_WORD * XZ_WORD;
    if (!xz_sum(&records->file_sizes, records->file_size) ||
        !xz_sum(&records->plain_sizes, records->plain_size))
        return XZ_WRONG;
    records->with_bytes += records->plain_size > 0;
    records->left--;
    return xz_records_take(records, bytes, used);
}

int xz_records_end(struct xz_records *records, struct xz_input *input,
                   const struct codec_file *file)
{
    const uint8_t *bytes = NULL;
    size_t there = 0;
    const size_t padding = (size_t) - (records->at - records->start) % XZ_WORD;
    const uint32_t size = (uint32_t)(padding + sizeof(uint32_t));

    int error = xz_input_after(input, file, records->at, size, &bytes, &there);
    if (error != 0)
        return error;
    for (size_t i = 0; i < padding; i++)
        if (bytes[i] != 0)
            return XZ_WRONG;
    error = xz_records_take(records, bytes, padding);
    if (error != 0 || records->limit - records->at < sizeof(uint32_t))
        return XZ_WRONG;
    bytes += padding;
    const uint32_t crc =
        bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    records->at += sizeof(crc);
    return crc == records->crc ? 0 : XZ_WRONG;
}
#endif
