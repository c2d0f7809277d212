/* SPDX-License-Identifier: MIT */
#include "core/generation/sampling.h"

#include "core/base/clock.h"

enum {
    COMPARE_EVERY_MS = 500, /* how often the sample of a file that grows is compared, … */
    COMPARE_SHARE = 10,     /* … unless that takes more than 1/COMPARE_SHARE of the time */
};

void sampling_rest(struct generation_state *state, int64_t begun)
{
    int64_t now = clock_ms();
    state->sample_rest = now + COMPARE_SHARE * (now - begun);
}

void sampling_set(struct generation_state *state, const struct content_sample *sample,
                  uint64_t size, int64_t begun)
{
    const int64_t soon = clock_ms() + COMPARE_EVERY_MS;

    if (state->sampled == 0)
        state->sampled_from = size;
    state->sample = *sample;
    state->sampled = size;
    sampling_rest(state, begun);
    state->sample_due = state->sample_rest > soon ? state->sample_rest : soon;
    state->doubts &= ~(unsigned)DOUBT_SAMPLE;
}

bool sampling_is_due(const struct generation_state *state)
{
    return state->sampled == 0 || clock_ms() >= state->sample_due;
}
