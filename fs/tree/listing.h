/* What directories list. */
#ifndef BIGFS_FS_TREE_LISTING_H
#define BIGFS_FS_TREE_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include <fuse_lowlevel.h>

#include "fs/tree/driver.h"

/* What is listed, and from where on. */
struct listing_place {
    struct open_dir *dir; /* what the reader has open, or NULL */
    off_t offset;         /* 0 at the start, else what an earlier entry said */
};

struct listing_reply {
    char *buffer; /* the caller's */
    size_t size;
    size_t used; /* 0: the end */
};

/*
 * Fills a reply with entries of a directory from a place on. What is kept in between, of
 * directories of SOURCE, is for speed alone, and no scan is ever started. Returns 0, or
 * -errno. Thread-safe; blocks as the file system beneath does.
 *
 * `with_nodes`: for READDIRPLUS. Entries whose attributes are had at once come with their nodes,
 * each looked up once more.
 */
int listing_fill(struct driver *driver, fuse_req_t request, struct node *node,
                 const struct listing_place *from, bool with_nodes, struct listing_reply *reply);

#endif
