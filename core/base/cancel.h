/* SPDX-License-Identifier: MIT */
/*
 * How long work finds out that its result is no longer wanted.
 *
 * A thread that starts work that may scan passes it a `struct cancel`. The work asks between short
 * steps and ends with -CANCELLED (core/base/outcome.h) if the answer is yes. NULL means "never
 * cancelled".
 */
#ifndef BIGFS_CORE_BASE_CANCEL_H
#define BIGFS_CORE_BASE_CANCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cancel {
    bool (*asked)(void *argument); /* must be callable from any thread, must not block */
    void *argument;
    int64_t since; /* when the answer was asked for: CLOCK_MONOTONIC, ms; 0: not known */
};

static inline bool cancel_asked(const struct cancel *cancel)
{
    return cancel != NULL && cancel->asked(cancel->argument);
}

#endif
