/* SPDX-License-Identifier: MIT */
/* The one place that turns an error of the core into what a reader gets. */
#ifndef BIGFS_FS_SERVE_ERRORS_H
#define BIGFS_FS_SERVE_ERRORS_H

#include <stdint.h>

/* The errno for a reader (positive) for an error of the core (negative). */
int error_for_reader(int error);

/*
 * What was seen, if a reader gets EIO for such an error: a short text for people, which the caller
 * does not keep. "": EIO itself.
 */
const char *error_cause(int error);

/*
 * For how many ms a request with this error is put aside and tried again; 0: it has failed for
 * good.
 */
int64_t error_patience_ms(int error);

#endif
