/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_ZSTD
#include "core/codec/zstd_seek_table.h"

#include <endian.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/codec/zstd_frame.h"

enum {
    FOOTER = 9,
    ENTRY_LEAST = 8,
    ENTRY_WITH_CHECKSUM = 12,
    FLAG_CHECKSUMS = 0x80,
    FLAGS_RESERVED = 0x7c,
    FRAME_LEAST = 8, /* no frame is shorter, skippable or not */

    /*
     * Tables with more entries are not used. Each stream goes through all entries, which takes
     * about 10 ms for so many.
     */
    ENTRIES_MOST = 4 * 1024 * 1024,

    /* This many frames are looked at, besides the first and the last. */
    SAMPLES = 14,
};

static const uint32_t table_magic = 0x184d2a5e;
static const uint32_t footer_magic = 0x8f92eab1;

/* Takes the footer. False: there is none, or it cannot be used. */
static bool zstd_take_footer(const struct codec_file *file, const uint8_t *bytes,
                             struct zstd_seek_table *table)
{
    const uint8_t flags = bytes[4];
    if (zstd_number(bytes + 5, 4) != footer_magic || (flags & FLAGS_RESERVED) != 0)
        return false;
    table->count = (uint32_t)zstd_number(bytes, 4);
    table->entry_size = (flags & FLAG_CHECKSUMS) != 0 ? ENTRY_WITH_CHECKSUM : ENTRY_LEAST;
    const uint64_t whole =
        ZSTD_SKIPPABLE_HEADER + (uint64_t)table->count * table->entry_size + FOOTER;
    if (table->count == 0 || table->count > ENTRIES_MOST || whole > file->size)
        return false;
    table->start = file->size - whole;
    return true;
}

int zstd_seek_table_find(const struct codec_file *file, uint64_t place,
                         struct zstd_seek_table *table, enum zstd_table_use *use)
{
    struct zstd_bytes bytes;
    *table = (struct zstd_seek_table){.input.room = ZSTD_TABLE_ROOM, .wanted = place};
    *use = ZSTD_TABLE_NOT_USED;
    if (file->size < FOOTER)
        return 0;
    int error = zstd_input_get(&table->input, file, file->size - FOOTER, FOOTER, &bytes);
    if (error != 0 || !zstd_take_footer(file, bytes.at, table))
        return error;
    error = zstd_input_get(&table->input, file, table->start, ZSTD_SKIPPABLE_HEADER, &bytes);
    if (error == 0 && zstd_number(bytes.at, 4) == table_magic &&
        zstd_number(bytes.at + 4, 4) == file->size - table->start - ZSTD_SKIPPABLE_HEADER)
        *use = ZSTD_TABLE_UNSURE;
    return error;
}

/* The bytes of the next entries, and how many those are: at least one. */
static int zstd_get_entries(const struct codec_file *file, struct zstd_seek_table *table,
                            const uint8_t **bytes, size_t *count)
{
    struct zstd_bytes got;
    const uint32_t number = table->next.number;
    const uint64_t at = table->start + ZSTD_SKIPPABLE_HEADER + (uint64_t)number * table->entry_size;
    int error = zstd_input_get(&table->input, file, at, table->entry_size, &got);
    if (error != 0)
        return error;
    *bytes = got.at;
    *count = (size_t)min_u64(got.length / table->entry_size, table->count - number);
    return 0;
}

static void zstd_take_entry(const uint8_t *bytes, struct zstd_entry *entry)
{
    uint32_t words[2];
    memcpy(words, bytes, sizeof(words)); /* faster than zstd_number(), for a million of them */
    entry->length = le32toh(words[0]);
    entry->holds = le32toh(words[1]);
}

static void zstd_pass_entry(const struct zstd_entry *entry, struct zstd_entry *next)
{
    next->number++;
    next->file += entry->length;
    next->plain += entry->holds;
}

int zstd_seek_table_next(const struct codec_file *file, struct zstd_seek_table *table,
                         struct zstd_entry *entry)
{
    const uint8_t *bytes;
    size_t count;
    int error = zstd_get_entries(file, table, &bytes, &count);
    if (error != 0)
        return error;
    *entry = table->next;
    zstd_take_entry(bytes, entry);
    zstd_pass_entry(entry, &table->next);
    return 0;
}

/* Whether a frame starts there that agrees with its entry. */
static int zstd_look_at_frame(const struct codec_file *file, struct zstd_input *headers,
                              const struct zstd_entry *entry, bool *agrees)
{
    struct zstd_frame frame;
    int error = zstd_frame_begin(file, headers, entry->file, &frame);
    if (error != 0)
        return error;
    if (frame.skippable)
        *agrees = entry->holds == 0 && frame.state == ZSTD_FRAME_WHOLE &&
                  frame.at == entry->file + entry->length;
    else
        *agrees = frame.state == ZSTD_FRAME_GOES_ON && zstd_frame_is_readable(&frame) &&
                  (frame.content == ZSTD_UNTOLD || frame.content == entry->holds);
    return 0;
}

/* Whether it is a sample, or the last. */
static bool zstd_take_sample(struct zstd_seek_table *table, uint32_t number)
{
    if (number + 1 == table->count)
        return true;
    if (number != table->sample)
        return false;
    table->sample += table->count / (SAMPLES + 1) + 1;
    return true;
}

/* After the last entry: whether the sums are right, and an entry started at the wanted place. */
static bool zstd_table_fits(const struct zstd_seek_table *table, uint64_t plain)
{
    return table->next.file == table->start && table->is_found && table->found.plain == plain;
}

/*
 * Checks an entry. The sums cannot wrap: there are fewer than 2^23 entries, of less than 2^32 each.
 */
static int zstd_check_entry(const struct codec_file *file, struct zstd_input *headers,
                            const struct zstd_entry *entry, struct zstd_seek_table *table,
                            bool *agrees)
{
    *agrees = entry->length >= FRAME_LEAST && entry->length <= table->start - entry->file;
    if (!*agrees)
        return 0;
    if (entry->file == table->wanted) {
        table->found = *entry;
        table->is_found = true;
    }
    if (zstd_take_sample(table, entry->number))
        return zstd_look_at_frame(file, headers, entry, agrees);
    return 0;
}

int zstd_seek_table_check(const struct codec_file *file, struct zstd_input *headers, uint64_t plain,
                          struct zstd_seek_table *table, enum zstd_table_use *use)
{
    const uint8_t *bytes;
    size_t count;
    bool agrees = true;
    int error = zstd_get_entries(file, table, &bytes, &count);
    for (; error == 0 && agrees && count > 0; count--, bytes += table->entry_size) {
        struct zstd_entry entry = table->next;
        zstd_take_entry(bytes, &entry);
        error = zstd_check_entry(file, headers, &entry, table, &agrees);
        zstd_pass_entry(&entry, &table->next);
    }
    if (error != 0)
        return error;
    const bool last = table->next.number == table->count;
    if (!agrees || (last && !zstd_table_fits(table, plain)))
        *use = ZSTD_TABLE_NOT_USED;
    else if (last) {
        table->next = table->found;
        *use = ZSTD_TABLE_USED;
    }
    return 0;
}

void zstd_seek_table_free(struct zstd_seek_table *table)
{
    zstd_input_free(&table->input);
}
#endif
