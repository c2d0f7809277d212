/* SPDX-License-Identifier: MIT */
/*
 * The names of pieces within a view:
 *
 *     000005.log  5               a number, padded or not, with or without the extension
 *     4096+100  -100              a range of bytes, the last bytes
 *     000000000004096+100         an extent; its offset padded or not
 *     11-20  11+10  -10           lines, counted from 1; the last lines
 *     FROM..TO  PREFIX            records by key (core/view/key_name.h)
 *
 * Names are bytes; no function stores them, but a selector of keys borrows its name.
 */
#ifndef BIGFS_CORE_VIEW_PIECE_NAME_H
#define BIGFS_CORE_VIEW_PIECE_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/view/view.h"

/* The longest name that is made: the limit of a directory entry. */
enum { PIECE_NAME_MOST = 255 };

/*
 * Writes the name of a piece, as a listing shows it, to `name`, which has room for PIECE_NAME_MOST
 * + 1 bytes. `count` is the file's view_count(); the selector comes from view_next().
 */
void piece_name_write(const struct view *view, const char *extension, uint64_t count,
                      const struct selector *selector, char *name);

/* The name of the piece of a view that has only one: "whole.EXT". */
void piece_name_write_single(const struct view_type *type, const char *extension, char *name);

/* The type of view whose only piece has this name, with or without EXT; or NULL. */
const struct view_type *piece_name_find_single(const char *extension, const char *name);

/*
 * Parses the name of a piece of a file with `count` numbered pieces. Returns 0, or -ENOENT if it
 * fits no rule or is a number that the file does not have.
 */
int piece_name_read(const struct view *view, const char *extension, uint64_t count,
                    const char *name, struct selector *selector);

#endif
