/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/bgzf_inflate.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"

enum {
    WITH_GZIP_HEADER = 16,                  /* to be added to the bits of the window */
    MEMBER_PLAIN_MOST = 1024 * 1024 * 1024, /* at once: zlib counts with 32 bits */
};

int bgzf_inflate_make(z_stream *inflater)
{
    memset(inflater, 0, sizeof(*inflater));
    return inflateInit2(inflater, MAX_WBITS + WITH_GZIP_HEADER) == Z_OK ? 0 : -ENOMEM;
}

int bgzf_inflate_block(z_stream *inflater, const uint8_t *bytes, const struct bgzf_unit *block,
                       uint8_t *plain)
{
    (void)inflateReset(inflater);
    inflater->next_in = (z_const Bytef *)bytes;
    inflater->avail_in = block->size;
    inflater->next_out = plain;
    inflater->avail_out = block->plain;
    const int result = inflate(inflater, Z_FINISH);
    if (result == Z_MEM_ERROR)
        return -ENOMEM;
    /* A block that ends early would hide bytes that gzip -d finds after it. */
    return result == Z_STREAM_END && inflater->avail_in == 0 && inflater->avail_out == 0 ? 0
                                                                                         : -EBADMSG;
}

int bgzf_inflate_member(const struct codec_file *file, struct bgzf_input *input, z_stream *inflater,
                        struct bgzf_member *member, uint8_t *plain, size_t most, size_t *length)
{
    const uint8_t *bytes = NULL;

    *length = 0;
    /* One byte is enough to go on, but all that is there is used. */
    const int error =
        bgzf_input_need(file, input, member->at, member->at < file->size ? 1 : 0, &bytes);
    if (error != 0)
        return error;
    const size_t left = input->length - (size_t)(bytes - input->bytes);
    most = (size_t)min_u64(most, MEMBER_PLAIN_MOST);
    inflater->next_in = (z_const Bytef *)bytes;
    inflater->avail_in = (uInt)left;
    inflater->next_out = plain;
    inflater->avail_out = (uInt)most;
    const int result = inflate(inflater, Z_NO_FLUSH);
    member->at += left - inflater->avail_in;
    *length = most - inflater->avail_out;
    member->ended = result == Z_STREAM_END;
    member->cut = result == Z_BUF_ERROR; /* no progress: there is room, so there was no input */
    if (result == Z_MEM_ERROR)
        return -ENOMEM;
    return result == Z_OK || member->ended || member->cut ? 0 : -EBADMSG;
}
#endif
