/* SPDX-License-Identifier: MIT */
#include "fs/tree/listing.h"

#include <errno.h>
#include <string.h>

#include "fs/tree/node_type.h"

/* Adds an entry. Returns false if it did not fit. */
static bool add_to_reply(struct listing *listing, const char *name,
                         const struct fuse_entry_param *entry, off_t next)
{
    char *end = listing->buffer + listing->used;
    size_t room = listing->size - listing->used;
    size_t length = listing->with_nodes
                        ? fuse_add_direntry_plus(listing->fuse, end, room, name, entry, next)
                        : fuse_add_direntry(listing->fuse, end, room, name, &entry->attr, next);
    if (length > room)
        return false;
    listing->used += length;
    return true;
}

bool listing_add_found(struct listing *listing, const char *name, const struct entry *found,
                       off_t next)
{
    const struct fuse_entry_param entry = entry_for_kernel(listing->driver, found);
    if (add_to_reply(listing, name, &entry, next))
        return true;
    node_forget(&listing->driver->nodes, found->node, 1);
    return false;
}

static bool add_number(struct listing *listing, const char *name, mode_t type, uint64_t inode,
                       off_t next)
{
    const struct fuse_entry_param entry = {.attr = {.st_mode = type, .st_ino = inode}};
    return add_to_reply(listing, name, &entry, next);
}

bool listing_add_child(struct listing *listing, const char *name, const struct node_type *type,
                       const union node_content *content, off_t next)
{
    uint64_t inode = node_inode(listing->node, type, name, content);
    return add_number(listing, name, type->shown_as, inode, next);
}

bool listing_add_dots(struct listing *listing, const char *name, off_t next)
{
    const struct node *node = listing->node;
    if (strcmp(name, "..") == 0 && node->parent != NULL)
        node = node->parent;
    return add_number(listing, name, S_IFDIR, node->inode, next);
}

int listing_made_up(struct listing *listing, off_t offset,
                    int (*rest)(struct listing *listing, off_t offset))
{
    if (offset == 0 && !listing_add_dots(listing, ".", ++offset))
        return 0;
    if (offset == 1 && !listing_add_dots(listing, "..", ++offset))
        return 0;
    return rest(listing, offset);
}

int listing_fill(struct listing *listing, off_t offset)
{
    if (offset < 0)
        return -EINVAL;
    if (listing->node->type->list == NULL)
        return -ENOTDIR;
    return listing->node->type->list(listing, offset);
}
