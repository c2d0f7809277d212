/* SPDX-License-Identifier: MIT */
/*
 * A map: where in a compressed file decoding can start, and which plain bytes are damaged.
 *
 *     file      |        |            |       |  end of the file that was walked
 *     places    0        1            2       3
 *     plain     |  part  |   part     | part  |            a part lies between two places
 *     damage              [####)
 *
 * A walk adds to a map; after that it is constant, shared and reference counted. When the file
 * grows, a new map is made that begins with what the old one has, and the walk goes on after its
 * last whole unit. If a walk is interrupted, its map is unfinished. A new one begins with it, and
 * the walk goes on from its last place.
 */
#ifndef BIGFS_CORE_CONTENT_CONTENT_MAP_H
#define BIGFS_CORE_CONTENT_CONTENT_MAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"

/* A place as a map keeps it. Its aid is a part of map->aids. */
struct map_place {
    uint64_t file;
    uint64_t plain;
    uint64_t aid;
    uint32_t aid_size;
    uint8_t bits;
    bool starts_unit;
};

/* Plain bytes [from, to) that cannot be had, as the unit at `file` is damaged. */
struct map_damage {
    uint64_t from;
    uint64_t to;
    uint64_t file;
};

/*
 * How many damages a map takes. Adjacent ones are one. If there are more, the rest of the file
 * counts as lost.
 */
enum { MAP_DAMAGES_MOST = 64 * 1024 };

/* What is known of the part after a place, if reading checks it. */
enum part_check {
    PART_UNREAD, /* not checked yet */
    PART_BUSY,   /* a thread is checking it; others wait for that, without a block */
    PART_RIGHT,
    PART_WRONG,
};

struct content_map;

/*
 * The last part that was looked at unit by unit, as it is damaged, and which units were found to be
 * damaged (core/content/map_detail.h).
 */
struct map_detail {
    pthread_mutex_t lock;
    size_t part;             /* protected by lock */
    struct content_map *map; /* protected by lock; a reference, or NULL */
    uint64_t *told;          /* protected by lock; owned; plain offsets of units; NULL: none */
    size_t told_count;       /* protected by lock */
};

/* Keeps aids that are not in memory. Its owner begins its own struct with one. */
struct aid_store {
    /* Reads aids at an offset in all of them. Thread-safe. Returns 0 or -errno. */
    int (*read)(const struct aid_store *store, void *buffer, size_t length, uint64_t offset);
    void (*free)(struct aid_store *store);
};

struct content_map {
    atomic_uint references;
    const struct codec *codec;
    uint64_t file;            /* how far the file was walked, in bytes: whole units */
    uint64_t size;            /* plain bytes */
    uint64_t known;           /* plain bytes of whole units; the rest cannot be had */
    enum codec_end end;       /* how the walk ended; CODEC_GOES_ON: the map is unfinished */
    enum codec_reason reason; /* why units cannot be decoded, as far as the walk knows */
    struct map_place *places; /* owned */
    size_t count;
    struct codec_begun begun; /* the unit that the last place is in */
    uint8_t *aids;            /* owned; NULL if they are in the store */
    uint64_t aids_size;
    uint64_t aids_room;
    struct aid_store *aid_store; /* owned; or NULL */
    uint64_t kept_digest;        /* of the file that it was read from or written to last */
    struct map_damage *damages;  /* owned; in order */
    size_t damage_count;
    _Atomic uint8_t *checks; /* owned; an enum part_check for each place */
    struct map_detail detail;
};

/*
 * Makes a map with one reference, which the caller owns. `old`: it begins with all that is known of
 * its whole units or, if that is unfinished, before its last place; NULL: it is empty. Returns NULL
 * if there is no memory.
 */
struct content_map *content_map_new(const struct codec *codec, const struct content_map *old);
struct content_map *content_map_ref(struct content_map *map);
void content_map_unref(struct content_map *map); /* NULL is allowed */

/*
 * What a walk tells (codec_sink). `argument` is the map. They return 0 or -ENOMEM;
 * content_map_add_damage() also -MAP_FULL.
 */
int content_map_add_place(void *argument, const struct codec_place *place);
int content_map_add_damage(void *argument, uint64_t from, uint64_t to, uint64_t file);

/*
 * Ends the map after the walk, and forgets places after its end. `file_size`: of the file that was
 * walked. If the file ends within a unit, or the length of a damaged unit is not known, the bytes
 * of the file that are left count as so many damaged plain bytes. Returns 0 or -ENOMEM.
 */
int content_map_finish(struct content_map *map, const struct codec_walk *walk, uint64_t file_size);

/* How far in the file an unfinished map goes: to its last place. 0: it has none. */
uint64_t content_map_walked(const struct content_map *map);

/* How many plain bytes are known of whole units; of an unfinished map, before its last place. */
uint64_t content_map_known(const struct content_map *map);

/* How many plain bytes the map tells of, damaged ones at its end too, and how many damages. */
uint64_t content_map_told(const struct content_map *map);
size_t content_map_damages_told(const struct content_map *map);

/* Makes a map that is complete ready to be read. Returns 0 or -ENOMEM. */
int content_map_prepare(struct content_map *map);

/* The index of the last place at or before a plain offset below the size. */
size_t content_map_find(const struct content_map *map, uint64_t plain);

/* A place for the codec. It borrows its aid, if that is in memory; else it has none. */
struct codec_place content_map_place(const struct content_map *map, size_t index);

/*
 * The same with its aid, wherever that is. The caller frees *aid, which may be NULL. Returns 0,
 * -ENOMEM, or why the store does not give it. Blocks as the store does.
 */
int content_map_load_place(const struct content_map *map, size_t index, struct codec_place *place,
                           uint8_t **aid);

/* Moves the aids to a store, which has them already. No other thread may have the map. */
void content_map_store_aids(struct content_map *map, struct aid_store *store);

/* Where the part after a place ends, in plain bytes: a part is within the whole units. */
uint64_t content_map_part_end(const struct content_map *map, size_t index);

/* The damage that overlaps the plain bytes [start, end), or NULL. */
const struct map_damage *content_map_damage_in(const struct content_map *map, uint64_t start,
                                               uint64_t end);

#endif
