/* From names to nodes. */
#ifndef BIGFS_FS_TREE_LOOKUP_H
#define BIGFS_FS_TREE_LOOKUP_H

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

/* What the kernel is told of an entry. */
struct fuse_entry_param entry_for_kernel(const struct driver *driver, const struct entry *entry);

/* The directory of reports in the root: found by name, never listed. */
extern const char control_name[];

/* Whether `name` in `parent` is the directory of reports: its look-up takes no look at SOURCE. */
bool lookup_is_control(const struct driver *driver, const struct node *parent, const char *name);

/* Whether a look-up in `parent` may take a scan of a source. */
bool lookup_may_scan(const struct node *parent);

/*
 * Looks `name` up in `parent`. Thread-safe; blocks as the file system beneath does, and where it
 * scans (lookup_may_scan) it ends when cancelled. Returns 0 and fills *entry, or -errno: -ENOENT
 * where the name fits no rule, -ESTALE where `parent` means something that is no more, -CANCELLED,
 * -AWAITS_INDEX where a line index must be waited for, -OTHER_DEVICE if the name is on another file
 * system than entry->device, which is set to that one then, and nothing was asked of it.
 */
int lookup(struct driver *driver, struct node *parent, const char *name,
           const struct cancel *cancel, struct entry *entry);

/*
 * Looks up the piece of a view that a selector means, as lookup() would by any of its names.
 * `parent` is a view.
 */
int lookup_selected(struct driver *driver, struct node *parent, const struct selector *selector,
                    const struct cancel *cancel, struct entry *entry);

/*
 * Finds what a piece's selector means now. The generation becomes a reference of the caller's, and
 * *source its attributes. Returns as lookup() does.
 */
int lookup_piece(struct driver *driver, const struct node *parent, const struct selector *selector,
                 const struct cancel *cancel, struct node_piece *piece, struct stat *source);

#endif
