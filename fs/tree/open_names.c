/* SPDX-License-Identifier: MIT */
#include "fs/tree/open_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/view/piece_name.h"
#include "fs/tree/handle.h"
#include "fs/tree/node_type.h"

/* The path of a range: a node of a piece may have several names, and keeps none. */
static char *range_path(const struct node *node)
{
    AUTO_FREE char *view = node_path(node->parent, NULL);
    const struct piece *piece = &node->content.piece.piece;
    const struct range none = {0};
    const struct range *data = piece->count > 0 ? &piece->ranges[piece->count - 1] : &none;
    char *path = NULL;

    if (view == NULL ||
        asprintf(&path, "%s (bytes %" PRIu64 "+%" PRIu64 ")", view, data->offset, data->length) < 0)
        return NULL;
    return path;
}

/* The path of a node in the mount. The caller frees it. NULL: no memory. */
static char *shown_path(const struct node *node)
{
    const struct view *view = node->type->view_of != NULL ? node->type->view_of(node) : NULL;
    char name[PIECE_NAME_MOST + 1];

    if (node->name[0] != '\0' || view == NULL)
        return node_path(node, NULL);
    if (view->type->is_single)
        piece_name_write_single(view->type, node_extension(node), name);
    else if (node->content.piece.selector.kind == SELECT_NUMBER)
        piece_name_write(view, node_extension(node), 0, &node->content.piece.selector, name);
    else
        return range_path(node);
    return node_path(node->parent, name);
}

/* Takes the paths of at most `most` open files. Returns how many are open. */
static uint64_t take_paths_of_open(struct driver *driver, unsigned most, char **paths)
{
    HOLD_LOCK(&driver->handles_lock);
    const struct list *handles = &driver->handles;
    for (const struct list *link = handles->previous; link != handles && most > 0;
         link = link->previous, most--)
        *paths++ = shown_path(list_object(link, const struct handle, link)->node);
    return driver->handle_count;
}

uint64_t open_names_tell(struct driver *driver, unsigned most,
                         void (*tell)(void *argument, const char *path), void *argument)
{
    AUTO_FREE char **paths = calloc(most, sizeof(paths[0]));
    if (paths == NULL)
        return 0;
    uint64_t open = take_paths_of_open(driver, most, paths);
    for (unsigned i = 0; i < most; i++) {
        if (paths[i] != NULL)
            tell(argument, paths[i]);
        free(paths[i]);
    }
    return open;
}
