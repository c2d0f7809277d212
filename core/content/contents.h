/* SPDX-License-Identifier: MIT */
/* The kinds of content: a row and a pair of files each. */
#ifndef BIGFS_CORE_CONTENT_CONTENTS_H
#define BIGFS_CORE_CONTENT_CONTENTS_H

#include "core/content/content.h"

/* Ends with NULL. The first is the plain file; the others are tried in this order. */
extern const struct content_type *const content_types[];

/* The kind of content with this number, or NULL. */
const struct content_type *content_type_numbered(uint16_t number);

/*
 * The kind of content that the file holds besides its own bytes, or NULL. *certain: its ends tell
 * that it can be had; if not, a map must be made to find out. The reading must be of the plain
 * file, and pinned. Blocks as reads of the file do. Thread-safe.
 */
const struct content_type *content_held_by(const struct reading *file, bool *certain);

#endif
