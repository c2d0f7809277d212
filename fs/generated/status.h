/* SPDX-License-Identifier: MIT */
/* .bigfs/status: what the mount is and does, in a form for people. */
#ifndef BIGFS_FS_GENERATED_STATUS_H
#define BIGFS_FS_GENERATED_STATUS_H

#include "fs/tree/generated_type.h"

extern const struct generated_type status_report;

#endif
