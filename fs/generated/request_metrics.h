/* SPDX-License-Identifier: MIT */
/* The metrics of requests: how many, of how many bytes, how long they took, and how they failed. */
#ifndef BIGFS_FS_GENERATED_REQUEST_METRICS_H
#define BIGFS_FS_GENERATED_REQUEST_METRICS_H

#include <stdio.h>

#include "fs/serve/server.h"

void write_request_metrics(FILE *out, const struct server *server);

#endif
