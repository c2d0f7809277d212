/* SPDX-License-Identifier: MIT */
/*
 * Texts of views, such as VIEW.tsv: generated files next to the directory of a view. Texts of the
 * file itself, such as `pin`, stand beside them.
 */
#ifndef BIGFS_FS_TREE_TEXT_NODE_H
#define BIGFS_FS_TREE_TEXT_NODE_H

#include "fs/tree/entry.h"
#include "fs/tree/generated_type.h"
#include "fs/tree/node_type.h"

extern const struct node_type text_node;

/*
 * The type of text that a name means. *stem becomes the length of the view's name before its
 * ending; 0: it is a text of the file. NULL: none.
 */
const struct generated_type *text_node_type_of(const char *name, size_t *stem);

/* The type of the `number`th text that listings show next to each view. NULL: there are fewer. */
const struct generated_type *text_node_listed(unsigned number);

/*
 * Makes the entry of a text below a large file. Type and `stem` come from text_node_type_of().
 * Returns as entry_look_up(). The text is made when it is opened.
 */
int text_node_enter(struct driver *driver, struct node *large, const struct generated_type *type,
                    const char *name, size_t stem, const struct cancel *cancel,
                    struct entry *entry);

#endif
