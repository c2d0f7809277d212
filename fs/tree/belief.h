/* SPDX-License-Identifier: MIT */
/*
 * How long the kernel may believe that a name means a node.
 *
 * An open that finds its node out of date is answered with ESTALE. The kernel then looks the name
 * up again and opens what it finds, in the same system call. If the answer is ESTALE again, the
 * program gets the error. A file that grows all the time would never be fresh enough. So the kernel
 * does not believe the name of such a file after a look-up. Each open follows a look-up of its own,
 * and accepts the file as that look-up showed it if it has only grown since.
 *
 *     at rest     look-up ─ believed for 1 s ─ open, open, open …
 *     growing     look-up ─ open, look-up ─ open …         each accepts growth since its look-up
 *     listed      believed for 1 s ─ open: ESTALE if it has grown ─ look-up ─ open
 *
 * A listed name is believed even if its file grows, as programs look at what they have listed. The
 * look-up after ESTALE then ends the belief.
 *
 * A file counts as growing if its ctime is less than RECENT_S old.
 */
#ifndef BIGFS_FS_TREE_BELIEF_H
#define BIGFS_FS_TREE_BELIEF_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/tree/node.h"

/* How long the kernel believes names and attributes, by default. */
enum { BELIEVED_SECONDS = 1 };

/*
 * For how many seconds the kernel may believe a name that was looked up, or listed with its node.
 * Notes that it does. Thread-safe.
 */
double belief_in_name(struct node *node, const struct stat *attributes);
double belief_in_listed_name(struct node *node);

/*
 * Whether an open of the node follows a look-up of its own, because the kernel does not believe its
 * name. If so, growth since that look-up is no reason to look it up again. Thread-safe.
 */
bool belief_accepts_growth(const struct node *node);

#endif
