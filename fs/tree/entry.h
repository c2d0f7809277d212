/* From names to nodes. */
#ifndef BIGFS_FS_TREE_ENTRY_H
#define BIGFS_FS_TREE_ENTRY_H

#include <stdbool.h>
#include <sys/stat.h>

#include <fuse_lowlevel.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

struct entry {
    struct node *node; /* looked up once more: for node_forget() to take back */
    struct stat attributes;
    uint64_t device; /* given by the caller: of the file system that it is prepared to wait for */
};

/*
 * Looks `name` up in `parent`. Blocks as the file system beneath does, and ends when cancelled if
 * it scans. Returns 0 and fills *entry, or -errno: -ENOENT if the name fits no rule, -ESTALE if
 * `parent` means something that is no more, -CANCELLED, -AWAITS_INDEX if an index must be waited
 * for, -OTHER_DEVICE if the name is on another file system than entry->device, which is set to that
 * one then, and nothing was asked of it. Thread-safe.
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
 * What the kernel gets of an entry that was looked up, or `listed`. From then on it believes name
 * and attributes for a while.
 */
struct fuse_entry_param entry_for_kernel(const struct driver *driver, const struct entry *entry,
                                         bool listed);

#endif
