/* SPDX-License-Identifier: MIT */
/* Decodes the units of a BGZF file with zlib, which checks their CRC32 and ISIZE. */
#ifndef BIGFS_CORE_CODEC_BGZF_INFLATE_H
#define BIGFS_CORE_CODEC_BGZF_INFLATE_H

#include <zlib.h>

#include "core/codec/bgzf_unit.h"

/* What zlib takes, at most. Its zconf.h says: a window of 32 KiB, and about 7 KiB. */
enum { BGZF_INFLATE_MEMORY = 48 * 1024 };

/* Returns 0 or -ENOMEM. inflateEnd() ends it; it does nothing to zeros. */
int bgzf_inflate_make(z_stream *inflater);

/* Decodes a whole block. Returns 0, -EBADMSG if it is not what it says, or -ENOMEM. */
int bgzf_inflate_block(z_stream *inflater, const uint8_t *bytes, const struct bgzf_unit *block,
                       uint8_t *plain);

/* A member that is decoded piece by piece. It is begun by inflateReset(). */
struct bgzf_member {
    uint64_t at; /* how far it has come in the file */
    bool ended;  /* and its checksum was right */
    bool cut;    /* the file ends within it */
};

/*
 * Decodes up to `most` (not 0) plain bytes, and sets *length to how many came; it may be none. If
 * it has neither ended nor been cut, it has gone on. Returns 0, -EBADMSG, -ENOMEM or a read error.
 */
int bgzf_inflate_member(const struct codec_file *file, struct bgzf_input *input, z_stream *inflater,
                        struct bgzf_member *member, uint8_t *plain, size_t most, size_t *length);

#endif
