/* SPDX-License-Identifier: MIT */
/* The view `extents`: a piece for each extent of data, named by its range. */
#ifndef BIGFS_CORE_VIEW_EXTENTS_VIEW_H
#define BIGFS_CORE_VIEW_EXTENTS_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type extents_view;

#endif
