/* SPDX-License-Identifier: MIT */
/*
 * What a change of a file's attributes means for its generation:
 *
 *     nothing differs                                     the same generation
 *     only the ctime; the digests are as they were        the same, a new revision (chmod, a link)
 *     device or inode, on overlayfs; the digests are      the same (a copy-up: a descriptor always
 *       as they were                                      refers to the same file)
 *     it grew; the digests of what it was are as they     appended to: the generation goes on,
 *       were                                              larger; what was handed out is valid
 *     anything else                                       over: the generation is stale for good
 *
 * The digests (core/generation/content_digests.h) are those of the first block, the last 4 KiB and
 * a sample. The ends are compared at every change. The sample of a file that grows is compared half
 * a second apart. So a rewrite that also grows the file is found within that time, if it changed a
 * sampled block.
 *
 * A recent time stamp is not trusted. While another change might get the same one (time stamps of
 * whole seconds), the digests are compared even if no attribute differs.
 *
 * All functions are thread-safe. They read from the descriptor (a few KiB, blocking as pread(2)).
 * No lock is held meanwhile.
 */
#ifndef BIGFS_CORE_GENERATION_GENERATION_CHECK_H
#define BIGFS_CORE_GENERATION_GENERATION_CHECK_H

#include "core/generation/generation.h"

/*
 * Checks that what was read from `fd` before this call is of this generation. If the file was
 * appended to, the generation grows. *changed is set to whether the identity moved at all. If only
 * the mtime moved, the check waits for the write under way to end, to distinguish an append from a
 * rewrite: a write moves the mtime first. Returns 0, -ESTALE (the generation is over), or a read
 * error.
 */
int generation_check(struct generation *generation, int fd, bool *changed);

/*
 * Whether the generation is neither over nor in doubt, and its file has not changed since its
 * earlier identity `then`, so that what was read in between is still there. Blocks only as statx(2)
 * does.
 */
bool generation_is_still(struct generation *generation, int fd, const struct file_identity *then);

/*
 * Whether samples show that the file has only grown since it had `size` bytes. Compares the last
 * sample with what the file holds now, unless that was done so recently that another comparison
 * would take more than its share of the time. False also if no sample goes back so far. Does not
 * end the generation. Blocks as content_sample_read.
 */
bool generation_only_grew(struct generation *generation, int fd, uint64_t size);

#endif
