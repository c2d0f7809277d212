/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes of pieces, as text without a terminating NUL.
 *
 *     user.bigfs.offset   where its data begin in the content, without a repeated header: decimal
 *     user.bigfs.length   how many bytes of data it has: decimal
 *     user.bigfs.xxh128   the digest of all its bytes, as in VIEW.xxh128: 32 hexadecimal digits
 *
 * Each function writes a value to `value`, which has room for XATTR_SIZE_MAX bytes. It returns the
 * size of the value, 0 if the node is no piece, or -errno. All functions are thread-safe. A piece
 * is one of a generation, so what they return of a node never changes.
 */
#ifndef BIGFS_FS_TREE_PIECE_XATTR_H
#define BIGFS_FS_TREE_PIECE_XATTR_H

#include <sys/types.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"
#include "fs/tree/node.h"

/* Do not block. */
ssize_t piece_xattr_offset(struct driver *driver, struct node *node, const struct cancel *cancel,
                           void *value);
ssize_t piece_xattr_length(struct driver *driver, struct node *node, const struct cancel *cancel,
                           void *value);

/* The size of the digest's value, without making it, or 0 if the node is no piece. */
size_t piece_xattr_digest_size(const struct node *node);

/*
 * Hashes the piece, unless its digest is remembered, and blocks as reads of the file do. Returns
 * -ESTALE if the file is no longer what the piece is of, -CANCELLED, -AWAITS_INDEX, or as
 * digest_note_find().
 */
ssize_t piece_xattr_digest(struct driver *driver, struct node *node, const struct cancel *cancel,
                           void *value);

#endif
