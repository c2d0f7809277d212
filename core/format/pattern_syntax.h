/* SPDX-License-Identifier: MIT */
/*
 * What bigfs asks of a regular expression beside what regcomp(3) does: no back-references, which
 * POSIX leaves out of extended expressions and whose matching may take for ever; parentheses in
 * pairs; and a bounded size, as `((a{99}){99}){99}` takes all memory when it is compiled.
 *
 *     expression    size
 *     a             1
 *     ab|[cd]       3
 *     (ab){3}c      7
 */
#ifndef BIGFS_CORE_FORMAT_PATTERN_SYNTAX_H
#define BIGFS_CORE_FORMAT_PATTERN_SYNTAX_H

enum {
    PATTERN_SIZE_MOST = 1000,
    PATTERN_DEPTH_MOST = 50, /* of parentheses */
};

/* Returns what is wrong with an expression, as a few words, or NULL. Pure. */
const char *pattern_syntax_error(const char *regex);

#endif
