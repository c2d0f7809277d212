/* SPDX-License-Identifier: MIT */
/* .bigfs/version: the version of bigfs. */
#ifndef BIGFS_FS_GENERATED_VERSION_H
#define BIGFS_FS_GENERATED_VERSION_H

#include "fs/tree/generated_type.h"

extern const struct generated_type version_report;

#endif
