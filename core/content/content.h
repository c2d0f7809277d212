/*
 * Content: the one door to bytes.
 *
 * A file has a content of its own, which is its bytes. A file of another format may hold one: what
 * it is compressed from. Each kind of content is a pair of files and a row of the table in
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
 * Copies the `length` bytes at `offset` of the generation into `buffer`: all of them or an error.
 * What is known to be a hole is not read, but made of zeros. Returns 0, -ESTALE if the file is not
 * of this generation any more, -EIO if its disk fails, or why it cannot be opened.
 */
int content_read(const struct reading *reading, void *buffer, size_t length, uint64_t offset);

/*
 * The same for a look at a few bytes, to find where a record ends. What it touches does not stay in
 * the page cache if nothing of that was there. (What the kernel reads ahead stays, if such looks
 * follow one another.)
 */
int content_probe(const struct reading *reading, void *buffer, size_t length, uint64_t offset);

/*
 * As content_read() if it needs no wait: the file is open, nothing has changed, and its bytes are
 * in the page cache. Otherwise -NOT_AT_ONCE: content_read() finds out more. Hardly ever blocks: the
 * kernel may begin to read ahead, and a file system may read its own blocks for that.
 */
int content_read_at_once(const struct reading *reading, void *buffer, size_t length,
                         uint64_t offset);

/* Whether the content, as last seen, can have holes that may be looked for. Does not block. */
bool content_may_have_holes(const struct reading *reading);

/*
 * The extent around `offset`, for a caller that has the descriptor. It may start before, and may
 * end before the file's extent does. If holes are not to be found it is data. To be believed after
 * a check, as bytes are.
 */
struct extent content_extent_at(const struct reading *reading, int fd, uint64_t offset);

#endif
