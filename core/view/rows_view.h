/* The view `rows`: as many records in each piece, and ranges of records, by an index. */
#ifndef BIGFS_CORE_VIEW_ROWS_VIEW_H
#define BIGFS_CORE_VIEW_ROWS_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type rows_view;

#endif
