/* SPDX-License-Identifier: MIT */
/*
 * map_encoding: what was written can be read, each aid too; damage is noticed, whatever a file
 * says of itself, and costs no memory.
 *
 * This program is linked with --wrap=malloc, calloc, realloc and reallocarray.
 */
#include "tests/unit/support.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/content_type.h"
#include "core/content/contents.h"
#include "core/format/lines.h"
#include "core/index/index_encoding.h"
#include "core/index/map_encoding.h"

enum {
    CASES = 150,
    HEADER = 192, /* bytes */
    ENTRY = 24,
    /* Where words are in the header. */
    VERSION = 1 * 8,
    SIZE = 2 * 8,
    END = 9 * 8,
    DAMAGES = 10 * 8,
    WALKED = 11 * 8,
    PLACES = 12 * 8,
    BODY = 13 * 8,
    PLAIN = 21 * 8,
    KNOWN = 22 * 8,
    DIGEST = 23 * 8,
    MEMORY_MOST = 256 * 1024, /* a request for more is a large one */
};

/* --- memory ----------------------------------------------------------------------------------- */

static atomic_size_t largest; /* request for memory */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);

static void note_request(size_t size)
{
    if (size > atomic_load(&largest))
        atomic_store(&largest, size);
}

void *__wrap_malloc(size_t size)
{
    note_request(size);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    note_request(count * size);
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    note_request(size);
    return __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
    note_request(count * size);
    return __real_reallocarray(old, count, size);
}

/* --- maps ------------------------------------------------------------------------------------- */

/* The first codec that there is: the encoding does not depend on it. */
static const struct content_type *content(void)
{
    return content_types[1];
}

static struct index_key key_of(uint64_t file_size)
{
    return (struct index_key){
        .content = content()->number,
        .size = file_size,
        .mtime = {1700000000, 999999999},
        .ctime = {-5, 1},
        .birth = {1600000000, 7},
        .inode = 12345,
        .file_system = {{11, 12}},
        .sample = 13,
        .verified = true,
        .ends = {UINT64_C(0xfedcba9876543210), UINT64_C(0x0123456789abcdef), true},
    };
}

static void add_some_place(struct content_map *map, struct random *random,
                           const struct codec_walk *walk, bool starts_unit)
{
    uint8_t aid[3000];
    const bool has_aid = !starts_unit && random_chance(random, 80);
    const struct codec_place place = {
        .file = walk->file,
        .plain = walk->plain,
        .bits = (uint8_t)random_below(random, random_chance(random, 50) ? 8 : 256),
        .starts_unit = starts_unit,
        .aid_size = has_aid ? (uint32_t)random_between(random, 1, sizeof(aid)) : 0,
        .aid = aid,
    };

    pattern_fill(aid, place.aid_size, map->aids_size, 1);
    assert_int_equal(content_map_add_place(map, &place), 0);
}

/* Adds `count` places, with damage here and there. Sets how far that comes. */
static void add_some_units(struct content_map *map, struct random *random, unsigned count,
                           struct codec_walk *walk)
{
    const unsigned damaged = random_chance(random, 50) ? (unsigned)random_below(random, 60) : 0;

    for (unsigned i = 0; i < count; i++) {
        add_some_place(map, random, walk, i == 0 || random_chance(random, 30));
        const uint64_t before = walk->plain;
        walk->file += random_below(random, 1000 * 1000);
        walk->plain += random_chance(random, 95) ? random_below(random, UINT64_C(1) << 32) : 0;
        if (random_chance(random, damaged))
            assert_int_equal(content_map_add_damage(map, before, walk->plain, walk->file), 0);
    }
}

/* A finished map. Its walk ends as told, perhaps before places and aids that are forgotten then. */
static struct content_map *some_map(struct random *random, unsigned count, enum codec_end end,
                                    uint64_t *file_size)
{
    struct content_map *map = content_map_new(content()->codec, NULL);
    struct codec_walk walk = {.end = end, .reason = (enum codec_reason)random_below(random, 3)};

    assert_non_null(map);
    add_some_units(map, random, end == CODEC_START_ALONE ? 0 : count, &walk);
    *file_size = walk.file + random_below(random, 5000);
    struct codec_walk beyond = walk;
    for (unsigned i = 0; map->count > 0 && i < 3; i++) {
        beyond.file += 5;
        beyond.plain += 1 + random_below(random, 1000);
        if (random_chance(random, 50))
            add_some_place(map, random, &beyond, false);
    }
    assert_int_equal(content_map_finish(map, &walk, *file_size), 0);
    return map;
}

static void check_same_key(const struct index_key *key, const struct index_key *expected)
{
    assert_null(key->format);
    assert_int_equal(key->content, expected->content);
    assert_int_equal(key->size, expected->size);
    assert_int_equal(key->sample, expected->sample);
    assert_int_equal(key->verified, expected->verified);
    assert_true(index_key_same_file(key, expected));
    assert_true(content_ends_equal(&key->ends, &expected->ends));
}

static void check_same_map(const struct content_map *read, const struct content_map *map)
{
    assert_ptr_equal(read->codec, map->codec);
    assert_int_equal(read->file, map->file);
    assert_int_equal(read->size, map->size);
    assert_int_equal(read->known, map->known);
    assert_int_equal(read->end, map->end);
    assert_int_equal(read->reason, map->reason);
    assert_int_equal(read->kept_digest, map->kept_digest);
    assert_int_equal(read->damage_count, map->damage_count);
    assert_int_equal(read->count, map->count);
    for (size_t i = 0; i < map->damage_count; i++) {
        assert_int_equal(read->damages[i].from, map->damages[i].from);
        assert_int_equal(read->damages[i].to, map->damages[i].to);
        assert_int_equal(read->damages[i].file, map->damages[i].file);
    }
    for (size_t i = 0; i < map->count; i++) {
        assert_int_equal(read->places[i].file, map->places[i].file);
        assert_int_equal(read->places[i].plain, map->places[i].plain);
        assert_int_equal(read->places[i].aid_size, map->places[i].aid_size);
        assert_int_equal(read->places[i].bits, map->places[i].bits);
        assert_int_equal(read->places[i].starts_unit, map->places[i].starts_unit);
        assert_int_equal(read->checks[i], PART_UNREAD);
    }
}

/* Each aid is where the map that was read says. */
static void check_aids(int fd, const struct content_map *read, const struct content_map *map)
{
    uint8_t aid[3000];

    for (size_t i = 0; i < map->count; i++) {
        const struct map_place *place = &read->places[i];
        assert_int_equal(map_read_aid(fd, read->kept_digest, aid, place->aid_size, place->aid), 0);
        assert_memory_equal(aid, map->aids + map->places[i].aid, place->aid_size);
        assert_int_equal(map_read_aid(fd, read->kept_digest ^ 1, aid, 1, place->aid), -WRONG_INDEX);
    }
    assert_int_equal(map_read_aid(fd, read->kept_digest, aid, 1, read->aids_size), -WRONG_INDEX);
    assert_int_equal(map_read_aid(fd, read->kept_digest, aid, 1, UINT64_MAX - 10), -WRONG_INDEX);
}

static void check_round_trip(struct content_map *map, uint64_t file_size)
{
    const struct index_key expected = key_of(file_size);
    int fd = memfd_create("trip", MFD_CLOEXEC);
    struct content_map *read = NULL;
    struct index_key key;

    assert_int_equal(map_encode(fd, &expected, map), 0);
    assert_int_equal(map_kept_type.size(map), lseek(fd, 0, SEEK_END));
    assert_int_equal(map_decode(fd, &key, &read), 0);
    check_same_key(&key, &expected);
    check_same_map(read, map);
    check_aids(fd, read, map);
    content_map_unref(read);
    assert_int_equal(close(fd), 0);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CASES; i++) {
        struct random random = random_case(i);
        const enum codec_end end = (enum codec_end)(CODEC_WHOLE + i % CODEC_START_ALONE);
        uint64_t file_size = 0;
        struct content_map *map =
            some_map(&random, (unsigned)random_below(&random, 40), end, &file_size);
        check_round_trip(map, file_size);
        content_map_unref(map);
    }
}

/* More places and damages than the reader's buffer has room for. */
static void test_many_places(void **state)
{
    struct content_map *map = content_map_new(content()->codec, NULL);
    struct codec_walk walk = {.end = CODEC_WHOLE};

    (void)state;
    assert_non_null(map);
    for (unsigned i = 0; i < 10000; i++, walk.file += 7, walk.plain += 1000) {
        const struct codec_place place = {
            .file = walk.file, .plain = walk.plain, .starts_unit = true};
        assert_int_equal(content_map_add_place(map, &place), 0);
        if (i % 2 == 0)
            assert_int_equal(content_map_add_damage(map, walk.plain, walk.plain + 1, walk.file), 0);
    }
    assert_int_equal(content_map_finish(map, &walk, walk.file), 0);
    check_round_trip(map, walk.file);
    content_map_unref(map);
}

/* As many damages as a map takes, the last of which is what a cut file lacks. */
static void test_most_damages(void **state)
{
    struct content_map *map = content_map_new(content()->codec, NULL);
    struct codec_walk walk = {.end = CODEC_LOST, .plain = 2 * MAP_DAMAGES_MOST, .file = 100};
    const struct codec_place place = {.starts_unit = true};

    (void)state;
    assert_non_null(map);
    assert_int_equal(content_map_add_place(map, &place), 0);
    for (uint64_t i = 0; i < MAP_DAMAGES_MOST; i++)
        assert_int_equal(content_map_add_damage(map, 2 * i, 2 * i + 1, 0), 0);
    assert_int_equal(content_map_add_damage(map, walk.plain, walk.plain + 1, 0), -MAP_FULL);
    assert_int_equal(content_map_finish(map, &walk, 200), 0);
    check_round_trip(map, 200);
    content_map_unref(map);
}

/* --- files that are not right ----------------------------------------------------------------- */

/* The bytes of a map file. */
struct bytes {
    uint8_t of[HEADER + 400];
    size_t length;
};

enum { SMALL_PLACES = 4, SMALL_DAMAGES = 2, SMALL_AIDS = 30 + 50, SMALL_FILE = 7000 };

/* A place with an aid, one without, and damages of which the last is what the file lacks. */
static struct content_map *small_map(void)
{
    struct content_map *map = content_map_new(content()->codec, NULL);
    uint8_t aid[50];
    const struct codec_place places[SMALL_PLACES] = {
        {.starts_unit = true},
        {.file = 1000, .plain = 2000, .bits = 3, .aid_size = 30, .aid = aid},
        {.file = 2000, .plain = 4000, .bits = 7, .aid_size = 50, .aid = aid},
        {.file = 3000, .plain = 6000, .starts_unit = true},
    };
    const struct codec_walk walk = {.file = 6000, .plain = 9000, .end = CODEC_CUT};

    assert_non_null(map);
    pattern_fill(aid, sizeof(aid), 0, 2);
    for (size_t i = 0; i < SMALL_PLACES; i++)
        assert_int_equal(content_map_add_place(map, &places[i]), 0);
    assert_int_equal(content_map_add_damage(map, 6000, 6500, 3000), 0);
    assert_int_equal(content_map_finish(map, &walk, SMALL_FILE), 0);
    return map;
}

static struct bytes small_bytes(void)
{
    struct bytes bytes = {.length = HEADER + (SMALL_PLACES + SMALL_DAMAGES) * ENTRY + SMALL_AIDS};
    struct content_map *map = small_map();
    const struct index_key key = key_of(SMALL_FILE);
    int fd = memfd_create("small", MFD_CLOEXEC);

    assert_int_equal(map_encode(fd, &key, map), 0);
    assert_int_equal(pread(fd, bytes.of, sizeof(bytes.of), 0), (ssize_t)bytes.length);
    assert_int_equal(close(fd), 0);
    content_map_unref(map);
    return bytes;
}

/* What map_decode() says of these bytes. It asks for little memory. */
static int read_bytes(const void *bytes, size_t length)
{
    int fd = memfd_create("other", MFD_CLOEXEC);
    struct content_map *map = NULL;
    struct index_key key;

    assert_int_equal(pwrite(fd, bytes, length, 0), (ssize_t)length);
    atomic_store(&largest, 0);
    int error = map_decode(fd, &key, &map);
    assert_in_range(atomic_load(&largest), 0, MEMORY_MOST);
    assert_true((error == 0) == (map != NULL));
    assert_int_equal(close(fd), 0);
    content_map_unref(map);
    return error;
}

static void test_every_bit(void **state)
{
    struct bytes bytes = small_bytes();

    (void)state;
    assert_int_equal(read_bytes(bytes.of, bytes.length), 0);
    for (size_t bit = 0; bit < bytes.length * 8; bit++) {
        bytes.of[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (read_bytes(bytes.of, bytes.length) != -WRONG_INDEX)
            fail_msg("bit %zu of byte %zu is not noticed", bit % 8, bit / 8);
        bytes.of[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_int_equal(read_bytes(bytes.of, bytes.length), 0);
}

static void test_every_length(void **state)
{
    struct bytes bytes = small_bytes();

    (void)state;
    memset(bytes.of + bytes.length, 0, sizeof(bytes.of) - bytes.length);
    for (size_t length = 0; length <= sizeof(bytes.of); length++)
        assert_int_equal(read_bytes(bytes.of, length), length == bytes.length ? 0 : -WRONG_INDEX);
}

/* Corrects the digest, as another program that writes such files would. */
static void sign(struct bytes *bytes)
{
    XXH3_state_t digesting;
    (void)XXH3_64bits_reset(&digesting);
    (void)XXH3_64bits_update(&digesting, bytes->of + HEADER, bytes->length - HEADER);
    (void)XXH3_64bits_update(&digesting, bytes->of, DIGEST);
    uint64_t digest = htole64(XXH3_64bits_digest(&digesting));
    memcpy(bytes->of + DIGEST, &digest, sizeof(digest));
}

static void set_word(struct bytes *bytes, size_t at, uint64_t value)
{
    value = htole64(value);
    memcpy(bytes->of + at, &value, sizeof(value));
}

static uint64_t get_word(const struct bytes *bytes, size_t at)
{
    uint64_t value = 0;
    memcpy(&value, bytes->of + at, sizeof(value));
    return le64toh(value);
}

/* A word of another value, with a right digest and without: it is not read in either case. */
static void check_wrong_word(size_t at, uint64_t value)
{
    struct bytes bytes = small_bytes();

    set_word(&bytes, at, value);
    const int unsigned_error = read_bytes(bytes.of, bytes.length);
    sign(&bytes);
    const int error = read_bytes(bytes.of, bytes.length);
    if (error != -WRONG_INDEX || unsigned_error != -WRONG_INDEX)
        fail_msg("%llu at byte %zu: %d, and %d without a right digest", (unsigned long long)value,
                 at, error, unsigned_error);
}

/* Counts and sizes that lie, however large. */
static void test_counts_that_lie(void **state)
{
    static const size_t counts[] = {PLACES, DAMAGES, BODY};
    static const uint64_t wrong[] = {0,
                                     1,
                                     3,
                                     5,
                                     1000,
                                     UINT64_C(1) << 32,
                                     UINT64_C(1) << 60,
                                     UINT64_MAX / ENTRY,
                                     UINT64_MAX - 1,
                                     UINT64_MAX};
    const struct bytes bytes = small_bytes();

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(counts); i++)
        for (size_t k = 0; k < LENGTH_OF(wrong); k++)
            check_wrong_word(counts[i], wrong[k]);
    for (size_t i = 0; i < SMALL_PLACES; i++) {
        const size_t at = HEADER + i * ENTRY + 16;
        check_wrong_word(at, get_word(&bytes, at) | UINT32_MAX);
        check_wrong_word(at, get_word(&bytes, at) + 1);
    }
}

/* Of all places at once: the sum of the sizes of their aids is what matters. */
static void test_aids_that_are_too_large(void **state)
{
    struct bytes bytes = small_bytes();

    (void)state;
    for (size_t i = 0; i < SMALL_PLACES; i++)
        set_word(&bytes, HEADER + i * ENTRY + 16, UINT64_C(0x100ffffffff));
    sign(&bytes);
    assert_int_equal(read_bytes(bytes.of, bytes.length), -WRONG_INDEX);
}

/* Signed, but with words that no map has. */
static void test_words_that_cannot_be(void **state)
{
    static const uint64_t ends[] = {CODEC_GOES_ON, CODEC_START_ALONE + 1, 0x302, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(ends); i++)
        check_wrong_word(END, ends[i]);
    check_wrong_word(0, 0);
    check_wrong_word(VERSION, 2);
    check_wrong_word(SIZE, OFFSET_MAX + UINT64_C(1));
    check_wrong_word(SIZE, 5999);
    check_wrong_word(WALKED, SMALL_FILE + 1);
    check_wrong_word(PLAIN, OFFSET_MAX + UINT64_C(1));
    check_wrong_word(PLAIN, 9999);  /* less than the last damage */
    check_wrong_word(PLAIN, 10001); /* a byte that is neither known nor damaged */
    check_wrong_word(KNOWN, 10001);
    check_wrong_word(KNOWN, 8999); /* the same */
    check_wrong_word(KNOWN, 5999); /* places beyond */
}

/* Signed, but with places and damages that no map has. */
static void test_entries_that_cannot_be(void **state)
{
    const size_t damage = HEADER + SMALL_PLACES * ENTRY;

    (void)state;
    check_wrong_word(HEADER, 1001); /* places that go back */
    check_wrong_word(HEADER + 8, 1);
    check_wrong_word(HEADER + 16, 0); /* the first starts no unit */
    check_wrong_word(HEADER + ENTRY, 2001);
    check_wrong_word(HEADER + ENTRY + 8, 4001);
    check_wrong_word(HEADER + 3 * ENTRY, UINT64_MAX);
    check_wrong_word(HEADER + 3 * ENTRY + 8, 9001);
    check_wrong_word(damage, 6500); /* empty */
    check_wrong_word(damage + 8, 9000);
    check_wrong_word(damage + 8, 10001);
    check_wrong_word(damage + ENTRY, 6500); /* it would be one with that before */
    check_wrong_word(damage + ENTRY, 0);
    check_wrong_word(damage + ENTRY + 8, UINT64_MAX);
}

/* Writes a map, as many damages as are told, signed. */
static int read_damages(uint64_t count)
{
    struct bytes header = small_bytes();
    const size_t length = HEADER + ENTRY + (size_t)count * ENTRY;
    uint8_t *bytes = __real_calloc(1, length);
    XXH3_state_t digesting;
    int fd = memfd_create("damages", MFD_CLOEXEC);
    struct content_map *map = NULL;
    struct index_key key;

    assert_non_null(bytes);
    set_word(&header, PLACES, 1);
    set_word(&header, DAMAGES, count);
    set_word(&header, PLAIN, 2 * count);
    set_word(&header, KNOWN, 2 * count);
    set_word(&header, BODY, length - HEADER);
    memcpy(bytes, header.of, HEADER);
    set_word(&header, HEADER + 16, UINT64_C(1) << 40);
    memcpy(bytes + HEADER, header.of + HEADER, ENTRY);
    for (uint64_t i = 0; i < count; i++) {
        const uint64_t words[] = {htole64(2 * i), htole64(2 * i + 1), 0};
        memcpy(bytes + HEADER + ENTRY + i * ENTRY, words, ENTRY);
    }
    (void)XXH3_64bits_reset(&digesting);
    (void)XXH3_64bits_update(&digesting, bytes + HEADER, length - HEADER);
    (void)XXH3_64bits_update(&digesting, bytes, DIGEST);
    const uint64_t digest = htole64(XXH3_64bits_digest(&digesting));
    memcpy(bytes + DIGEST, &digest, sizeof(digest));
    assert_int_equal(pwrite(fd, bytes, length, 0), (ssize_t)length);
    const int error = map_decode(fd, &key, &map);
    content_map_unref(map);
    free(bytes);
    assert_int_equal(close(fd), 0);
    return error;
}

static void test_too_many_damages(void **state)
{
    (void)state;
    assert_int_equal(read_damages(MAP_DAMAGES_MOST), 0);
    assert_int_equal(read_damages(MAP_DAMAGES_MOST + 1), -WRONG_INDEX);
}

/* --- files of another kind -------------------------------------------------------------------- */

/* A map is no index, and an index is no map, though both have the same words. */
static void test_an_index_is_no_map(void **state)
{
    const struct bytes bytes = small_bytes();
    struct record_index *index = record_index_new(&lines_format, SMALL_FILE, NULL);
    int fd = memfd_create("both", MFD_CLOEXEC);
    struct index_key key = key_of(SMALL_FILE);
    struct content_map *map = NULL;
    struct record_index *read = NULL;

    (void)state;
    assert_non_null(index);
    assert_int_equal(pwrite(fd, bytes.of, bytes.length, 0), (ssize_t)bytes.length);
    assert_int_equal(index_decode(fd, &key, &read), -WRONG_INDEX);
    assert_null(read);
    assert_int_equal(index_decode_key(fd, &key), 0);
    assert_null(key.format);
    assert_int_equal(ftruncate(fd, 0), 0);
    record_index_finish(index, true);
    key.format = &lines_format;
    assert_int_equal(index_encode(fd, &key, index), 0);
    assert_int_equal(map_decode(fd, &key, &map), -WRONG_INDEX);
    assert_null(map);
    assert_int_equal(index_decode(fd, &key, &read), 0);
    record_index_unref(read);
    record_index_unref(index);
    assert_int_equal(close(fd), 0);
}

/* Maps of the plain content, and of a codec that this program does not have. */
static void test_other_codecs(void **state)
{
    static const uint16_t numbers[] = {0, 999, UINT16_MAX};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(numbers); i++) {
        struct content_map *map = small_map();
        struct content_map *read = NULL;
        struct index_key key = key_of(SMALL_FILE);
        int fd = memfd_create("lacking", MFD_CLOEXEC);
        key.content = numbers[i];
        assert_int_equal(map_encode(fd, &key, map), 0);
        assert_int_equal(map_decode(fd, &key, &read), -WRONG_INDEX);
        assert_null(read);
        assert_int_equal(close(fd), 0);
        content_map_unref(map);
    }
}

static void test_write_errors(void **state)
{
    struct content_map *map = small_map();
    const struct index_key key = key_of(SMALL_FILE);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    if (full >= 0)
        assert_int_equal(map_encode(full, &key, map), -ENOSPC);
    assert_int_equal(map_encode(closed, &key, map), -EBADF);
    if (full >= 0)
        assert_int_equal(close(full), 0);
    assert_int_equal(close(closed), 0);
    content_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_many_places),
        cmocka_unit_test(test_most_damages),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_counts_that_lie),
        cmocka_unit_test(test_aids_that_are_too_large),
        cmocka_unit_test(test_words_that_cannot_be),
        cmocka_unit_test(test_entries_that_cannot_be),
        cmocka_unit_test(test_too_many_damages),
        cmocka_unit_test(test_an_index_is_no_map),
        cmocka_unit_test(test_other_codecs),
        cmocka_unit_test(test_write_errors),
    };
    if (content() == NULL) {
        print_message("built without codecs\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
