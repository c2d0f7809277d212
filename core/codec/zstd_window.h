/* SPDX-License-Identifier: MIT */
/* How large the windows of frames are, and so how much memory it takes to decode them. */
#ifndef BIGFS_CORE_CODEC_ZSTD_WINDOW_H
#define BIGFS_CORE_CODEC_ZSTD_WINDOW_H

#include "core/codec/codec.h"

/*
 * What a stream from a place must allow for: the largest window of the frames up to the next place,
 * but ZSTD_WINDOW_MOST at most, as larger ones are refused.
 *
 * A stream goes on after the next place too, and what is there is not known without reading the
 * headers of the whole file. So the least is 8 MiB. RFC 8878 wants that of every decoder, and no
 * file that was compressed without --ultra or --long needs more. So frames of any of these sizes
 * can follow each other, as in a log to which small and large parts are appended. If one needs even
 * more, the stream ends there with -ENOMEM, and a stream from the place before that frame does not.
 *
 * Returns 0, -EBADMSG if no frame starts there, -ENOMEM or a read error.
 */
int zstd_window_ahead(const struct codec_file *file, const struct codec_place *from,
                      uint64_t *window);

#endif
