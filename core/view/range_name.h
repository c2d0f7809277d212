/* SPDX-License-Identifier: MIT */
/* The names of ranges, which types of views read. */
#ifndef BIGFS_CORE_VIEW_RANGE_NAME_H
#define BIGFS_CORE_VIEW_RANGE_NAME_H

#include <stdbool.h>

#include "core/view/view_type.h"

/*
 * Reads "OFFSET+LENGTH" and "-LENGTH", whose numbers `parse` reads as core/base/quantity.h does.
 * Returns whether the name is one of these.
 */
bool range_name_read(const char *name,
                     int (*parse)(const char *text, size_t length, uint64_t *value),
                     struct selector *selector);

#endif
