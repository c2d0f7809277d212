/* SPDX-License-Identifier: MIT */
/*
 * Capturing a generation: taking the digests that show later what has happened to its file
 * (core/generation/generation_check.h).
 *
 * The digests of the ends are taken before the generation is first read. So is the sample if the
 * file has changed within the last 3 s. Other samples are taken soon after
 * (core/content/sampler.h).
 *
 * A generation that was not captured has not been read. Until it is captured, it follows every
 * change of the file, unless the file becomes smaller.
 *
 * All functions are thread-safe. Those that take a descriptor read from it (a few KiB, blocking as
 * pread(2)). No lock is held meanwhile.
 */
#ifndef BIGFS_CORE_GENERATION_GENERATION_CAPTURE_H
#define BIGFS_CORE_GENERATION_GENERATION_CAPTURE_H

#include "core/generation/generation.h"

/*
 * Captures the digests of the ends, if that has not been done. The generation takes over the file
 * as it is now, unless the file has become smaller: a size that was reported must stay readable. A
 * write may be under way, so this waits until the file is at rest (file_rest_await: 250 ms at most,
 * or 2 s if time stamps count whole seconds), and for a single write that takes longer. If the file
 * is written to without a pause, the last of many looks is used. If an end cannot be read, the
 * generation has no digests of the ends, and any change ends it. Returns 0, -ESTALE if the file is
 * smaller or another one, or an error of looking at the file.
 */
int generation_capture(struct generation *generation, int fd);

/* Whether there is no sample yet, and the content has more than its ends. Does not block. */
bool generation_wants_sample(struct generation *generation);

/*
 * Recalls the sample of the first `size` bytes, as it was when it was last taken or compared. False
 * if there is no sample of exactly `size` bytes. Does not block.
 */
bool generation_recall_sample(struct generation *generation, uint64_t size,
                              struct content_sample *sample);

/*
 * Takes the sample, if there is none and the file is as it was when captured. Otherwise the check
 * that finds the file grown takes it.
 */
void generation_take_sample(struct generation *generation, int fd);

#endif
