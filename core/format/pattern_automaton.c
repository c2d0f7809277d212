/* SPDX-License-Identifier: MIT */
#include "core/format/pattern_automaton.h"

#include <string.h>

/* An automaton at work. */
struct pattern_run {
    const struct pattern_automaton *automaton;
    unsigned words;           /* of the sets that are in use */
    struct position_set next; /* that may match what comes next */
    bool matched;
};

static bool share_any(const struct position_set *one, const struct position_set *other,
                      unsigned words)
{
    uint64_t shared = 0;
    for (unsigned i = 0; i < words; i++)
        shared |= one->words[i] & other->words[i];
    return shared != 0;
}

/* Adds to `reached` what follows those of the next positions that are in `taken`. */
static void follow_shared(struct pattern_run *run, const struct position_set *taken,
                          struct position_set *reached)
{
    const struct pattern_automaton *automaton = run->automaton;

    for (unsigned i = 0; i < run->words; i++) {
        uint64_t word = run->next.words[i] & taken->words[i];
        if ((word & automaton->last.words[i]) != 0)
            run->matched = true;
        for (; word != 0; word &= word - 1) {
            const struct position_set *follow =
                &automaton->follow[64 * i + (unsigned)__builtin_ctzll(word)];
            for (unsigned k = 0; k < run->words; k++)
                reached->words[k] |= follow->words[k];
        }
    }
}

static void take_byte(struct pattern_run *run, uint8_t byte)
{
    struct position_set reached;

    memset(&reached, 0, run->words * sizeof(reached.words[0]));
    follow_shared(run, &run->automaton->takes[byte], &reached);
    memcpy(&run->next, &reached, run->words * sizeof(reached.words[0]));
}

/* Takes the positions of ^ or $, one after the other, until no new one is reached. */
static void take_edge(struct pattern_run *run, const struct position_set *edge)
{
    struct position_set reached = run->next;

    if (!share_any(&run->next, edge, run->words))
        return;
    for (bool more = true; more && !run->matched;) {
        follow_shared(run, edge, &reached);
        more = memcmp(&reached, &run->next, run->words * sizeof(reached.words[0])) != 0;
        run->next = reached;
    }
}

static bool has_next(const struct pattern_run *run)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < run->words; i++)
        any |= run->next.words[i];
    return any != 0;
}

bool pattern_automaton_matches(const struct pattern_automaton *automaton, const uint8_t *line,
                               size_t length, bool goes_on)
{
    struct pattern_run run = {
        .automaton = automaton,
        .words = (automaton->positions + 63) / 64,
        .next = automaton->first,
        .matched = automaton->nullable,
    };

    if (run.matched)
        return true;
    take_edge(&run, &automaton->line_starts);
    for (size_t i = 0; i < length && !run.matched && has_next(&run); i++)
        take_byte(&run, line[i]);
    if (!run.matched && !goes_on) {
        struct position_set edges = automaton->line_ends;
        if (length == 0)
            position_set_join(&edges, &automaton->line_starts);
        take_edge(&run, &edges);
    }
    return run.matched;
}
