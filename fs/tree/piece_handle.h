/* SPDX-License-Identifier: MIT */
/* Open pieces, and small files, which are pieces of themselves. */
#ifndef BIGFS_FS_TREE_PIECE_HANDLE_H
#define BIGFS_FS_TREE_PIECE_HANDLE_H

#include "fs/tree/handle.h"

extern const struct handle_type piece_handle;

#endif
