/* SPDX-License-Identifier: MIT */
#include "fs/tree/piece_handle.h"

#include "core/content/word_note.h"

static int read_piece_handle(const struct handle *handle, uint64_t offset, char *buffer,
                             size_t size, const struct cancel *cancel, size_t *got)
{
    const struct reading reading = reading_for(&handle->reading, cancel);
    struct piece slice = piece_slice(&handle->piece, offset, size);

    *got = (size_t)piece_length(&slice);
    int error = piece_read(&slice, &reading, buffer);
    return error != 0 ? error : word_confirm(&reading, &handle->word);
}

static int seek_piece_handle(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                             const struct cancel *cancel, uint64_t *found)
{
    const struct reading reading = reading_for(&handle->reading, cancel);
    int error = piece_seek(&handle->piece, &reading, kind, offset, found);
    int other = word_confirm(&reading, &handle->word);
    return other != 0 ? other : error;
}

const struct handle_type piece_handle = {
    .is_piece = true,
    .lane = LANE_READS,
    .read = read_piece_handle,
    .seek = seek_piece_handle,
};
