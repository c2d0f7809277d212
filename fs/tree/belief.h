/*
 * How long the kernel may believe that a name means a node.
 *
 * An open that finds its node out of date is answered ESTALE. The kernel then looks the name up
 * anew and opens what it finds, in the same system call. If that is answered ESTALE too, the
 * program gets the error. A file that grows all the time would never be fresh enough. So its names
 * are believed for no time: each open follows a look-up of its own, and may take the file as that
 * look-up showed it, if it has only grown since.
 *
 *     at rest     look-up ─ believed for 1 s ─ open, open, open …
 *     growing     look-up ─ open, look-up ─ open …         each accepts growth since its look-up
 *
 * A file grows if its ctime is less than RECENT_S old.
 */
#ifndef BIGFS_FS_TREE_BELIEF_H
#define BIGFS_FS_TREE_BELIEF_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fs/tree/node.h"

/* How long the kernel believes names and attributes, by default. */
enum { BELIEVED_SECONDS = 1 };

/* For how many seconds the kernel may believe the name of a node. Notes that it does. */
double belief_in_name(struct node *node, const struct stat *attributes);

/* Whether a file with these attributes has changed a short while ago, and may change again soon. */
bool belief_is_shaken(const struct stat *attributes);

/*
 * Whether an open of the node follows a look-up of its own, as the kernel does not believe its
 * name: then growth since that look-up is no reason to look it up again. Thread-safe.
 */
bool belief_accepts_growth(const struct node *node);

#endif
