/* What directories list. */
#ifndef BIGFS_FS_LISTING_H
#define BIGFS_FS_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include <fuse_lowlevel.h>

#include "fs/driver.h"

struct listing_reply {
    char *buffer; /* the caller's */
    size_t size;
    size_t used; /* 0: the end */
};

/*
 * Fills a reply with entries of a directory from the place `offset` on: 0 at the start, else what
 * an earlier entry said. No state is kept in between, and no scan is ever started. Returns 0, or
 * -errno. Thread-safe; blocks as the file system beneath does.
 *
 * `with_nodes`: for READDIRPLUS. Entries whose attributes are had at once come with their nodes,
 * each looked up once more.
 */
int listing_fill(struct driver *driver, fuse_req_t request, struct node *node, off_t offset,
                 bool with_nodes, struct listing_reply *reply);

#endif
