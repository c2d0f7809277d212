/* SPDX-License-Identifier: MIT */
/* The view `rows`: pieces of equally many records, and ranges of records, found by an index. */
#ifndef BIGFS_CORE_VIEW_ROWS_VIEW_H
#define BIGFS_CORE_VIEW_ROWS_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type rows_view;

#endif
