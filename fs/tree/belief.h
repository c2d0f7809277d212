/* SPDX-License-Identifier: MIT */
/*
 * How long the kernel may cache that a name means a node.
 *
 * An open of an outdated node gets ESTALE. The kernel then looks the name up again and opens the
 * result, in the same system call. If that gets ESTALE too, the program sees the error. A file that
 * grows all the time would always be outdated. So the kernel may not cache such a name: each open
 * follows a look-up of its own, and accepts the file as it was then, if it has only grown since.
 *
 *     at rest     look-up ─ cached for 1 s ─ open, open, open …
 *     growing     look-up ─ open, look-up ─ open …         each accepts growth since its look-up
 *     found to grow
 *                 look-up ─ cached for 1 s ─ open: ESTALE ─ look-up: another node ─ open
 *
 * The names of a pinned view are never cached. So each use of one follows a look-up, which finds
 * out at once whether the file still has that content.
 *
 * A file counts as growing if its ctime is less than 3 s old and it was found to have grown
 * before, or is small and was opened before. So a listing of files that were just written is
 * cached.
 *
 * bigfs cannot tell when the kernel stops believing: it counts from when it takes the reply. So a
 * node whose name was once cached never accepts growth. It need not: growth that outdates it makes
 * the next look-up find another.
 */
#ifndef BIGFS_FS_TREE_BELIEF_H
#define BIGFS_FS_TREE_BELIEF_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/tree/node.h"

struct driver;

/* How long the kernel caches names and attributes by default. */
enum { BELIEVED_SECONDS = 1 };

/*
 * For how many seconds the kernel may cache a name that means this node, whether it was looked up
 * or listed with its node. Records in the node that it may. Thread-safe.
 */
double belief_in_name(struct driver *driver, struct node *node, const struct stat *attributes);

/*
 * Whether each open of the node follows a look-up of its own, because the kernel never cached its
 * name. Growth since that look-up is then no reason for another. Thread-safe.
 */
bool belief_accepts_growth(const struct node *node);

#endif
