/* SPDX-License-Identifier: MIT */
/*
 * Puts a text into the kernel's page cache while it is made. So the inode has its true size before
 * any program sends or maps it, and a table is made once however often it is read. Pages that the
 * kernel drops are made anew.
 */
#ifndef BIGFS_FS_TREE_TEXT_STORE_H
#define BIGFS_FS_TREE_TEXT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "fs/tree/node.h"

/* Text goes to the kernel in steps of this many bytes, each at a multiple of it. */
enum { TEXT_STEP = 64 * 1024 };

struct text_store {
    struct fuse_session *session;
    const struct node *node; /* must not be open meanwhile */
    uint64_t offset;         /* in the text, of the first byte in `step` */
    size_t used;             /* bytes in `step` */
    bool began;              /* the kernel has received something */
    char *step;              /* owned */
};

/* Begins at `offset`, a multiple of TEXT_STEP. Returns 0 or -ENOMEM. */
int text_store_begin(struct text_store *store, struct fuse_session *session,
                     const struct node *node, uint64_t offset);

/* Adds the next part. Only the first part of a very long text goes to the kernel. */
void text_store_add(struct text_store *store, const char *text, size_t length);

/* Hands over the rest of a text that is not empty, which tells the kernel the size. */
void text_store_finish(struct text_store *store);

/* Frees the store, finished or not. */
void text_store_free(struct text_store *store);

#endif
