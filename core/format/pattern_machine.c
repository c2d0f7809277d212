/* SPDX-License-Identifier: MIT */
#include "core/format/pattern_machine.h"

#include <string.h>

/* A machine at work: `next` are the places that may be taken next. */
struct pattern_run {
    const struct pattern_machine *machine;
    unsigned words; /* of the sets that are in use */
    struct place_set next;
    bool matched;
};

static bool share_any(const struct place_set *one, const struct place_set *other, unsigned words)
{
    uint64_t shared = 0;
    for (unsigned i = 0; i < words; i++)
        shared |= one->words[i] & other->words[i];
    return shared != 0;
}

/* Adds to `reached` what follows the places that are in both sets. */
static void follow_shared(struct pattern_run *run, const struct place_set *taken,
                          struct place_set *reached)
{
    const struct pattern_machine *machine = run->machine;

    for (unsigned i = 0; i < run->words; i++) {
        uint64_t word = run->next.words[i] & taken->words[i];
        if ((word & machine->last.words[i]) != 0)
            run->matched = true;
        for (; word != 0; word &= word - 1) {
            const struct place_set *follow =
                &machine->follow[64 * i + (unsigned)__builtin_ctzll(word)];
            for (unsigned k = 0; k < run->words; k++)
                reached->words[k] |= follow->words[k];
        }
    }
}

static void take_byte(struct pattern_run *run, uint8_t byte)
{
    struct place_set reached;

    memset(&reached, 0, run->words * sizeof(reached.words[0]));
    follow_shared(run, &run->machine->takes[byte], &reached);
    memcpy(&run->next, &reached, run->words * sizeof(reached.words[0]));
}

/* Takes the places of ^ or $, one after the other, until no new one is reached. */
static void take_edge(struct pattern_run *run, const struct place_set *edge)
{
    struct place_set reached = run->next;

    if (!share_any(&run->next, edge, run->words))
        return;
    for (bool more = true; more && !run->matched;) {
        follow_shared(run, edge, &reached);
        more = memcmp(&reached, &run->next, run->words * sizeof(reached.words[0])) != 0;
        run->next = reached;
    }
}

static bool is_at_its_end(const struct pattern_run *run)
{
    uint64_t any = 0;
    for (unsigned i = 0; i < run->words; i++)
        any |= run->next.words[i];
    return any == 0;
}

bool pattern_machine_matches(const struct pattern_machine *machine, const uint8_t *line,
                             size_t length, bool goes_on)
{
    struct pattern_run run = {
        .machine = machine,
        .words = machine->places / 64 + 1 < PLACE_WORDS ? machine->places / 64 + 1 : PLACE_WORDS,
        .next = machine->first,
        .matched = machine->matches_nothing,
    };

    if (run.matched)
        return true;
    take_edge(&run, &machine->line_starts);
    for (size_t i = 0; i < length && !run.matched && !is_at_its_end(&run); i++)
        take_byte(&run, line[i]);
    if (!run.matched && !goes_on) {
        struct place_set edges = machine->line_ends;
        if (length == 0)
            place_set_join(&edges, &machine->line_starts);
        take_edge(&run, &edges);
    }
    return run.matched;
}
