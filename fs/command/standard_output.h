/* SPDX-License-Identifier: MIT */
/* What commands write to standard output: all of it arrives, or the command fails. */
#ifndef BIGFS_FS_COMMAND_STANDARD_OUTPUT_H
#define BIGFS_FS_COMMAND_STANDARD_OUTPUT_H

#include <stddef.h>

/*
 * Writes all bytes. Returns 0 or -errno, as write(2): -EBADF if standard output is closed. Blocks
 * as write(2) does. What was printed by stdio before and not flushed comes after it.
 */
int standard_output_write(const char *bytes, size_t length);

/*
 * Writes what stdio has printed. Returns EXIT_SUCCESS, or EXIT_FAILURE after one line on standard
 * error if any of it could not be written.
 */
int standard_output_finish(void);

/* Says in one line that writing failed. `error` is negative. Returns EXIT_FAILURE. */
int standard_output_complain(int error);

#endif
