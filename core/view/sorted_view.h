/* SPDX-License-Identifier: MIT */
/*
 * The view `sorted`: ranges of a content whose records are in bytewise order, by key. It has no
 * pieces of its own, only what is asked for by name.
 */
#ifndef BIGFS_CORE_VIEW_SORTED_VIEW_H
#define BIGFS_CORE_VIEW_SORTED_VIEW_H

#include "core/view/view_type.h"

extern const struct view_type sorted_view;

#endif
