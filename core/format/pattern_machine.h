/* SPDX-License-Identifier: MIT */
/*
 * A regular expression as a set of places in it, of which any number may be reached at once. So
 * whatever the expression and the text are, matching takes no more memory than the machine and the
 * sets, and at most PLACES steps for each byte. (A library that makes one state of each set of
 * places may need gigabytes, or never end: `(a|b)*a(a|b){20}`.)
 *
 *     expression    a(b|c)*$           places    a=0  b=1  c=2  $=3
 *     first         {0}                follow    0: {1,2,3}  1: {1,2,3}  2: {1,2,3}  3: {}
 *     last          {3}
 *
 * This is the automaton of Glushkov (The abstract theory of automata, 1961). `^` and `$` are places
 * too, which match at the ends of a line without a byte.
 *
 * core/format/pattern_parse.h makes a machine. All functions here are pure.
 */
#ifndef BIGFS_CORE_FORMAT_PATTERN_MACHINE_H
#define BIGFS_CORE_FORMAT_PATTERN_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACES_MOST = 512, PLACE_WORDS = PLACES_MOST / 64 };

struct place_set {
    uint64_t words[PLACE_WORDS];
};

/* Constant once it is made, so threads may share it. */
struct pattern_machine {
    unsigned places;
    bool matches_nothing; /* the expression matches the empty text, so it matches any */
    struct place_set first;
    struct place_set last;
    struct place_set line_starts; /* the places of ^ */
    struct place_set line_ends;   /* the places of $ */
    struct place_set takes[256];  /* by the byte: which places it matches */
    struct place_set follow[PLACES_MOST];
};

static inline void place_set_add(struct place_set *set, unsigned place)
{
    set->words[place / 64] |= UINT64_C(1) << place % 64;
}

static inline void place_set_join(struct place_set *set, const struct place_set *other)
{
    for (unsigned i = 0; i < PLACE_WORDS; i++)
        set->words[i] |= other->words[i];
}

/*
 * Whether the expression matches from the start of a line. `goes_on`: these are only its first
 * bytes, so that `$` does not match after them.
 */
bool pattern_machine_matches(const struct pattern_machine *machine, const uint8_t *line,
                             size_t length, bool goes_on);

#endif
