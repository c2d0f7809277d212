/* SPDX-License-Identifier: MIT */
/*
 * Which bytes of a window are used.
 *
 * Nothing refers further back than 32 KiB, so only the first 32 KiB after a start read the window.
 * They are decoded twice, with windows whose bytes tell their positions. A byte that is the same
 * both times came from the file. Otherwise the two bytes tell which byte of the window was read.
 */
#ifndef BIGFS_CORE_CODEC_GZIP_WINDOW_H
#define BIGFS_CORE_CODEC_GZIP_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"
#include "core/codec/gzip_point.h"

struct gzip_probe;

/* Returns NULL if there is no memory. */
struct gzip_probe *gzip_probe_new(void);
void gzip_probe_free(struct gzip_probe *probe); /* NULL is allowed */

/*
 * Zeroes the bytes of `window` that are not used by what is decoded from `start` on. *used is how
 * many are left. If what comes cannot be decoded, all are left. Returns 0, -ENOMEM or a read error.
 */
int gzip_window_keep_used(struct gzip_probe *probe, const struct codec_file *file,
                          const struct gzip_start *start, uint8_t *window, size_t length,
                          size_t *used);

#endif
