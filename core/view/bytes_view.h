/* SPDX-License-Identifier: MIT */
/* The view `bytes`: pieces of equal size, and ranges of bytes. */
#ifndef BIGFS_CORE_VIEW_BYTES_VIEW_H
#define BIGFS_CORE_VIEW_BYTES_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type bytes_view;

#endif
