/* SPDX-License-Identifier: MIT */
/*
 * Content: the only way to a file's bytes.
 *
 * The plain content of a file is its bytes. A compressed file may also hold another content: what
 * it was compressed from. Each kind of content is a pair of files and a row of the table in
 * core/content/contents.h. Everything above reads through the functions below, and so works on all
 * kinds.
 *
 * All functions are thread-safe, and block as reads of the file do unless they say otherwise.
 */
#ifndef BIGFS_CORE_CONTENT_CONTENT_H
#define BIGFS_CORE_CONTENT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/content_type.h"
#include "core/content/reading.h"
#include "core/extent/extent_probe.h"

/*
 * Copies exactly `length` bytes at `offset` of the generation into `buffer`, or fails. Known holes
 * are filled with zeros instead of read. Returns 0, -ESTALE if the file is no longer of this
 * generation, -EIO if its disk fails, or why it cannot be opened.
 */
int content_read(const struct reading *reading, void *buffer, size_t length, uint64_t offset);

/*
 * The same for a few bytes, to find where a record ends. The pages it touches are dropped from the
 * page cache if none of them was there. (What the kernel reads ahead stays, if such probes follow
 * one another.)
 */
int content_probe(const struct reading *reading, void *buffer, size_t length, uint64_t offset);

/*
 * Like content_read(), if it need not wait: the file is open, nothing has changed, and the bytes
 * are in the page cache. Otherwise returns -NOT_AT_ONCE; content_read() finds out more. Hardly ever
 * blocks: the kernel may begin to read ahead, and a file system may read its own blocks for that.
 */
int content_read_at_once(const struct reading *reading, void *buffer, size_t length,
                         uint64_t offset);

/* Whether the content, as last seen, may have holes that can be looked for. Does not block. */
bool content_may_have_holes(const struct reading *reading);

/*
 * The extent around `offset`, for a caller that has borrowed the descriptor. It may start before
 * `offset`, and may end before the file's extent does. It is data if holes cannot be found. Like
 * bytes, it may be trusted only after a check.
 */
struct extent content_extent_at(const struct reading *reading, int fd, uint64_t offset);

#endif
