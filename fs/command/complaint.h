/* SPDX-License-Identifier: MIT */
/* Error messages of the command on standard error. */
#ifndef BIGFS_FS_COMMAND_COMPLAINT_H
#define BIGFS_FS_COMMAND_COMPLAINT_H

/* The exit status for a wrong command line. All other failures exit with EXIT_FAILURE. */
enum { EXIT_USAGE = 2 };

/*
 * Writes one line to standard error: "bigfs: " and the text, which is formatted as by printf(3) and
 * says what is wrong and what to do. Control characters and backslashes are escaped as in
 * core/base/printable.h. Returns `status`. Thread-safe.
 */
__attribute__((format(printf, 2, 3))) int complain(int status, const char *format, ...);

/* The same for -ENOMEM. Returns EXIT_FAILURE. */
int complain_of_memory(void);

/* Advice for a positive errno, such as "free some memory". Never NULL. */
const char *complaint_cure(int error);

#endif
