/* SPDX-License-Identifier: MIT */
/*
 * The view `lines`: whole records. A record belongs to the piece in whose nominal range its first
 * byte lies.
 */
#ifndef BIGFS_CORE_VIEW_LINES_VIEW_H
#define BIGFS_CORE_VIEW_LINES_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type lines_view;

#endif
