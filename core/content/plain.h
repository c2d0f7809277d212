/*
 * Plain content: the bytes of a file, as they are.
 *
 * Large reads are copied from the bounded windows (core/file/window.h), inside the fault guard.
 * What is not resident is brought into the window first, if waiting is allowed. Other reads are
 * pread(2): small ones, those of files that may not be mapped, resident bytes of a file that is
 * larger than all windows, and those for which no window is free. docs/architecture.md has the
 * figures.
 */
#ifndef BIGFS_CORE_CONTENT_PLAIN_H
#define BIGFS_CORE_CONTENT_PLAIN_H

#include "core/content/content.h"

extern const struct content_type plain_content;

#endif
