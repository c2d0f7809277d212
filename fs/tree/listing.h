/* SPDX-License-Identifier: MIT */
/*
 * The listing of a directory: a reply that is being filled.
 *
 * Places 0 and 1 are the dots, unless a directory of SOURCE has other places for them. What is kept
 * of directories of SOURCE between two replies only saves time. No listing starts a scan.
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
    struct open_dir *dir; /* of a directory of SOURCE: the reader's open directory, or NULL */
    struct cancel cancel;
    bool with_nodes; /* READDIRPLUS: an entry may come with its node, which counts as looked up */
    char *buffer;    /* the caller's */
    size_t size;
    size_t used; /* stays 0 if there are no more entries */
};

/*
 * Fills the reply with entries of the node from the place `offset` on. Returns 0 or -errno.
 * Thread-safe; blocks as the file system of SOURCE does.
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

/* Lists a made-up directory: the dots, then what `rest` lists from place 2 on. */
int listing_made_up(struct listing *listing, off_t offset,
                    int (*rest)(struct listing *listing, off_t offset));

#endif
