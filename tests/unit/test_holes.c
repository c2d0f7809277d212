/* SPDX-License-Identifier: MIT */
/* holes: found, counted, served and passed without reading the file. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"
#include "core/content/piece.h"
#include "core/extent/extents.h"
#include "core/file/fault_guard.h"
#include "core/format/lines.h"
#include "core/record/boundary.h"
#include "core/record/record_ends.h"

enum { KIB = 1024, MIB = 1024 * KIB, BLOCK = 4096, SIZE = 160 * KIB + 1234 };

/* A small sparse file, its bytes, and of each byte whether the file system says it is data. */
struct sparse {
    struct world *world;
    int fd;
    uint8_t bytes[SIZE];
    uint8_t got[2 * SIZE];
    bool data[SIZE];
    bool has_holes;
    struct reading reading;
};

/* As the kernel reports them. Unlike the core, this asks one byte at a time. */
static void learn_data(struct sparse *sparse)
{
    for (uint64_t at = 0; at < SIZE;) {
        off_t data = lseek(sparse->fd, (off_t)at, SEEK_DATA);
        uint64_t start = data < 0 ? SIZE : (uint64_t)data;
        assert_true(data >= 0 || errno == ENXIO);
        off_t hole = start < SIZE ? lseek(sparse->fd, data, SEEK_HOLE) : SIZE;
        assert_true(hole >= 0);
        for (; at < (uint64_t)hole; at++)
            sparse->data[at] = at >= start;
    }
    for (uint64_t at = 0; at < SIZE; at++) {
        assert_true(sparse->data[at] || sparse->bytes[at] == 0);
        sparse->has_holes = sparse->has_holes || !sparse->data[at];
    }
}

/* The mtime of a second ago: a capture need not wait. */
static void let_rest(int fd)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    clock_gettime(CLOCK_REALTIME, &times[1]);
    times[1].tv_sec--;
    assert_int_equal(futimens(fd, times), 0);
}

static void put(struct sparse *sparse, uint64_t start, uint64_t length)
{
    pattern_fill(sparse->bytes + start, length, start, 1);
    assert_int_equal(pwrite(sparse->fd, sparse->bytes + start, length, (off_t)start), length);
}

/* Stretches of data at random; a hole or data at either end. */
static struct sparse *sparse_make(struct world *world, struct random *random)
{
    struct sparse *sparse = calloc(1, sizeof(*sparse));
    assert_non_null(sparse);
    sparse->world = world;
    sparse->fd = scratch_open(&world->scratch, "file", O_RDWR | O_CREAT | O_TRUNC);
    assert_int_equal(ftruncate(sparse->fd, SIZE), 0);
    for (int i = random_chance(random, 90) ? 6 : 0; i > 0; i--) {
        uint64_t start = random_below(random, SIZE);
        uint64_t length = random_between(random, 1, 12 * KIB);
        if (random_chance(random, 50))
            start = start / BLOCK * BLOCK;
        put(sparse, start, min_u64(length, SIZE - start));
    }
    if (random_chance(random, 30))
        put(sparse, 0, 1);
    if (random_chance(random, 30))
        put(sparse, SIZE - 1, 1);
    if (random_chance(random, 50))
        assert_int_equal(fsync(sparse->fd), 0);
    learn_data(sparse);
    let_rest(sparse->fd);
    sparse->reading = reading_world_pin(world, "file");
    return sparse;
}

static void sparse_free(struct sparse *sparse)
{
    reading_close(&sparse->reading);
    assert_int_equal(close(sparse->fd), 0);
    assert_int_equal(unlinkat(sparse->world->scratch.directory, "file", 0), 0);
    free(sparse);
}

static uint64_t model_seek(const struct sparse *sparse, enum extent_kind kind, uint64_t start,
                           uint64_t end)
{
    while (start < end && sparse->data[start] != (kind == EXTENT_DATA))
        start++;
    return start;
}

static uint64_t model_count(const struct sparse *sparse, uint64_t start, uint64_t end)
{
    uint64_t count = 0;
    for (; start < end; start++)
        count += sparse->data[start] ? 1 : 0;
    return count;
}

static void check_range(const struct sparse *sparse, uint64_t start, uint64_t end)
{
    const enum extent_kind kinds[] = {EXTENT_DATA, EXTENT_HOLE};
    const struct reading *reading = &sparse->reading;
    uint64_t found = UINT64_MAX;

    for (size_t i = 0; i < LENGTH_OF(kinds); i++) {
        assert_int_equal(holes_seek(reading, kinds[i], start, end, &found), 0);
        assert_int_equal(found, model_seek(sparse, kinds[i], start, end));
    }
    assert_int_equal(holes_count_data(reading, start, end, &found), 0);
    assert_int_equal(found, model_count(sparse, start, end));
}

/* holes_seek and holes_count_data, of ranges of any length, empty ones too. */
static void test_ranges(void **state)
{
    for (uint64_t number = 0; number < 60; number++) {
        struct random random = random_case(number);
        struct sparse *sparse = sparse_make(*state, &random);
        check_range(sparse, 0, SIZE);
        for (int i = 0; i < 60; i++) {
            uint64_t start = random_between(&random, 0, SIZE);
            check_range(sparse, start, random_between(&random, start, SIZE));
        }
        sparse_free(sparse);
    }
}

/* Where the byte of a piece lies in the source. */
static uint64_t place_of(const struct piece *piece, uint64_t offset)
{
    unsigned i = 0;
    for (; offset >= piece->ranges[i].length; i++)
        offset -= piece->ranges[i].length;
    return piece->ranges[i].offset + offset;
}

/* Byte by byte. After the last one there is a hole, and no data. */
static int model_piece_seek(const struct sparse *sparse, const struct piece *piece,
                            enum extent_kind kind, uint64_t offset, uint64_t *found)
{
    const uint64_t length = piece_length(piece);
    if (offset >= length)
        return -NO_MORE_DATA;
    for (*found = offset; *found < length; (*found)++)
        if (sparse->data[place_of(piece, *found)] == (kind == EXTENT_DATA))
            return 0;
    return kind == EXTENT_HOLE ? 0 : -NO_MORE_DATA;
}

static void check_piece_seek(const struct sparse *sparse, const struct piece *piece,
                             enum extent_kind kind, uint64_t offset)
{
    uint64_t expected = 0;
    uint64_t found = UINT64_MAX;
    int error = model_piece_seek(sparse, piece, kind, offset, &expected);

    assert_int_equal(piece_seek(piece, &sparse->reading, kind, offset, &found), error);
    if (error == 0)
        assert_int_equal(found, expected);
}

static void check_piece(const struct sparse *sparse, const struct piece *piece,
                        struct random *random)
{
    const uint64_t length = piece_length(piece);
    const uint64_t edges[] = {
        0, piece->ranges[0].length, length - 1, length, length + 1, OFFSET_MAX, UINT64_MAX};
    uint64_t count = 0;
    uint64_t counted = UINT64_MAX;

    for (size_t i = 0; i < LENGTH_OF(edges) + 3; i++) {
        uint64_t offset = i < LENGTH_OF(edges) ? edges[i] : random_between(random, 0, length);
        if (length == 0 && i < 3)
            continue;
        check_piece_seek(sparse, piece, EXTENT_DATA, offset);
        check_piece_seek(sparse, piece, EXTENT_HOLE, offset);
    }
    for (unsigned i = 0; i < piece->count; i++)
        count += model_count(sparse, piece->ranges[i].offset,
                             piece->ranges[i].offset + piece->ranges[i].length);
    assert_int_equal(piece_count_data(piece, &sparse->reading, &counted), 0);
    assert_int_equal(counted, count);
}

/* Pieces with a header and without, empty ones, and such as lie in one hole or in data only. */
static void test_pieces(void **state)
{
    for (uint64_t number = 0; number < 40; number++) {
        struct random random = random_case(1000 + number);
        struct sparse *sparse = sparse_make(*state, &random);
        for (int i = 0; i < 20; i++) {
            struct piece piece = {0};
            uint64_t start = random_between(&random, 0, SIZE);
            uint64_t most = random_chance(&random, 50) ? 9000 : SIZE;
            if (random_chance(&random, 60))
                piece_add(&piece, 0, min_u64(random_below(&random, 3 * BLOCK), start));
            piece_add(&piece, start, min_u64(random_below(&random, most), SIZE - start));
            check_piece(sparse, &piece, &random);
        }
        sparse_free(sparse);
    }
}

struct counters {
    uint64_t read;
    uint64_t zeroed;
};

static struct counters counters_of(struct world *world)
{
    return (struct counters){atomic_load(&world->pool.bytes_read),
                             atomic_load(&world->pool.bytes_zeroed)};
}

/* Reads: the bytes are right, and only data was read for them, if `exact`. */
static void check_read(struct sparse *sparse, uint64_t start, uint64_t length, bool exact)
{
    const struct counters before = counters_of(sparse->world);
    memset(sparse->got, 0x5a, length + 1);
    assert_int_equal(content_read(&sparse->reading, sparse->got, length, start), 0);
    const struct counters after = counters_of(sparse->world);
    assert_memory_equal(sparse->got, sparse->bytes + start, length);
    assert_int_equal(sparse->got[length], 0x5a);
    assert_int_equal(after.read - before.read + after.zeroed - before.zeroed, length);
    if (exact)
        assert_int_equal(after.read - before.read, model_count(sparse, start, start + length));
}

static void check_reads(struct sparse *sparse, struct random *random, bool exact)
{
    check_read(sparse, 0, SIZE, exact);
    for (int i = 0; i < 40; i++) {
        uint64_t start = random_between(random, 0, SIZE);
        uint64_t most = random_chance(random, 50) ? 9000 : SIZE;
        check_read(sparse, start, random_between(random, 0, min_u64(most, SIZE - start)), exact);
    }
}

/* By each method the bytes are right; what is a hole is not read. */
static void test_reads(void **state)
{
    const enum extent_method methods[] = {EXTENTS_AUTO, EXTENTS_SEEK, EXTENTS_FIEMAP, EXTENTS_NONE};
    struct world *world = *state;

    for (uint64_t number = 0; number < 60; number++) {
        struct random random = random_case(2000 + number);
        world->pool.extents = methods[number % LENGTH_OF(methods)];
        struct sparse *sparse = sparse_make(world, &random);
        const uint64_t zeroed = counters_of(world).zeroed;
        const bool seeks = number % LENGTH_OF(methods) <= 1;
        check_reads(sparse, &random, seeks);
        if (world->pool.extents == EXTENTS_NONE)
            assert_int_equal(counters_of(world).zeroed, zeroed);
        sparse_free(sparse);
    }
}

/* EXTENTS_NONE: all is data, to the last byte, and the file system is not asked. */
static void test_none(void **state)
{
    struct world *world = *state;
    struct random random = random_case(3000);

    world->pool.extents = EXTENTS_NONE;
    struct sparse *sparse = sparse_make(world, &random);
    memset(sparse->data, true, sizeof(sparse->data));
    assert_false(content_may_have_holes(&sparse->reading));
    check_range(sparse, 0, SIZE);
    check_range(sparse, 5000, 77777);
    const struct piece piece = {1, {{100, SIZE - 100}}};
    check_piece(sparse, &piece, &random);
    sparse_free(sparse);
}

/* A file of as many blocks as bytes: all is data, without asking the file system. */
static void test_full_file(void **state)
{
    struct world *world = *state;
    static uint8_t bytes[100 * KIB];
    uint64_t found = 0;

    pattern_fill(bytes, sizeof(bytes), 0, 1);
    scratch_write(&world->scratch, "full", bytes, sizeof(bytes));
    struct reading reading = reading_world_pin(world, "full");
    if (!content_may_have_holes(&reading)) { /* or it is compressed */
        const struct extents *extents = generation_note(reading.generation, &extents_note, NULL);
        assert_int_equal(holes_seek(&reading, EXTENT_HOLE, 10, sizeof(bytes), &found), 0);
        assert_int_equal(found, sizeof(bytes));
        assert_null(extents->data.items);
    }
    reading_close(&reading);
}

/* Which whole pages of the file's holes are in the page cache. */
static unsigned cached_hole_pages(const struct sparse *sparse)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char present[SIZE / 4096 + 1];
    unsigned count = 0;
    void *mapped = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, sparse->fd, 0);

    assert_ptr_not_equal(mapped, MAP_FAILED);
    assert_int_equal(mincore(mapped, SIZE, present), 0);
    for (size_t at = 0; at + page <= SIZE; at += page)
        if (model_count(sparse, at, at + page) == 0 && (present[at / page] & 1) != 0)
            count++;
    assert_int_equal(munmap(mapped, SIZE), 0);
    return count;
}

/* No page of a hole gets into the page cache by being read, sought or counted. */
static void test_page_cache(void **state)
{
    for (uint64_t number = 0; number < 20; number++) {
        struct random random = random_case(4000 + number);
        struct sparse *sparse = sparse_make(*state, &random);
        const unsigned before = cached_hole_pages(sparse);
        assert_int_equal(fsync(sparse->fd), 0);
        check_reads(sparse, &random, false);
        check_range(sparse, 0, SIZE);
        if (sparse->has_holes)
            assert_int_equal(cached_hole_pages(sparse), before);
        sparse_free(sparse);
    }
}

/* Boundaries across huge holes */

enum { STRETCHES = 5, STRETCH_MOST = 4 * BLOCK };

/* Text here and there in a file of half a TiB. */
struct text {
    uint64_t size;
    struct {
        uint64_t start;
        uint64_t length;
        uint8_t bytes[STRETCH_MOST];
    } stretches[STRETCHES];
    struct reading reading;
};

/* Line ends at the first and last byte now and then: right after a hole, right before one. */
static void fill_stretch(uint8_t *bytes, uint64_t length, struct random *random)
{
    memset(bytes, 'x', length);
    for (uint64_t i = random_below(random, 4); i > 0; i--)
        bytes[random_below(random, length)] = '\n';
    if (random_chance(random, 40))
        bytes[0] = '\n';
    if (random_chance(random, 40))
        bytes[length - 1] = '\n';
}

static struct text *text_make(struct world *world, struct random *random)
{
    const uint64_t holes[] = {BLOCK, 3 * BLOCK, 64 * KIB, 3 * MIB, 1ull << 32, 100ull << 30};
    struct text *text = calloc(1, sizeof(*text));
    int fd = scratch_open(&world->scratch, "text", O_RDWR | O_CREAT | O_TRUNC);
    uint64_t place = random_chance(random, 30) ? 5ull << 30 : 0;

    assert_non_null(text);
    for (size_t i = 0; i < STRETCHES; i++) {
        uint64_t length = random_between(random, 1, STRETCH_MOST / BLOCK) * BLOCK;
        if (i == STRETCHES - 1)
            length = random_between(random, 1, length);
        text->stretches[i].start = place;
        text->stretches[i].length = length;
        fill_stretch(text->stretches[i].bytes, length, random);
        assert_int_equal(pwrite(fd, text->stretches[i].bytes, length, (off_t)place), length);
        text->size = place + length;
        place = text->size + holes[random_below(random, LENGTH_OF(holes))];
    }
    if (random_chance(random, 50))
        text->size += 90ull << 30;
    assert_int_equal(ftruncate(fd, (off_t)text->size), 0);
    assert_int_equal(fsync(fd), 0);
    let_rest(fd);
    assert_int_equal(close(fd), 0);
    text->reading = reading_world_pin(world, "text");
    return text;
}

static void text_free(struct text *text)
{
    reading_close(&text->reading);
    free(text);
}

static uint64_t model_boundary(const struct text *text, uint64_t place, uint64_t size)
{
    if (place == 0 || place >= size)
        return min_u64(place, size);
    for (size_t i = 0; i < STRETCHES; i++) {
        const uint64_t start = text->stretches[i].start;
        for (uint64_t k = saturating_sub(place - 1, start); k < text->stretches[i].length; k++)
            if (text->stretches[i].bytes[k] == '\n')
                return min_u64(start + k + 1, size);
    }
    return size;
}

static void check_place(const struct text *text, uint64_t place, uint64_t size)
{
    struct reading part = reading_for(&text->reading, NULL);
    uint64_t boundary = UINT64_MAX;

    part.size = size;
    assert_int_equal(boundary_find(&part, &lines_format, place, &boundary), 0);
    assert_int_equal(boundary, model_boundary(text, place, size));
}

/* Around each edge of a stretch, and anywhere. */
static uint64_t random_place(const struct text *text, struct random *random)
{
    const size_t i = (size_t)random_below(random, STRETCHES);
    const uint64_t edge =
        text->stretches[i].start + (random_chance(random, 50) ? text->stretches[i].length : 0);
    if (random_chance(random, 30))
        return random_below(random, text->size);
    if (random_chance(random, 30))
        return text->stretches[i].start + random_below(random, text->stretches[i].length);
    return min_u64(saturating_sub(edge + random_below(random, 5), 2), text->size);
}

/* What the searches below may cost in all: the text, each byte of it once; nothing of the holes. */
static uint64_t data_of(const struct text *text)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < STRETCHES; i++)
        bytes += (text->stretches[i].length + BLOCK - 1) / BLOCK * BLOCK;
    return bytes;
}

static bool knows_holes(struct world *world)
{
    int fd = scratch_open(&world->scratch, "holes", O_RDWR | O_CREAT);
    assert_int_equal(ftruncate(fd, MIB), 0);
    const bool knows = lseek(fd, 0, SEEK_HOLE) == 0;
    assert_int_equal(close(fd), 0);
    return knows;
}

/* What is remembered of holes and lines does not overlap. */
static void check_gaps(const struct text *text)
{
    const struct record_ends *ends =
        generation_note(text->reading.generation, &record_ends_note, &lines_format);
    const struct intervals *gaps = &ends->gaps;

    for (size_t i = 1; i < gaps->count; i++)
        assert_true(gaps->items[i - 1].end <= gaps->items[i].start);
}

/* Lines that span holes, and such as end at their edges. */
static void test_boundaries(void **state)
{
    struct world *world = *state;

    assert_int_equal(fault_guard_install(), 0);
    if (!knows_holes(world))
        skip(); /* it would read half a TiB of zeros */
    for (uint64_t number = 0; number < 250; number++) {
        struct random random = random_case(5000 + number);
        struct text *text = text_make(world, &random);
        const uint64_t before = atomic_load(&world->pool.bytes_scanned);
        const uint64_t read_before = counters_of(world).read;
        for (int i = 0; i < 30; i++) {
            uint64_t place = random_place(text, &random);
            check_place(text, place,
                        random_chance(&random, 80) ? text->size
                                                   : random_between(&random, place, text->size));
        }
        check_place(text, 1, text->size);
        /* A step of 64 KiB passes over the small holes in it. */
        assert_in_range(atomic_load(&world->pool.bytes_scanned) - before, 0,
                        data_of(text) + STRETCHES * 64 * KIB);
        assert_in_range(counters_of(world).read - read_before, 0, data_of(text) + 31 * 8 * KIB);
        check_gaps(text);
        text_free(text);
    }
}

static uint64_t model_after_records(const struct text *text, uint64_t count, uint64_t size)
{
    uint64_t place = 0;
    while (count-- > 0 && place < size)
        place = model_boundary(text, place + 1, size);
    return place;
}

/* A header whose lines span holes, or that begins after one. */
static void test_records(void **state)
{
    struct world *world = *state;

    if (!knows_holes(world))
        skip();
    for (uint64_t number = 0; number < 250; number++) {
        struct random random = random_case(6000 + number);
        struct text *text = text_make(world, &random);
        for (uint64_t count = 0; count < 20; count++) {
            uint64_t boundary = UINT64_MAX;
            const uint64_t before = atomic_load(&world->pool.bytes_scanned);
            uint64_t size =
                random_chance(&random, 70) ? text->size : random_between(&random, 0, text->size);
            struct reading part = reading_for(&text->reading, NULL);
            part.size = size;
            assert_int_equal(boundary_after_records(&part, &lines_format, count, &boundary), 0);
            assert_int_equal(boundary, model_after_records(text, count, size));
            assert_in_range(atomic_load(&world->pool.bytes_scanned) - before, 0,
                            STRETCHES * 2 * 64 * KIB);
        }
        text_free(text);
    }
}

/* Cancellation */

static bool gone_after(void *argument)
{
    atomic_int *asks_left = argument;
    return atomic_fetch_sub(asks_left, 1) <= 0;
}

/* A walk over many extents ends soon after its reader has gone. */
static void test_cancelled(void **state)
{
    enum { TEETH = 2000 };
    struct world *world = *state;
    int fd = scratch_open(&world->scratch, "comb", O_RDWR | O_CREAT);
    uint64_t count = 0;
    uint64_t data = 0;

    if (!knows_holes(world))
        skip();
    assert_int_equal(ftruncate(fd, TEETH * 2 * BLOCK), 0);
    for (off_t i = 0; i < TEETH; i++)
        assert_int_equal(pwrite(fd, "x", 1, i * 2 * BLOCK), 1);
    assert_int_equal(fsync(fd), 0);
    for (uint64_t at = 0; at < TEETH * 2 * BLOCK;) {
        uint64_t hole = (uint64_t)lseek(fd, (off_t)at, SEEK_HOLE);
        data += hole - at;
        off_t next = lseek(fd, (off_t)hole, SEEK_DATA);
        at = next < 0 ? TEETH * 2 * BLOCK : (uint64_t)next;
    }
    let_rest(fd);
    struct reading reading = reading_world_pin(world, "comb");
    const struct piece piece = {1, {{0, TEETH * 2 * BLOCK}}};
    for (int asks = 0; asks < 6; asks++) {
        atomic_int left = asks;
        const struct cancel cancel = {gone_after, &left, 0};
        const struct reading cancelled = reading_for(&reading, &cancel);
        assert_int_equal(holes_count_data(&cancelled, 0, TEETH * 2 * BLOCK, &count), -CANCELLED);
        assert_int_equal(atomic_load(&left), -1); /* it has ended at the first yes */
        atomic_store(&left, asks);
        assert_int_equal(piece_count_data(&piece, &cancelled, &count), -CANCELLED);
    }
    assert_int_equal(piece_count_data(&piece, &reading, &count), 0);
    assert_int_equal(count, data);
    reading_close(&reading);
    assert_int_equal(close(fd), 0);
}

#define HOLES_TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOLES_TEST(test_ranges),     HOLES_TEST(test_pieces),    HOLES_TEST(test_reads),
        HOLES_TEST(test_none),       HOLES_TEST(test_full_file), HOLES_TEST(test_page_cache),
        HOLES_TEST(test_boundaries), HOLES_TEST(test_records),   HOLES_TEST(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
