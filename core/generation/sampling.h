/* SPDX-License-Identifier: MIT */
/*
 * When the sample of a generation is compared.
 *
 * The sample of a file that grows is compared every half second, or less often if that would take
 * more than a tenth of the time.
 *
 * These functions change a state: call them within generation_update(), or on a copy.
 */
#ifndef BIGFS_CORE_GENERATION_SAMPLING_H
#define BIGFS_CORE_GENERATION_SAMPLING_H

#include "core/generation/generation.h"

/* Sets the sample of `size` bytes, whose reading began at `begun` (ms). */
void sampling_set(struct generation_state *state, const struct content_sample *sample,
                  uint64_t size, int64_t begun);

/* Notes that the sample was compared again; the comparison began at `begun` (ms). */
void sampling_rest(struct generation_state *state, int64_t begun);

/* Whether it is time to compare the sample, or there is none. */
bool sampling_is_due(const struct generation_state *state);

#endif
