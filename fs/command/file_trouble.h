/* SPDX-License-Identifier: MIT */
/* Why a file cannot be read without a mount, in words. */
#ifndef BIGFS_FS_COMMAND_FILE_TROUBLE_H
#define BIGFS_FS_COMMAND_FILE_TROUBLE_H

struct file_trouble {
    int error;        /* an errno, or of core/base/outcome.h; positive; 0 ends a table */
    const char *text; /* what is wrong with the file, and what to do */
};

/*
 * What is wrong with a file, and what to do. `own` are troubles that a command has words of its own
 * for; it comes first. `error` is negative. For an error that is in no table it is the message of
 * the system. Never NULL.
 */
const char *file_trouble_text(const struct file_trouble *own, int error);

#endif
