/* SPDX-License-Identifier: MIT */
/*
 * Copies bytes of a file: from a window if the read is large, the reading pinned, and a window
 * free; else by pread(2).
 *
 * What is copied may be trusted only after reading_check(). All functions are thread-safe.
 */
#ifndef BIGFS_CORE_CONTENT_PLAIN_READ_H
#define BIGFS_CORE_CONTENT_PLAIN_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/reading.h"

/* A part of a file to copy, all of it data. */
struct plain_part {
    char *buffer;
    size_t length;
    uint64_t offset;
};

/*
 * Copies all of it. Blocks as pread(2). Returns 0, -FILE_TOO_SHORT if the file ends earlier, or a
 * read error.
 */
int plain_read(const struct reading *reading, int fd, const struct plain_part *part);

/* The same without waiting; returns -NOT_AT_ONCE if it would have to. Hardly ever blocks. */
int plain_read_at_once(const struct reading *reading, int fd, const struct plain_part *part);

/*
 * Whether the file may be mapped. The first call asks its file system, and may block. Before that,
 * plain_read_at_once() maps nothing.
 */
bool plain_is_mappable(const struct reading *reading, int fd);

#endif
