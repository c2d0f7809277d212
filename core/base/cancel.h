/*
 * How long work learns that no one waits for it any more.
 *
 * A thread that starts work that may scan lends it a `struct cancel`; the work asks between short
 * steps and ends with -CANCELLED (core/base/outcome.h) once the answer is yes. NULL stands for
 * "never cancelled".
 */
#ifndef BIGFS_CORE_BASE_CANCEL_H
#define BIGFS_CORE_BASE_CANCEL_H

#include <stdbool.h>
#include <stddef.h>

struct cancel {
    bool (*asked)(void *argument); /* must be callable from any thread, must not block */
    void *argument;
};

static inline bool cancel_asked(const struct cancel *cancel)
{
    return cancel != NULL && cancel->asked(cancel->argument);
}

#endif
