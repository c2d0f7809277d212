/* SPDX-License-Identifier: MIT */
/* An open text of a view. The text is its node's (fs/tree/text.h) and is made by the first open. */
#ifndef BIGFS_FS_TREE_TEXT_FILE_H
#define BIGFS_FS_TREE_TEXT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/index/index_directory.h"
#include "core/index/record_index.h"
#include "fs/tree/driver.h"
#include "fs/tree/node.h"

struct text_file {
    const struct node *node;           /* the kernel knows it as long as this is open */
    struct index_directory *directory; /* of the driver */
    struct record_index *index;        /* a reference, or NULL if the view needs none */
    char *path;                        /* view_text.path; owned */
};

/*
 * Opens a text of a pinned reading, and makes it if needed. `accepts_growth`: a text of the file as
 * it was before it grew is acceptable. Scans as view_resolve() does. Returns 0, or -errno as
 * handle_open(): -ESTALE if the name now means another text, -EFBIG if it would exceed the largest
 * file size.
 */
int text_file_open(struct text_file *open, struct driver *driver, const struct node *node,
                   const struct reading *reading, bool accepts_growth);
void text_file_close(struct text_file *open);

/*
 * Copies up to `size` bytes of the text at `offset`. *got < size only at the end. Returns 0,
 * -ESTALE if the file has been rewritten, -CANCELLED, or as view_resolve(). Thread-safe.
 */
int text_file_read(const struct text_file *open, const struct reading *reading, uint64_t offset,
                   char *buffer, size_t size, size_t *got);

#endif
