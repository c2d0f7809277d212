/* SPDX-License-Identifier: MIT */
/* Extensions of file names. Pure functions. */
#ifndef BIGFS_CORE_BASE_EXTENSION_H
#define BIGFS_CORE_BASE_EXTENSION_H

#include <stddef.h>

/* The last `.suffix` of a file's name, with the dot, or "": a part of `name`. */
const char *file_extension(const char *name);

/*
 * How much of the name of a compressed file is the name of what it holds: all but .gz, .bgz, .zst
 * or .xz. "old.log.gz": 7.
 */
size_t held_name_length(const char *name);

#endif
