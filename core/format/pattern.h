/* SPDX-License-Identifier: MIT */
/*
 * Patterns: formats that --record NAME=REGEX defines. A record starts at a line that a regular
 * expression matches from its start, such as a log entry that goes on over several lines:
 *
 *     2026-11-28 09:15:02 ERROR cannot save         a line that ^[0-9]{4}- matches
 *     java.io.IOException: No space left            no such line
 *         at App.save(App.java:12)
 *     2026-11-28 09:15:03 INFO retry                the next record
 *
 * What comes before the first such line is a record of its own.
 *
 * REGEX is a POSIX extended regular expression in the C locale (core/format/pattern_parse.h). Bytes
 * are characters. A CR before the LF belongs to the line. `$` matches before the LF, or at the end
 * of the content. Of a line only the first PATTERN_LINE bytes are looked at, and if the line goes
 * on after them `$` does not match there.
 */
#ifndef BIGFS_CORE_FORMAT_PATTERN_H
#define BIGFS_CORE_FORMAT_PATTERN_H

#include "core/format/record_format.h"

enum { PATTERN_LINE = 64 * 1024 };

/*
 * Makes the format `name` (copied) of a regular expression. Returns 0 and sets *format, which the
 * caller owns; -EINVAL with what is wrong with the expression, as a few words, in *wrong; or
 * -ENOMEM.
 */
int pattern_new(const char *name, const char *regex, struct record_format **format,
                const char **wrong);

/* Frees a pattern. NULL is allowed. */
void pattern_free(struct record_format *format);

#endif
