/* SPDX-License-Identifier: MIT */
/*
 * Views: the ways to cut a content, and the names by which they are chosen.
 *
 *     lines@n16,header=2          type, partition, header records
 *     rows@5000                   type, partition
 *     sorted@header               type, header records
 *     bytes@1M,from=4G,pin=WORD   type, partition, where it begins, which content it is of
 *
 * Each type of view is a pair of files and a row of the table in core/view/view_types.h. Nothing
 * here knows about FUSE or nodes. Names are bytes; no function stores them.
 */
#ifndef BIGFS_CORE_VIEW_VIEW_H
#define BIGFS_CORE_VIEW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/view/view_type.h"

/* Parses VIEW[@ARG[,ARG]…]. Returns 0, or -ENOENT if the name is not of this form. */
int view_parse(const char *name, size_t length, const struct view_defaults *defaults,
               struct view *view);

/* Whether its pieces are numbered; otherwise they are ranges, or none is listed. */
bool view_is_numbered(const struct view *view);

/* Whether its pieces are found by an index: its type needs one, or its record format does. */
bool view_needs_index(const struct view *view);

/* Whether it is of one content alone, which pin=WORD names. */
bool view_is_pinned(const struct view *view);

/* Whether a content may not have what it is of: view_file_limit() then may fail. */
bool view_is_limited(const struct view *view);

/* How many bytes of a content of `size` bytes it is of, before from and to: those of its pin. */
uint64_t view_size(const struct view *view, uint64_t size);

/*
 * Sets the size to view_size(), and checks that the content has what the view is of. If the view is
 * pinned the reading must be so too. Returns 0, -ENOENT if `from` or `to` is outside the content,
 * or as word_confirm(): -ESTALE if it is another content.
 */
int view_file_limit(struct view_file *file, const struct view *view);

/*
 * Checks that what was read of the file until now is of the content that the view is pinned to, if
 * it is. Returns as word_confirm().
 */
int view_file_confirm(const struct view_file *file, const struct view *view);

/*
 * view_file_limit(), and then, if the view needs an index: sets file->index, a reference that the
 * caller owns, file->records, and the size to what the index covers of what the view is of. In that
 * case the reading must be pinned. Returns as view_file_limit(), index_get() and rows_find(); on
 * failure there is no index.
 */
int view_file_complete(struct view_file *file, const struct view *view,
                       struct index_directory *directory);

/* How many pieces a file has in a numbered view; 0 in other views. Does not read the file. */
uint64_t view_count(const struct view *view, const struct view_file *file);

/*
 * Steps through the pieces of a view in the order of the file. *cursor is 0 at the start and at
 * most the size otherwise. Sets *selector to the next piece and moves *cursor past it. In a
 * numbered view it does not read the file. Returns 0, -NO_MORE_PIECES after the last piece, or an
 * error as holes_seek().
 */
int view_next(const struct view *view, const struct view_file *file, uint64_t *cursor,
              struct selector *selector);

/*
 * Finds the bytes of a file that a selector selects. Returns 0, -ENOENT if there is no such piece,
 * or an error as boundary_find(), rows_find() and holes_seek().
 */
int view_resolve(const struct view *view, const struct selector *selector,
                 const struct view_file *file, struct piece *piece, struct piece_data *data);

/*
 * Whether the selector that selects `data`, as view_resolve() found, may select something else once
 * the file has been appended to. Does not read the file.
 */
bool view_depends_on_growth(const struct view *view, const struct view_file *file,
                            const struct piece_data *data);

#endif
