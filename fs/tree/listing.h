/* SPDX-License-Identifier: MIT */
/*
 * Listings of directories: a reply that is being filled.
 *
 * Places 0 and 1 are the dots, unless SOURCE's own directory has other places for them. What is
 * kept between two replies, for directories of SOURCE, only serves speed. No listing starts a scan.
 */
#ifndef BIGFS_FS_TREE_LISTING_H
#define BIGFS_FS_TREE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include <fuse_lowlevel.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"
#include "fs/tree/entry.h"

struct listing {
    struct driver *driver;
    fuse_req_t fuse; /* to format entries with */
    struct node *node;
    struct open_dir *dir; /* of a directory of SOURCE: what its reader has open, or NULL */
    struct cancel cancel;
    bool with_nodes; /* READDIRPLUS: an entry may come with its node, which is then looked up */
    char *buffer;    /* the caller's */
    size_t size;
    size_t used; /* stays 0 if there are no more entries */
};

/*
 * Fills the reply with the node's entries from a place on. Returns 0 or -errno. Thread-safe. Blocks
 * as the underlying file system does.
 */
int listing_fill(struct listing *listing, off_t offset);

/*
 * For node types. `next` is the place after the entry. Each returns false if the entry did not fit.
 */

/* Adds an entry that has been looked up. */
bool listing_add_found(struct listing *listing, const char *name, const struct entry *found,
                       off_t next);

/* Adds an entry without its node: a program that wants more than name and type looks it up. */
bool listing_add_child(struct listing *listing, const char *name, const struct node_type *type,
                       const union node_content *content, off_t next);

/* Adds "." or "..". */
bool listing_add_dots(struct listing *listing, const char *name, off_t next);

/* Lists a made-up directory: the dots, and then what `rest` lists from place 2 on. */
int listing_made_up(struct listing *listing, off_t offset,
                    int (*rest)(struct listing *listing, off_t offset));

#endif
