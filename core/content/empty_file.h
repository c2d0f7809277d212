/*
 * Whether a file of size 0 is empty. Files of some file systems, such as /proc, have the size 0 and
 * a content all the same. Their bytes cannot be read like those of a file of a known size, so this
 * is an error.
 */
#ifndef BIGFS_CORE_CONTENT_EMPTY_FILE_H
#define BIGFS_CORE_CONTENT_EMPTY_FILE_H

#include "core/content/reading.h"

/*
 * Asks the file of a pinned reading, which had the size 0. Returns 0 if it is empty, or has grown
 * since; -SIZE_UNTOLD if it has bytes but says that it has none; why it cannot be read; or as
 * reading_borrow(). Blocks as a read does. Thread-safe.
 */
int empty_file_check(const struct reading *reading);

#endif
