/*
 * Whether a file of size 0 is empty. Files of some file systems, such as /proc, have the size 0 and
 * a content all the same. Its bytes cannot be had as those of a file of a known size: that is an
 * error, and no empty file.
 */
#ifndef BIGFS_CORE_CONTENT_EMPTY_FILE_H
#define BIGFS_CORE_CONTENT_EMPTY_FILE_H

#include "core/content/source.h"

/*
 * Asks the file of a pinned generation, which had the size 0. Returns 0 if it is empty, or has
 * grown since; -SIZE_UNTOLD if it has bytes that its size does not tell of; why it cannot be read;
 * or as source_borrow. Blocks as a read does. Thread-safe.
 */
int empty_file_check(struct source *source, struct generation *generation);

#endif
