/* SPDX-License-Identifier: MIT */
#include "core/content/compressed.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/codec/codec.h"
#include "core/content/decoding.h"
#include "core/content/map_note.h"

bool compressed_is_held_by(const struct content_type *type, const struct file_ends *ends,
                           bool *certain)
{
    const struct codec *codec = type->codec;

    if (!codec->recognises(ends->head, ends->length))
        return false;
    *certain = codec->can_be_cut == NULL || codec->can_be_cut(ends->file, ends->tail, ends->length);
    return true;
}

int compressed_is_ready(const struct reading *reading)
{
    struct map_note *note = map_note_of(reading->generation);
    const int64_t since = reading->cancel != NULL ? reading->cancel->since : 0;
    return note != NULL ? map_note_serves(note, generation_size(reading->generation), since)
                        : -ENOMEM;
}

uint64_t compressed_size(const struct reading *reading)
{
    struct map_note *note = map_note_of(reading->generation);
    return note != NULL ? map_note_size(note) : 0;
}

uint64_t compressed_covered(const struct reading *reading)
{
    struct map_note *note = map_note_of(reading->generation);
    return note != NULL ? map_note_walked(note) : 0;
}

/* Reads that were asked for count as those of a plain file do; probes count where they are made. */
static void count_copied(const struct reading *reading, size_t length)
{
    atomic_fetch_add(&reading->source->pool->bytes_read, length);
}

int compressed_copy(const struct reading *reading, int fd, void *buffer, size_t length,
                    uint64_t offset, enum content_way way)
{
    struct map_note *note = map_note_of(reading->generation);
    struct content_map *map = note != NULL ? map_note_get(note) : NULL;

    if (map == NULL)
        return note == NULL ? -ENOMEM : -ESTALE; /* it cannot be pinned without */
    int error = offset <= map->size && length <= map->size - offset
                    ? decoding_copy(reading, fd, map, buffer, length, offset, way)
                    : -FILE_TOO_SHORT;
    content_map_unref(map);
    if (error == 0)
        count_copied(reading, length);
    return error;
}

/* If a damaged unit is in the way, what comes before it is lent. */
int compressed_lend(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                    uint8_t *scratch, struct content_loan *loan)
{
    /* To the end of a decoded block: the next loan is one block, then. */
    const uint64_t block_end = (offset / DECODED_BLOCK + 1) * DECODED_BLOCK;
    size_t length = (size_t)min_u64(min_u64(most, CONTENT_SCRATCH), block_end - offset);
    int error = compressed_copy(reading, fd, scratch, length, offset, CONTENT_PROBES);

    while (error == -EBADMSG && length > 1) {
        length /= 2;
        error = compressed_copy(reading, fd, scratch, length, offset, CONTENT_PROBES);
    }
    *loan = (struct content_loan){.bytes = scratch, .length = length};
    return error;
}
