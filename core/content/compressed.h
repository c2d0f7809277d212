/* SPDX-License-Identifier: MIT */
/*
 * Compressed contents: the plain bytes that a file holds, one kind for each codec.
 *
 * A content is read with the map of its generation (core/content/map_note.h). Until that is there,
 * a reading cannot be pinned: -AWAITS_INDEX.
 */
#ifndef BIGFS_CORE_CONTENT_COMPRESSED_H
#define BIGFS_CORE_CONTENT_COMPRESSED_H

#include "core/content/content_type.h"

/* The functions of content_type. */
bool compressed_is_held_by(const struct content_type *type, const struct file_ends *ends,
                           bool *certain);
int compressed_is_ready(const struct reading *reading);
uint64_t compressed_size(const struct reading *reading);
uint64_t compressed_covered(const struct reading *reading);
int compressed_copy(const struct reading *reading, int fd, void *buffer, size_t length,
                    uint64_t offset, enum content_way way);
int compressed_lend(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                    uint8_t *scratch, struct content_loan *loan);

/* A row of the table of contents. The name and the number are those of the codec. */
#define COMPRESSED_CONTENT(its_name, its_number, its_codec)                                        \
    {                                                                                              \
        .name = (its_name), .number = (its_number), .codec = (its_codec),                          \
        .is_held_by = compressed_is_held_by, .is_ready = compressed_is_ready,                      \
        .size_of = compressed_size, .covered = compressed_covered, .copy = compressed_copy,        \
        .lend = compressed_lend,                                                                   \
    }

#endif
