/* SPDX-License-Identifier: MIT */
/*
 * What is larger than all the space of an index directory is not kept: the next sweep would remove
 * it, and others before it.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_ROOM_H
#define BIGFS_CORE_INDEX_INDEX_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/index/index_directory.h"
#include "core/index/kept_type.h"

/* Whether the directory may keep so many bytes of disk space in one file. */
bool index_room_has(const struct index_directory *directory, uint64_t bytes);

/*
 * Notes that what the type is of would take so many bytes, which is too much, and warns of it, once
 * for each file. `path` is the source; NULL: that of `fd`. Thread-safe.
 */
void index_room_warn(struct index_directory *directory, const struct kept_type *type,
                     uint64_t bytes, const char *path, int fd);

#endif
