/* SPDX-License-Identifier: MIT */
#include "fs/tree/control_node.h"

#include <errno.h>
#include <string.h>

#include "fs/tree/attributes.h"
#include "fs/tree/generated_type.h"
#include "fs/tree/listing.h"
#include "fs/tree/report_node.h"

static const char control_name[] = ".bigfs";

bool control_node_is(const struct driver *driver, const struct node *parent, const char *name)
{
    return parent == driver->nodes.root && strcmp(name, control_name) == 0 &&
           !driver_is_single(driver, name);
}

int control_node_enter(struct driver *driver, struct node *parent, struct entry *entry)
{
    const union node_content none = {0};
    const struct stat nothing = {0};
    return entry_make(driver, parent, &control_node, control_name, &none, &nothing, entry);
}

static void shape_control(const struct driver *driver, const struct node *node,
                          const struct stat *source, struct stat *attributes)
{
    (void)driver;
    (void)node;
    (void)source;
    attributes_become_directory(attributes);
}

static int look_up_in_control(struct driver *driver, struct node *node, const char *name,
                              const struct cancel *cancel, struct entry *entry)
{
    (void)cancel;
    for (const struct generated_type *const *type = generated_types; *type != NULL; type++)
        if ((*type)->write != NULL && strcmp((*type)->name, name) == 0)
            return report_node_enter(driver, node, *type, entry);
    return -ENOENT;
}

static int list_control(struct listing *listing, off_t offset)
{
    for (off_t place = 0; generated_types[place] != NULL; place++) {
        const struct generated_type *type = generated_types[place];
        const union node_content content = {.text = {.type = type}};
        if (place < offset - 2 || type->write == NULL)
            continue;
        if (!listing_add_child(listing, type->name, &report_node, &content, place + 3))
            break;
    }
    return 0;
}

static int list_control_made_up(struct listing *listing, off_t offset)
{
    return listing_made_up(listing, offset, list_control);
}

const struct node_type control_node = {
    .number = 7,
    .shown_as = S_IFDIR,
    .rights = ACL_OF_DIRECTORY,
    .is_control = true,
    .shape = shape_control,
    .lookup = look_up_in_control,
    .list = list_control_made_up,
};
