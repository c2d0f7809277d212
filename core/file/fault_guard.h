/* SPDX-License-Identifier: MIT */
/*
 * Touching mapped bytes of a file that another program may truncate, or whose disk may fail.
 *
 * Such a touch raises SIGBUS. Code that reads a mapping runs inside fault_guard_call(), which turns
 * the signal into an error of that one call. A SIGBUS from anywhere else still ends the process.
 */
#ifndef BIGFS_CORE_FILE_FAULT_GUARD_H
#define BIGFS_CORE_FILE_FAULT_GUARD_H

#include <stddef.h>

/*
 * Installs the SIGBUS handler for the whole process. Call it once, before the first
 * fault_guard_call(). Returns 0 or -errno.
 */
int fault_guard_install(void);

/*
 * Calls work(argument), which reads the `length` mapped bytes at `bytes`. Returns 0, or -EFAULT if
 * one of these bytes could not be read. In that case `work` is left halfway, so it must not take
 * locks or allocate. Calls do not nest. Thread-safe: each thread has a guard of its own.
 */
int fault_guard_call(const void *bytes, size_t length, void (*work)(void *argument),
                     void *argument);

#endif
