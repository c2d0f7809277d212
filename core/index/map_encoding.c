/* SPDX-License-Identifier: MIT */
#include "core/index/map_encoding.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/contents.h"
#include "core/index/index_header.h"

/* Words of the header, as a map has them. */
enum map_word {
    MAP_WORD_END = WORD_ENDS_OPEN,
    MAP_WORD_DAMAGES = WORD_RECORD_ENDS,
    MAP_WORD_FILE = WORD_HOLES,
    MAP_WORD_PLACES = WORD_GROUPS,
    MAP_WORD_SIZE = WORD_CONTENT,
    MAP_WORD_KNOWN = WORD_STATES,
};

enum {
    ENTRY_WORDS = 3, /* of a place or a damage */
    ENTRIES = 4096,  /* in the buffer */
    REASON_SHIFT = 8,
    CHECK_SHIFT = 32,
    BITS_SHIFT = 32,
    STARTS_UNIT_SHIFT = 40,
};

/* A part of a file that is read or written in order. */
struct map_file {
    int fd;
    uint64_t offset; /* of the next byte */
    XXH3_state_t digest;
    uint64_t words[ENTRIES * ENTRY_WORDS];
};

static uint64_t map_word(const struct index_header *header, enum map_word word)
{
    return index_header_word(header, (enum header_word)word);
}

static void map_set(struct index_header *header, enum map_word word, uint64_t value)
{
    index_header_set(header, (enum header_word)word, value);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int read_part(struct map_file *file, size_t length)
{
    int error = index_header_read_part(file->fd, file->words, length, file->offset);
    if (error == 0)
        (void)XXH3_64bits_update(&file->digest, file->words, length);
    file->offset += length;
    return error;
}

static uint64_t word_at(const struct map_file *file, size_t entry, unsigned word)
{
    return le64toh(file->words[entry * ENTRY_WORDS + word]);
}

/* Takes over a place that was read. Its aid lies after that of the one before. */
static int take_place(struct content_map *map, const struct map_file *file, size_t entry)
{
    const uint64_t rest = word_at(file, entry, 2);
    const struct codec_place place = {
        .file = word_at(file, entry, 0),
        .plain = word_at(file, entry, 1),
        .bits = (uint8_t)(rest >> BITS_SHIFT),
        .starts_unit = (rest >> STARTS_UNIT_SHIFT & 1) != 0,
    };
    const struct map_place *before = map->count > 0 ? &map->places[map->count - 1] : NULL;

    if (place.file > OFFSET_MAX ||
        place.plain > (map->end == CODEC_GOES_ON ? map->size : map->known) ||
        (before != NULL && (place.plain < before->plain || place.file < before->file)) ||
        (before == NULL && (place.plain != 0 || !place.starts_unit)))
        return -WRONG_INDEX;
    int error = content_map_add_place(map, &place);
    if (error != 0)
        return error;
    map->places[map->count - 1].aid = map->aids_size;
    map->places[map->count - 1].aid_size = (uint32_t)rest;
    map->aids_size += (uint32_t)rest;
    return 0;
}

static int take_damage(struct content_map *map, const struct map_file *file, size_t entry)
{
    const uint64_t from = word_at(file, entry, 0);
    const uint64_t to = word_at(file, entry, 1);
    const struct map_damage *before =
        map->damage_count > 0 ? &map->damages[map->damage_count - 1] : NULL;

    if (from >= to || to > map->size || (before != NULL && from <= before->to))
        return -WRONG_INDEX;
    return content_map_add_damage(map, from, to, word_at(file, entry, 2));
}

static int read_entries(struct map_file *file, uint64_t count, struct content_map *map,
                        int (*take)(struct content_map *map, const struct map_file *file,
                                    size_t entry))
{
    int error = 0;

    while (error == 0 && count > 0) {
        const size_t part = (size_t)min_u64(count, ENTRIES);
        error = read_part(file, part * ENTRY_WORDS * sizeof(file->words[0]));
        for (size_t i = 0; i < part && error == 0; i++)
            error = take(map, file, i);
        count -= part;
    }
    return error;
}

/* Reads the aids for the digest. */
static int pass_aids(struct map_file *file, uint64_t left)
{
    int error = 0;

    while (error == 0 && left > 0) {
        const size_t part = (size_t)min_u64(left, sizeof(file->words));
        error = read_part(file, part);
        left -= part;
    }
    return error;
}

/* Whether the counts fit into the file. */
static bool counts_fit(const struct index_header *header)
{
    const uint64_t most = index_header_word(header, WORD_BODY) / sizeof(uint64_t) / ENTRY_WORDS;
    const uint64_t places = map_word(header, MAP_WORD_PLACES);
    const uint64_t damages = map_word(header, MAP_WORD_DAMAGES);

    return places <= most && damages <= most - places && damages <= MAP_DAMAGES_MOST;
}

/* Whether each plain byte is after a place within the whole units, or else damaged. */
static bool knows_all(const struct content_map *map)
{
    const struct map_damage *last =
        map->damage_count > 0 ? &map->damages[map->damage_count - 1] : NULL;

    if (map->count == 0 && map->known > 0)
        return false;
    if (map->end == CODEC_GOES_ON)
        return content_map_walked(map) >= map->file && content_map_known(map) == map->size;
    return map->known == map->size ||
           (last != NULL && last->from <= map->known && last->to == map->size);
}

/* Reads what follows the words, and accepts it if the digest is right. */
static int read_map(struct map_file *file, const struct index_header *header,
                    struct content_map *map)
{
    const uint64_t end = sizeof(*header) + index_header_word(header, WORD_BODY);

    (void)XXH3_64bits_reset(&file->digest);
    int error = counts_fit(header) ? 0 : -WRONG_INDEX;
    if (error == 0)
        error = read_entries(file, map_word(header, MAP_WORD_PLACES), map, take_place);
    if (error == 0)
        error = read_entries(file, map_word(header, MAP_WORD_DAMAGES), map, take_damage);
    if (error == 0 && (end - file->offset != map->aids_size || !knows_all(map)))
        error = -WRONG_INDEX;
    if (error == 0)
        error = pass_aids(file, map->aids_size);
    if (error == 0 &&
        index_header_finish_digest(&file->digest, header) != index_header_word(header, WORD_DIGEST))
        error = -WRONG_INDEX;
    return error;
}

/* Sets what the words tell of a map. Returns whether it may be. */
static bool begin_map_of(const struct index_header *header, const struct index_key *key,
                         struct content_map *map)
{
    const uint64_t end = map_word(header, MAP_WORD_END) & UINT8_MAX;
    const uint64_t reason = (uint32_t)map_word(header, MAP_WORD_END) >> REASON_SHIFT;

    map->file = map_word(header, MAP_WORD_FILE);
    map->size = map_word(header, MAP_WORD_SIZE);
    map->known = map_word(header, MAP_WORD_KNOWN);
    map->end = (enum codec_end)end;
    map->reason = (enum codec_reason)reason;
    return end <= CODEC_START_ALONE && (end == CODEC_GOES_ON) == key->unfinished &&
           reason <= CODEC_NEEDS_MEMORY && map->file <= key->size && map->size <= OFFSET_MAX &&
           map->known <= map->size;
}

static int decode_map(int fd, const struct index_header *header, const struct index_key *key,
                      struct content_map *map)
{
    AUTO_FREE struct map_file *file = malloc(sizeof(*file));

    if (file == NULL || map == NULL)
        return -ENOMEM;
    file->fd = fd;
    file->offset = sizeof(*header);
    if (!begin_map_of(header, key, map))
        return -WRONG_INDEX;
    int error = read_map(file, header, map);
    return error != 0 ? error : content_map_prepare(map);
}

int map_decode(int fd, struct index_key *key, struct content_map **map)
{
    struct index_header header;
    int error = index_header_read(fd, &header, key);

    if (error == 0)
        error = index_header_check_length(fd, &header);
    if (error != 0)
        return error;
    const struct content_type *type = content_type_numbered(key->content);
    if (key->format != NULL || type == NULL || type->codec == NULL)
        return -WRONG_INDEX; /* an index, or of a codec that this program does not have */
    struct content_map *read = content_map_new(type->codec, NULL);
    error = decode_map(fd, &header, key, read);
    if (error != 0) {
        content_map_unref(read);
        return error;
    }
    read->kept_digest = index_header_word(&header, WORD_DIGEST);
    if (read->end == CODEC_GOES_ON)
        read->begun = (struct codec_begun){
            read->file, read->known, (uint32_t)(map_word(&header, MAP_WORD_END) >> CHECK_SHIFT)};
    *map = read;
    return 0;
}

int map_read_aid(int fd, uint64_t digest, void *buffer, size_t length, uint64_t offset)
{
    struct index_header header;
    struct index_key key;
    uint64_t start = 0;
    int error = index_header_read(fd, &header, &key);

    if (error != 0)
        return error;
    const uint64_t entries =
        map_word(&header, MAP_WORD_PLACES) + map_word(&header, MAP_WORD_DAMAGES);
    if (index_header_word(&header, WORD_DIGEST) != digest ||
        !checked_add(sizeof(header) + entries * ENTRY_WORDS * sizeof(uint64_t), offset, &start))
        return -WRONG_INDEX;
    return index_header_read_part(fd, buffer, length, start);
}

/* --- writing ---------------------------------------------------------------------------------- */

static int write_part(struct map_file *file, const void *bytes, size_t length)
{
    (void)XXH3_64bits_update(&file->digest, bytes, length);
    int error = index_header_write_part(file->fd, bytes, length, file->offset);
    file->offset += length;
    return error;
}

static void put_entry(struct map_file *file, size_t entry, uint64_t first, uint64_t second,
                      uint64_t third)
{
    file->words[entry * ENTRY_WORDS] = htole64(first);
    file->words[entry * ENTRY_WORDS + 1] = htole64(second);
    file->words[entry * ENTRY_WORDS + 2] = htole64(third);
}

static void put_place(struct map_file *file, size_t entry, const struct content_map *map,
                      uint64_t number)
{
    const struct map_place *place = &map->places[number];
    put_entry(file, entry, place->file, place->plain,
              place->aid_size | (uint64_t)place->bits << BITS_SHIFT |
                  (uint64_t)place->starts_unit << STARTS_UNIT_SHIFT);
}

static void put_damage(struct map_file *file, size_t entry, const struct content_map *map,
                       uint64_t number)
{
    const struct map_damage *damage = &map->damages[number];
    put_entry(file, entry, damage->from, min_u64(damage->to, content_map_told(map)), damage->file);
}

static int write_entries(struct map_file *file, const struct content_map *map, uint64_t count,
                         void (*put)(struct map_file *file, size_t entry,
                                     const struct content_map *map, uint64_t number))
{
    int error = 0;

    for (uint64_t done = 0; error == 0 && done < count;) {
        const size_t part = (size_t)min_u64(count - done, ENTRIES);
        for (size_t i = 0; i < part; i++)
            put(file, i, map, done + i);
        error = write_part(file, file->words, part * ENTRY_WORDS * sizeof(file->words[0]));
        done += part;
    }
    return error;
}

/* The aids that places have: those of places that were forgotten come after them. */
static uint64_t aids_in_use(const struct content_map *map)
{
    const struct map_place *last = map->count > 0 ? &map->places[map->count - 1] : NULL;
    return last != NULL ? last->aid + last->aid_size : 0;
}

static void fill_map_words(struct index_header *header, const struct index_key *key,
                           const struct content_map *map)
{
    const bool goes_on = map->end == CODEC_GOES_ON;
    const uint64_t check = goes_on ? map->begun.check : 0;

    index_header_fill(header, key);
    map_set(header, MAP_WORD_END,
            (uint64_t)map->end | (uint64_t)map->reason << REASON_SHIFT | check << CHECK_SHIFT);
    map_set(header, MAP_WORD_DAMAGES, content_map_damages_told(map));
    map_set(header, MAP_WORD_FILE, goes_on ? map->begun.file : map->file);
    map_set(header, MAP_WORD_PLACES, map->count);
    map_set(header, MAP_WORD_SIZE, content_map_told(map));
    map_set(header, MAP_WORD_KNOWN, goes_on ? map->begun.plain : map->known);
}

int map_encode(int fd, const struct index_key *key, struct content_map *map)
{
    struct index_header header = {0};
    AUTO_FREE struct map_file *file = malloc(sizeof(*file));

    if (file == NULL)
        return -ENOMEM;
    file->fd = fd;
    file->offset = sizeof(header);
    (void)XXH3_64bits_reset(&file->digest);
    int error = write_entries(file, map, map->count, put_place);
    if (error == 0)
        error = write_entries(file, map, content_map_damages_told(map), put_damage);
    if (error == 0)
        error = write_part(file, map->aids, (size_t)aids_in_use(map));
    if (error != 0)
        return error;
    fill_map_words(&header, key, map);
    index_header_set(&header, WORD_BODY, file->offset - sizeof(header));
    map->kept_digest = index_header_finish_digest(&file->digest, &header);
    index_header_set(&header, WORD_DIGEST, map->kept_digest);
    return index_header_write_part(fd, &header, sizeof(header), 0);
}

static uint64_t kept_map_size(const void *kept)
{
    const struct content_map *map = kept;
    const uint64_t entries = map->count + content_map_damages_told(map);
    return sizeof(struct index_header) + entries * ENTRY_WORDS * sizeof(uint64_t) +
           aids_in_use(map);
}

/* --- in the index directory ------------------------------------------------------------------- */

static int decode_kept_map(int fd, struct index_key *key, void **kept)
{
    struct content_map *map = NULL;
    int error = map_decode(fd, key, &map);
    *kept = map;
    return error;
}

static int encode_kept_map(int fd, const struct index_key *key, void *kept)
{
    return map_encode(fd, key, kept);
}

static void release_kept_map(void *kept)
{
    content_map_unref(kept);
}

/* A file that has grown by units begins with what it held. */
static bool map_may_grow(const void *kept)
{
    (void)kept;
    return true;
}

const struct kept_type map_kept_type = {
    .name = "map",
    .size = kept_map_size,
    .decode = decode_kept_map,
    .encode = encode_kept_map,
    .release = release_kept_map,
    .may_grow = map_may_grow,
};
