/*
 * Puts a text into the kernel's page cache while it is made: so the inode has its true size before
 * a program sends or maps it, and a table is made once however often it is read. What the kernel
 * drops again is made anew.
 */
#ifndef BIGFS_FS_TREE_TEXT_STORE_H
#define BIGFS_FS_TREE_TEXT_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <fuse_lowlevel.h>

#include "fs/tree/node.h"

/* Text goes to the kernel in steps of so many bytes, each at a multiple of them. */
enum { TEXT_STEP = 64 * 1024 };

struct text_store {
    struct fuse_session *session;
    const struct node *node; /* may not be open meanwhile */
    uint64_t offset;         /* in the text, of the first byte in `step` */
    size_t used;             /* bytes in `step` */
    bool began;              /* the kernel has got something */
    char *step;              /* owned */
};

/* Begins at an offset that is a multiple of TEXT_STEP. Returns 0 or -ENOMEM. */
int text_store_begin(struct text_store *store, struct fuse_session *session,
                     const struct node *node, uint64_t offset);

/* Adds what comes next. Of a very long text only the first part is kept for the kernel. */
void text_store_add(struct text_store *store, const char *text, size_t length);

/* Hands over the rest, of a text that is not empty: with it the kernel learns the size. */
void text_store_finish(struct text_store *store);

/* Frees what the store has, finished or not. */
void text_store_free(struct text_store *store);

#endif
