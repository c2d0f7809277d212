/* SPDX-License-Identifier: MIT */
/* .bigfs/status: the settings and the state of the mount, for people. */
#ifndef BIGFS_FS_GENERATED_STATUS_H
#define BIGFS_FS_GENERATED_STATUS_H

#include "fs/tree/generated_type.h"

extern const struct generated_type status_report;

#endif
