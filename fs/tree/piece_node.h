/* SPDX-License-Identifier: MIT */
/* Pieces: files in the directory of a view, or next to it if the view has only one. */
#ifndef BIGFS_FS_TREE_PIECE_NODE_H
#define BIGFS_FS_TREE_PIECE_NODE_H

#include "fs/tree/entry.h"
#include "fs/tree/node_type.h"

extern const struct node_type piece_node;

/* Which piece to find: by name or by selector. */
struct piece_query {
    const struct view *view;         /* of the parent, or constant; the node keeps the pointer */
    const char *name;                /* or NULL, and then: */
    const struct selector *selector; /* the selector */
    const struct cancel *cancel;
};

/*
 * Makes the entry of a piece below `parent`, a view or a large file. Returns as entry_look_up().
 */
int piece_node_enter(struct driver *driver, struct node *parent, const struct piece_query *query,
                     struct entry *entry);

#endif
