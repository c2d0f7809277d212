/* SPDX-License-Identifier: MIT */
/*
 * The arguments of views: what stands after the @ of a name, in any order, each at most once.
 *
 *     lines@n16,header=2,from=10G,to=20G
 *
 * Each argument is a row of a table. The type of a view says which it takes (view_type.takes).
 */
#ifndef BIGFS_CORE_VIEW_VIEW_ARGUMENT_H
#define BIGFS_CORE_VIEW_VIEW_ARGUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/view/view_type.h"

/*
 * Reads ARG[,ARG]… into a view whose type is set. `patterns` are formats that may be named; NULL:
 * none. Returns whether each is an argument that the type takes, given once.
 */
bool view_arguments_parse(const char *text, size_t length, const struct patterns *patterns,
                          struct view *view);

/*
 * Writes to `reason` (`room` bytes) why view_arguments_parse() does not take what it was given: one
 * line such as "write 64M", cut if it is too long. May only be called if it has returned false.
 */
void view_arguments_explain(const char *text, size_t length, const struct patterns *patterns,
                            const struct view_type *type, char *reason, size_t room);

/*
 * Whether a pattern may have this name: [a-z][a-z0-9_-]*, at most 64 bytes, and not what an
 * argument is called or means already.
 */
bool view_argument_may_name_pattern(const char *name);

#endif
