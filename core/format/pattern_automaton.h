/* SPDX-License-Identifier: MIT */
/*
 * A regular expression as the automaton of its positions (Glushkov, The abstract theory of
 * automata, 1961). Each byte or set in the expression is a position, and any number of positions
 * can be active at once:
 *
 *     expression    a(b|c)*$           positions    a=0  b=1  c=2  $=3
 *     first         {0}                follow       0: {1,2,3}  1: {1,2,3}  2: {1,2,3}  3: {}
 *     last          {3}
 *
 * `^` and `$` are positions too, which match at the ends of a line without a byte.
 *
 * Matching takes at most POSITIONS_MOST * POSITION_WORDS operations for each byte, and no memory
 * besides two sets, whatever the expression and the text are. (A library that makes one state of
 * each set of positions may need gigabytes: `(a|b)*a(a|b){20}`.)
 *
 * core/format/pattern_parse.h makes an automaton. All functions here are pure.
 */
#ifndef BIGFS_CORE_FORMAT_PATTERN_AUTOMATON_H
#define BIGFS_CORE_FORMAT_PATTERN_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { POSITIONS_MOST = 512, POSITION_WORDS = POSITIONS_MOST / 64 };

struct position_set {
    uint64_t words[POSITION_WORDS];
};

/* Constant once it is made, so threads may share it. */
struct pattern_automaton {
    unsigned positions;
    bool nullable; /* the expression matches the empty text, and so the start of any line */
    struct position_set first;
    struct position_set last;
    struct position_set line_starts; /* the positions of ^ */
    struct position_set line_ends;   /* the positions of $ */
    struct position_set takes[256];  /* by the byte: which positions it matches */
    struct position_set follow[POSITIONS_MOST];
};

static inline void position_set_add(struct position_set *set, unsigned position)
{
    set->words[position / 64] |= UINT64_C(1) << position % 64;
}

static inline void position_set_join(struct position_set *set, const struct position_set *other)
{
    for (unsigned i = 0; i < POSITION_WORDS; i++)
        set->words[i] |= other->words[i];
}

/*
 * Whether the expression matches from the start of a line. `goes_on`: these are only its first
 * bytes, so that `$` does not match after them.
 */
bool pattern_automaton_matches(const struct pattern_automaton *automaton, const uint8_t *line,
                               size_t length, bool goes_on);

#endif
