/* The kinds of content: a row and a pair of files each. */
#ifndef BIGFS_CORE_CONTENT_CONTENTS_H
#define BIGFS_CORE_CONTENT_CONTENTS_H

#include "core/content/content.h"

/* Ends with NULL. The first one is the file as it is; the others are looked for in this order. */
extern const struct content_type *const content_types[];

/*
 * The kind of content that the file holds beside its own bytes, or NULL. The reading is of the file
 * as it is, and pinned. Blocks as reads of the file do. Thread-safe.
 */
const struct content_type *content_held_by(const struct reading *file);

#endif
