/* What directories list. */
#ifndef BIGFS_FS_LISTING_H
#define BIGFS_FS_LISTING_H

#include <fuse_lowlevel.h>

#include "fs/driver.h"

/*
 * Fills `buffer` of `size` bytes with entries of a directory from the place `offset` on: 0 at the
 * start, else what an earlier entry said. No state is kept in between, and no scan is ever started.
 * Returns 0 and the bytes used (*used 0: the end), or -errno. Thread-safe; blocks as the file
 * system beneath does.
 */
int listing_fill(struct driver *driver, fuse_req_t request, struct node *node, off_t offset,
                 char *buffer, size_t size, size_t *used);

#endif
