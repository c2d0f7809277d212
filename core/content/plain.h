/* SPDX-License-Identifier: MIT */
/*
 * Plain content: the unchanged bytes of a file.
 *
 * Large reads are copied from the bounded windows (core/file/window.h), inside the fault guard. If
 * waiting is allowed, pages that are not resident are brought in first. Other reads use pread(2):
 * small ones, those of files that may not be mapped, and those for which no window is free.
 * docs/performance.md has the figures.
 */
#ifndef BIGFS_CORE_CONTENT_PLAIN_H
#define BIGFS_CORE_CONTENT_PLAIN_H

#include "core/content/content.h"

extern const struct content_type plain_content;

#endif
