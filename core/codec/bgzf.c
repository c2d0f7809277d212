/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/bgzf.h"

#include <zlib.h>

#include "core/codec/bgzf_stream.h"
#include "core/codec/bgzf_unit.h"
#include "core/codec/bgzf_walk.h"

/* Whether a block begins the file, and another one follows, as far as can be seen. */
static bool bgzf_recognises(const uint8_t *head, size_t length)
{
    struct bgzf_unit first;
    struct bgzf_unit next;

    (void)bgzf_header(head, length, &first);
    if (first.kind != BGZF_BLOCK)
        return false;
    if (first.size >= length)
        return true;
    (void)bgzf_header(head + first.size, length - first.size, &next);
    return next.kind == BGZF_BLOCK || next.kind == BGZF_CUT;
}

const struct codec bgzf_codec = {
    .name = "bgzf",
    .library = "zlib " ZLIB_VERSION,
    .recognises = bgzf_recognises,
    .walk_begin = bgzf_walk_begin,
    .walk_on = bgzf_walk_on,
    .walk_free = bgzf_walk_free,
    .stream_memory = bgzf_stream_memory,
    .stream_open = bgzf_stream_open,
    .stream_read = bgzf_stream_read,
    .stream_skip = bgzf_stream_skip,
    .stream_close = bgzf_stream_close,
};
#endif
