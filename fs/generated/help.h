/* SPDX-License-Identifier: MIT */
/*
 * .bigfs/help: the names that can be asked for, for people who have only the mount. What it says of
 * views, arguments, formats and generated files comes from their tables.
 */
#ifndef BIGFS_FS_GENERATED_HELP_H
#define BIGFS_FS_GENERATED_HELP_H

#include "fs/tree/generated_type.h"

extern const struct generated_type help_report;

#endif
