/* SPDX-License-Identifier: MIT */
/*
 * The one place for replies: each request ends here, once, and is counted with its duration.
 *
 * All functions are thread-safe. The request is invalid afterwards. Functions that hand a reference
 * to the kernel return false if nobody waits for the answer any more; the caller then keeps the
 * reference.
 */
#ifndef BIGFS_FS_SERVE_REPLY_H
#define BIGFS_FS_SERVE_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs/serve/request.h"

/* Answers with an error of the core, -errno (fs/serve/errors.h). */
void reply_error(const struct request *request, int error);

/* Answers with 0, or with an errno that is not a failure, such as ENODATA. */
void reply_errno(const struct request *request, int answer);

/*
 * Ends a request that failed: puts it aside if it may succeed later (fs/serve/aside.h), otherwise
 * answers with the error.
 */
void reply_failure(const struct request *request, int error);

void reply_nothing(const struct request *request);
void reply_data(const struct request *request, const char *bytes, size_t size);
void reply_attributes(const struct request *request, const struct stat *attributes,
                      double believed);
void reply_link(const struct request *request, const char *target);
void reply_place(const struct request *request, uint64_t offset);
void reply_statistics(const struct request *request, const struct statvfs *statistics);
void reply_size(const struct request *request, size_t size);
bool reply_entry(const struct request *request, const struct fuse_entry_param *entry);
bool reply_open(const struct request *request);

#endif
