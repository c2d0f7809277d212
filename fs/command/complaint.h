/* SPDX-License-Identifier: MIT */
/* Messages on standard error if the command cannot do what it was asked to do. */
#ifndef BIGFS_FS_COMMAND_COMPLAINT_H
#define BIGFS_FS_COMMAND_COMPLAINT_H

/* The exit status if the command line is wrong. EXIT_FAILURE is for everything else. */
enum { EXIT_USAGE = 2 };

/*
 * Writes one line to standard error: "bigfs: " and the text, which is formatted as by printf(3) and
 * says what is wrong and what to do. Control characters and backslashes are escaped as in
 * core/base/printable.h. Returns `status`. Thread-safe.
 */
__attribute__((format(printf, 2, 3))) int complain(int status, const char *format, ...);

/* The same for -ENOMEM. Returns EXIT_FAILURE. */
int complain_of_memory(void);

/* What to do about an errno, which is positive, such as "free some memory". Never NULL. */
const char *complaint_cure(int error);

#endif
