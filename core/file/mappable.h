/* SPDX-License-Identifier: MIT */
/*
 * Whether a file may be looked at through a mapping (core/file/window.h).
 *
 * The answer is its file system's (FILE_SYSTEM_MAPPABLE in core/file/file_system_kind.h), which is
 * asked once. Files that may not be mapped are copied.
 */
#ifndef BIGFS_CORE_FILE_MAPPABLE_H
#define BIGFS_CORE_FILE_MAPPABLE_H

#include <stdatomic.h>
#include <stdbool.h>

/* What is known of a file. All zeros: nothing. */
struct mappable {
    atomic_int answer;
};

/*
 * Whether the file open as `fd` may be mapped; false if this cannot be found out. The first call
 * asks the file system, and blocks as statfs(2) does. Thread-safe.
 */
bool mappable_ask(struct mappable *mappable, int fd);

/*
 * Whether the file is known to be mappable: false also before the first mappable_ask(). Does not
 * block.
 */
bool mappable_known(const struct mappable *mappable);

#endif
