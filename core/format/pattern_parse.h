/* SPDX-License-Identifier: MIT */
/*
 * Reads regular expressions: POSIX extended ones, in the C locale.
 *
 *     expression   branch | branch | …
 *     branch       pieces, one after the other, or nothing
 *     piece        atom, with * + ? {m} {m,} {m,n} {,n} after it
 *     atom         ( expression )   [ set ]   .   ^   $   \ and a byte   any other byte
 *
 * `.` matches any byte but NUL. After a backslash there must be no letter and no digit: what these
 * mean in other programs (\w, \1) is not POSIX, and back-references can take for ever. What POSIX
 * leaves undefined is refused, but for empty branches and groups.
 */
#ifndef BIGFS_CORE_FORMAT_PATTERN_PARSE_H
#define BIGFS_CORE_FORMAT_PATTERN_PARSE_H

#include "core/format/pattern_automaton.h"

/*
 * Makes the automaton of an expression, in *automaton. Returns NULL, or what is wrong with the
 * expression, as a few words; then *automaton means nothing. Ends soon, whatever the expression is.
 */
const char *pattern_parse(const char *regex, struct pattern_automaton *automaton);

#endif
