/* SPDX-License-Identifier: MIT */
/*
 * Why a name fits no rule, for people: one line such as "write 64M" for lines@64MB, or "pieces are
 * numbered from 0 to 15".
 *
 * The functions that read names say only that they fail, as most names that fail are probes of file
 * managers. These look again, and are for the few cases in which somebody wants to know. They do
 * not read the file, and may only be called for a name that was refused.
 */
#ifndef BIGFS_CORE_VIEW_NAME_REASON_H
#define BIGFS_CORE_VIEW_NAME_REASON_H

#include "core/view/view.h"

/* Room for the longest reason. Names in it may be cut. */
enum { NAME_REASON_MOST = 400 };

struct name_reason {
    char text[NAME_REASON_MOST];
};

/* Why view_parse() refuses the name of a view. */
void name_reason_of_view(const char *name, size_t length, const struct view_defaults *defaults,
                         struct name_reason *reason);

/* Why view_file_limit() finds that a content of `size` bytes has not got what the view is of. */
void name_reason_of_span(const struct view *view, uint64_t size, struct name_reason *reason);

/*
 * Why piece_name_read() refuses the name of a piece of this file, or view_resolve() does not find
 * it. `extension` is that of the pieces.
 */
void name_reason_of_piece(const struct view *view, const char *extension,
                          const struct view_file *file, const char *name,
                          struct name_reason *reason);

#endif
