/*
 * When the sample of a generation is compared.
 *
 * A file that grows is compared half a second apart, unless that takes more than a tenth of the
 * time.
 *
 * These change a state: call them within generation_update(), or on a copy.
 */
#ifndef BIGFS_CORE_GENERATION_SAMPLING_H
#define BIGFS_CORE_GENERATION_SAMPLING_H

#include "core/generation/generation.h"

/* Takes over the sample of `size` bytes, which began to be read at `begun` (ms). */
void sampling_set(struct generation_state *state, const struct content_sample *sample,
                  uint64_t size, int64_t begun);

/* Notes that the sample was compared again, which began at `begun` (ms). */
void sampling_rest(struct generation_state *state, int64_t begun);

/* Whether it is time to compare the sample, or there is none. */
bool sampling_is_due(const struct generation_state *state);

#endif
