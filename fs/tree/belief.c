/* SPDX-License-Identifier: MIT */
#include "fs/tree/belief.h"

#include "core/file/file_identity.h"
#include "fs/tree/node_type.h"

/* Its name means something only as long as the file has one content. */
static bool is_pinned(const struct node *node)
{
    const struct view *view = node->type->view_of != NULL ? node->type->view_of(node) : NULL;
    return view != NULL && view_is_pinned(view);
}

double belief_in_name(struct driver *driver, struct node *node, const struct stat *attributes)
{
    if (node->type->is_new_each_time || is_pinned(node))
        return 0;
    if (node->type->is_growing != NULL && file_changed_recently(attributes->st_ctim) &&
        node->type->is_growing(driver, node))
        return 0;
    atomic_store(&node->was_believed, true);
    return BELIEVED_SECONDS;
}

bool belief_accepts_growth(const struct node *node)
{
    return !atomic_load(&node->was_believed);
}
