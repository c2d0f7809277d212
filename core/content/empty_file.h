/* SPDX-License-Identifier: MIT */
/*
 * Whether a file of size 0 is empty. Files of some file systems, such as /proc, have size 0 and
 * content nevertheless. They cannot be read like files of a known size, so this is an error.
 */
#ifndef BIGFS_CORE_CONTENT_EMPTY_FILE_H
#define BIGFS_CORE_CONTENT_EMPTY_FILE_H

#include "core/content/reading.h"

/*
 * Checks the file of a pinned reading, which had size 0. Returns 0 if it is empty or has grown
 * since, -SIZE_UNTOLD if it has bytes although its size is 0, why it cannot be read, or an error as
 * reading_borrow(). Blocks as a read does. Thread-safe.
 */
int empty_file_check(const struct reading *reading);

#endif
