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
    struct node *node; /* with one more look-up, which node_forget() takes back */
    struct stat attributes;
    uint64_t device; /* set by the caller: the only file system that it may wait for */

    /*
     * With -AWAITS_INDEX: whose index or map must be waited for, a reference that the caller owns.
     * NULL: that of the parent.
     */
    struct source *awaited;
};

/*
 * Looks `name` up in `parent`. Blocks as the file system of SOURCE does; a scan ends if it is
 * cancelled. Returns 0 and fills *entry, or -errno: -ENOENT if the name fits no rule, -ESTALE if
 * what `parent` stands for is gone, -CANCELLED, -AWAITS_INDEX if an index must be waited for.
 * -OTHER_DEVICE: the name is on another file system than entry->device, which was not asked
 * anything; entry->device is set to it. Thread-safe.
 */
int entry_look_up(struct driver *driver, struct node *parent, const char *name,
                  const struct cancel *cancel, struct entry *entry);

/*
 * Makes the entry of a node from its source's attributes. Takes over the references in `content`.
 * Returns 0 or -ENOMEM. For node types.
 */
int entry_make(struct driver *driver, struct node *parent, const struct node_type *type,
               const char *name, const union node_content *content, const struct stat *source,
               struct entry *entry);

/*
 * What the kernel gets for an entry that was looked up or listed. The kernel then caches name and
 * attributes for a while.
 */
struct fuse_entry_param entry_for_kernel(struct driver *driver, const struct entry *entry);

#endif
