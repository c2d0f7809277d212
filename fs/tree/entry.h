/* SPDX-License-Identifier: MIT */
/* From names to nodes. */
#ifndef BIGFS_FS_TREE_ENTRY_H
#define BIGFS_FS_TREE_ENTRY_H

#include <stdbool.h>
#include <sys/stat.h>

#include <fuse_lowlevel.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

struct entry {
    struct node *node; /* counted as looked up once more, for node_forget() to take back */
    struct stat attributes;
    uint64_t device; /* set by the caller: the file system that it is prepared to wait for */
};

/*
 * Looks `name` up in `parent`. Blocks as the underlying file system does; a scan ends when
 * cancelled. Returns 0 and fills *entry, or -errno: -ENOENT if the name fits no rule, -ESTALE if
 * `parent` means something that no longer exists, -CANCELLED, -AWAITS_INDEX if an index must be
 * waited for, -OTHER_DEVICE if the name is on another file system than entry->device. In the last
 * case entry->device is set to that file system, which was not asked anything. Thread-safe.
 */
int entry_look_up(struct driver *driver, struct node *parent, const char *name,
                  const struct cancel *cancel, struct entry *entry);

/*
 * Makes the entry of a node from its source's attributes. Takes over what `content` refers to.
 * Returns 0 or -ENOMEM. For node types.
 */
int entry_make(struct driver *driver, struct node *parent, const struct node_type *type,
               const char *name, const union node_content *content, const struct stat *source,
               struct entry *entry);

/*
 * What the kernel gets for an entry that was looked up, or `listed`. From then on it believes name
 * and attributes for a while.
 */
struct fuse_entry_param entry_for_kernel(const struct driver *driver, const struct entry *entry,
                                         bool listed);

#endif
