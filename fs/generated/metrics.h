/* SPDX-License-Identifier: MIT */
/* .bigfs/metrics: counters and gauges, in the text format of Prometheus. */
#ifndef BIGFS_FS_GENERATED_METRICS_H
#define BIGFS_FS_GENERATED_METRICS_H

#include "fs/tree/generated_type.h"

extern const struct generated_type metrics_report;

#endif
