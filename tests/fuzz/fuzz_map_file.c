/* SPDX-License-Identifier: MIT */
/*
 * A map file of any bytes is read, or is a wrong index. One that was read can be asked, its aids
 * too, and written and read again, and is the same then.
 *
 * The input is that of tests/fuzz/kept_file.h.
 */
#include "tests/fuzz/kept_file.h"

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/content_type.h"
#include "core/content/contents.h"
#include "core/index/map_encoding.h"

/* Words at the start of the file, and what follows: see core/index/map_encoding.h. */
enum {
    END = 9,
    DAMAGES = 10,
    PLACES = 12,
    STATE = 20, /* 2: unfinished */
    ENTRY_WORDS = 3,
    ENTRY_SIZE = ENTRY_WORDS * sizeof(uint64_t),
    DAMAGES_MOST = 3, /* that MEND_COUNTS leaves */
};

/* What else is made right: places and damages come in order. */
enum { MEND_ORDER = MEND_MORE };

/* --- mending --------------------------------------------------------------------------------- */

/* As many places as there is room for, with aids in what is left. */
static void mend_counts(const struct image *image)
{
    const uint64_t room = (image->length - WORDS_SIZE) / ENTRY_SIZE;
    const uint64_t damages = min_u64(min_u64(le64toh(image->words[DAMAGES]), DAMAGES_MOST), room);
    const uint64_t places = min_u64(le64toh(image->words[PLACES]), room - damages);
    uint64_t aids = image->length - WORDS_SIZE - (places + damages) * ENTRY_SIZE;

    image->words[DAMAGES] = htole64(damages);
    image->words[PLACES] = htole64(places);
    for (uint64_t i = 0; i < places; i++) {
        uint64_t *word = &image->words[WORDS + i * ENTRY_WORDS + 2];
        const uint64_t wanted = le64toh(*word) & UINT32_MAX;
        const uint64_t size = i + 1 == places ? aids : min_u64(wanted, aids);
        *word = htole64((le64toh(*word) & ~(uint64_t)UINT32_MAX) | size);
        aids -= size;
    }
}

/* Each word of the entries is at least that of the entry before. */
static void mend_order(const struct image *image)
{
    const uint64_t room = (image->length - WORDS_SIZE) / ENTRY_SIZE;
    const uint64_t places = min_u64(le64toh(image->words[PLACES]), room);

    for (uint64_t i = 1; i < places; i++)
        for (unsigned word = 0; word < 2; word++) {
            uint64_t *now = &image->words[WORDS + i * ENTRY_WORDS + word];
            *now = htole64(max_u64(le64toh(*now), le64toh(*(now - ENTRY_WORDS))));
        }
}

/* An unfinished map goes on, and no other does. */
static void mend_end(const struct image *image)
{
    const uint64_t end = le64toh(image->words[END]);
    const bool unfinished = (le64toh(image->words[STATE]) & 2) != 0;

    if (unfinished)
        image->words[END] = htole64(end & ~(uint64_t)UINT8_MAX);
    else if ((end & UINT8_MAX) == 0)
        image->words[END] = htole64(end | CODEC_WHOLE);
}

static void mend(const struct image *image, unsigned mending)
{
    if ((mending & MEND_SHAPE) != 0)
        mend_shape(image);
    if ((mending & MEND_COUNTS) != 0)
        mend_counts(image);
    if ((mending & MEND_COUNTS) != 0)
        mend_end(image);
    if ((mending & MEND_ORDER) != 0)
        mend_order(image);
    if ((mending & MEND_DIGEST) != 0)
        mend_digest(image);
}

/* The file that these bytes, at least as many as the words have, are mended to. */
static struct image mended(const uint8_t *bytes, size_t length, unsigned mending)
{
    struct image image = {malloc(length), length};

    require(image.words != NULL);
    memcpy(image.words, bytes, length);
    mend(&image, mending);
    return image;
}

/* --- the test -------------------------------------------------------------------------------- */

/* Each plain byte is damaged, or in a part that leads to it. */
static void ask_for(const struct content_map *map, uint64_t plain)
{
    if (content_map_damage_in(map, plain, plain + 1) != NULL)
        return;
    const size_t part = content_map_find(map, plain);
    require(part < map->count && map->places[part].plain <= plain);
    require(plain < content_map_part_end(map, part));
    require(map->places[part].starts_unit || part > 0);
}

static void ask(const struct content_map *map)
{
    require(map->known <= map->size && map->size <= OFFSET_MAX);
    for (size_t i = 0; i < map->count; i++)
        require(map->checks[i] == PART_UNREAD);
    if (map->size == 0)
        return;
    ask_for(map, 0);
    ask_for(map, map->size - 1);
    ask_for(map, map->size / 2);
    if (map->known < map->size)
        ask_for(map, map->known);
    for (size_t i = 0; i < map->count; i++)
        if (map->places[i].plain < map->size)
            ask_for(map, map->places[i].plain);
}

/* A walk can begin with an unfinished one, whose aids are in memory, and goes on from its end. */
static void ask_unfinished(const struct content_map *map)
{
    struct content_map *next = content_map_new(map->codec, map);

    require(next != NULL && next->count == map->count);
    require(content_map_known(map) == map->size && content_map_told(map) == map->size);
    require(map->begun.plain <= map->size && map->begun.file <= content_map_walked(map));
    if (map->count > 0)
        require(next->begun.plain == map->begun.plain && next->begun.check == map->begun.check);
    content_map_unref(next);
}

/* Loads its aids, from first_file, and moves them into memory. */
static void load_aids(struct content_map *map)
{
    uint8_t *aids = malloc(map->aids_size + 1);

    require(aids != NULL);
    for (size_t i = 0; i < map->count; i++) {
        const struct map_place *place = &map->places[i];
        require(place->aid + place->aid_size <= map->aids_size);
        require(map_read_aid(first_file, map->kept_digest, aids + place->aid, place->aid_size,
                             place->aid) == 0);
    }
    require(map_read_aid(first_file, map->kept_digest, &(uint8_t){0}, 1, map->aids_size) ==
            -WRONG_INDEX);
    free(map->aids);
    map->aids = aids;
}

static void write_and_read(const struct index_key *key, struct content_map *map)
{
    struct index_key other_key;
    struct content_map *other = NULL;

    set_bytes(second_file, NULL, 0);
    require(map_encode(second_file, key, map) == 0);
    require(map_decode(second_file, &other_key, &other) == 0);
    require(other_key.size == key->size && other_key.content == key->content);
    require(other->count == map->count && other->damage_count == map->damage_count);
    require(other->size == map->size && other->known == map->known && other->end == map->end);
    require(other->aids_size == map->aids_size);
    content_map_unref(other);
}

static void read_bytes(const void *bytes, size_t length)
{
    struct index_key key;
    struct content_map *map = NULL;

    set_bytes(first_file, bytes, length);
    int error = map_decode(first_file, &key, &map);
    require(error == 0 || error == -WRONG_INDEX);
    require((error == 0) == (map != NULL));
    if (error != 0)
        return;
    require(key.unfinished == (map->end == CODEC_GOES_ON));
    if (!key.unfinished)
        ask(map);
    load_aids(map);
    if (key.unfinished)
        ask_unfinished(map);
    write_and_read(&key, map);
    content_map_unref(map);
}

/* Writes a small map. */
static void write_small(void)
{
    require(content_types[1] != NULL); /* any codec will do */
    const struct index_key key = {.content = content_types[1]->number, .size = 5000};
    const uint8_t aid[7] = {1, 2, 3, 4, 5, 6, 7};
    const struct codec_place places[] = {
        {.starts_unit = true},
        {.file = 1000, .plain = 2000, .bits = 3, .aid_size = sizeof(aid), .aid = aid},
    };
    const struct codec_walk walk = {.file = 4000, .plain = 9000, .end = CODEC_CUT};
    struct content_map *map = content_map_new(content_types[1]->codec, NULL);

    require(map != NULL);
    require(content_map_add_place(map, &places[0]) == 0);
    require(content_map_add_place(map, &places[1]) == 0);
    require(content_map_finish(map, &walk, key.size) == 0);
    require(map_encode(first_file, &key, map) == 0);
    content_map_unref(map);
}
