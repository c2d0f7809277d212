/* SPDX-License-Identifier: MIT */
/*
 * The view `whole`: the content, unsplit. It is listed beside the others, but is not a directory.
 */
#ifndef BIGFS_CORE_VIEW_WHOLE_VIEW_H
#define BIGFS_CORE_VIEW_WHOLE_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type whole_view;

/* These select its only piece. */
extern const struct view whole_of_file;
extern const struct selector whole_selector;

#endif
