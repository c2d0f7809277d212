/* SPDX-License-Identifier: MIT */
#include "fs/tree/entry.h"

#include <errno.h>

#include "fs/tree/attributes.h"
#include "fs/tree/belief.h"
#include "fs/tree/node_type.h"

int entry_look_up(struct driver *driver, struct node *parent, const char *name,
                  const struct cancel *cancel, struct entry *entry)
{
    if (parent->type->lookup == NULL)
        return -ENOTDIR;
    atomic_fetch_add(&driver->lookups, 1);
    return parent->type->lookup(driver, parent, name, cancel, entry);
}

int entry_make(struct driver *driver, struct node *parent, const struct node_type *type,
               const char *name, const union node_content *content, const struct stat *source,
               struct entry *entry)
{
    entry->node = node_get(&driver->nodes, parent, type, name, content);
    if (entry->node == NULL)
        return -ENOMEM;
    if (source->st_dev != 0)
        atomic_store(&entry->node->device, (uint64_t)source->st_dev);
    attributes_of(driver, entry->node, source, &entry->attributes);
    return 0;
}

struct fuse_entry_param entry_for_kernel(struct driver *driver, const struct entry *entry)
{
    return (struct fuse_entry_param){
        .ino = (fuse_ino_t)(uintptr_t)entry->node,
        .generation = entry->node->incarnation,
        .attr = entry->attributes,
        .attr_timeout = attributes_believed(driver, entry->node, &entry->attributes),
        .entry_timeout = belief_in_name(driver, entry->node, &entry->attributes),
    };
}
