/* SPDX-License-Identifier: MIT */
/* gzip_codec: whole files of any kind give the bytes that they were made from, from each place. */
#include "tests/unit/support.h"

#ifdef BIGFS_HAS_GZIP

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/gzip_made.h"

/* Each place gives the bytes up to the next one. */
static void check_places(struct codec_bytes *file, const uint8_t *plain, uint64_t size,
                         struct random *random)
{
    struct codec_told told;
    uint8_t *got = malloc(size + 1);

    assert_non_null(got);
    assert_int_equal(codec_walk_through(&gzip_codec, file, 1 << 20, &told), 0);
    uint64_t map = 0;
    for (size_t i = 0; i < told.count; i++) {
        const struct codec_place *place = &told.places[i];
        const uint64_t end = i + 1 < told.count ? told.places[i + 1].plain : size;
        assert_int_equal(codec_read_from(&gzip_codec, file, place, place->plain,
                                         (size_t)(end - place->plain), random, got),
                         0);
        assert_memory_equal(got, plain + place->plain, end - place->plain);
        map += place->starts_unit ? 0 : 24 + place->aid_size;
        assert_true(map * 1250 <= max_u64(place->plain, place->file));
    }
    codec_told_free(&told);
    free(got);
}

static void check_file(struct codec_bytes *file, const uint8_t *plain, uint64_t size,
                       struct random *random)
{
    assert_true(gzip_codec.recognises(file->bytes, (size_t)min_u64(file->size, 32768)));
    codec_check_whole(&gzip_codec, file, plain, size, random);
    check_places(file, plain, size, random);
    codec_bytes_free(file);
}

static const struct gzip_way ways[] = {
    {.level = 0},
    {.level = 1},
    {.level = 6},
    {.level = 9},
    {.level = 2, .strategy = Z_FIXED},
    {.level = 6, .strategy = Z_HUFFMAN_ONLY},
    {.level = 6, .strategy = Z_RLE},
    {.level = 2, .memory = 1},
    {.level = 4, .bits = 9},
    {.level = 1, .flush = Z_SYNC_FLUSH, .flush_each = 10000},
    {.level = 4, .flush = Z_FULL_FLUSH, .flush_each = 70000},
    {.level = 4, .flush = Z_BLOCK, .flush_each = 7000},
    {.level = 4, .flush = Z_PARTIAL_FLUSH, .flush_each = 5000},
};

static void test_sizes(void **state)
{
    static const size_t sizes[] = {0,     1,     2,     257,        258,        32767,      32768,
                                   32769, 65535, 65536, CODEC_STEP, 128 * 1024, 256 * 1024, 300000};

    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(ways) * LENGTH_OF(sizes); i++) {
        struct random random = random_case(i);
        struct codec_bytes file = {.bytes = NULL};
        const size_t size = sizes[i % LENGTH_OF(sizes)];
        uint8_t *plain = make_content(&random, (enum content_kind)random_below(&random, 4), size);
        add_member(&file, plain, size, &ways[i / LENGTH_OF(sizes)]);
        check_file(&file, plain, size, &random);
        free(plain);
    }
}

static void test_large(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(ways); i++) {
        struct random random = random_case(1000 + i);
        struct codec_bytes file = {.bytes = NULL};
        const size_t size = random_between(&random, CODEC_STEP - 10, 2 * CODEC_STEP);
        const enum content_kind kind = (enum content_kind)random_below(&random, CONTENT_KINDS);
        uint8_t *plain = make_content(&random, kind, size);
        add_member(&file, plain, size, &ways[i]);
        check_file(&file, plain, size, &random);
        free(plain);
    }
}

/* Blocks of a few bytes each. */
static void test_short_blocks(void **state)
{
    static const int flushes[] = {Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_PARTIAL_FLUSH, Z_BLOCK};

    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(flushes); i++) {
        struct random random = random_case(1500 + i);
        struct codec_bytes file = {.bytes = NULL};
        const size_t size = random_between(&random, 1000, 100000);
        const struct gzip_way way = {
            .level = 6, .flush = flushes[i], .flush_each = random_between(&random, 1, 30)};
        uint8_t *plain = make_content(&random, MIXED, size);
        add_member(&file, plain, size, &way);
        check_file(&file, plain, size, &random);
        free(plain);
    }
}

static void test_long_block(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CONTENT_KINDS; i++) {
        struct random random = random_case(2000 + i);
        struct codec_bytes file = {.bytes = NULL};
        struct codec_told told;
        const size_t size = random_between(&random, 4 * CODEC_STEP, 5 * CODEC_STEP);
        uint8_t *plain = make_content(&random, (enum content_kind)i, size);
        add_long_block(&file, plain, size);
        assert_int_equal(codec_walk_through(&gzip_codec, &file, 100000, &told), 0);
        assert_true(told.count >= 4);
        codec_told_free(&told);
        check_file(&file, plain, size, &random);
        free(plain);
    }
}

/* Blocks of literals alone end at any bit, and places there need no window. */
static void test_any_bit(void **state)
{
    static const struct gzip_way way = {.level = 1, .strategy = Z_HUFFMAN_ONLY};
    enum { SIZE = CODEC_STEP + CODEC_STEP / 8, CASES = 8 };
    struct random random = random_case(2500);
    uint8_t *plain = make_content(&random, TEXT, SIZE + CASES);
    unsigned high = 0;

    (void)state;
    for (unsigned i = 0; i < CASES; i++) {
        struct codec_bytes file = {.bytes = NULL};
        struct codec_told told;
        uint8_t got[1000];
        add_member(&file, plain + i, SIZE, &way);
        assert_int_equal(codec_walk_through(&gzip_codec, &file, 1 << 20, &told), 0);
        assert_int_equal(told.count, 2);
        const struct codec_place *place = &told.places[1];
        assert_int_equal(
            codec_read_from(&gzip_codec, &file, place, place->plain, sizeof(got), &random, got), 0);
        assert_memory_equal(got, plain + i + place->plain, sizeof(got));
        high += place->bits >= 4;
        codec_told_free(&told);
        codec_bytes_free(&file);
    }
    if (high == 0)
        print_message("no place had more than 3 bits\n");
    free(plain);
}

/* Members of any size, with headers of any kind, and padding. */
static void test_members(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct random random = random_case(3000 + i);
        struct codec_bytes file = {.bytes = NULL};
        const size_t size = random_between(&random, 1, 2 * CODEC_STEP);
        uint8_t *plain = make_content(&random, MIXED, size);
        uint8_t words[70000] = "extra";
        memset(words + 5, 'x', sizeof(words) - 6);
        for (size_t at = 0, part = 0; at < size; at += part) {
            gz_header header = {.text = 1, .hcrc = (int)random_below(&random, 2)};
            struct gzip_way way = ways[random_below(&random, LENGTH_OF(ways))];
            way.header = random_chance(&random, 50) ? &header : NULL;
            header.name = random_chance(&random, 50) ? words : NULL;
            header.comment = random_chance(&random, 20) ? words + 69000 : NULL;
            header.extra = random_chance(&random, 50) ? words : NULL;
            header.extra_len = (uInt)random_below(&random, 65536);
            const bool empty = random_chance(&random, 30);
            part = empty ? 0 : min_u64(random_between(&random, 1, 400000), size - at);
            add_member(&file, plain + at, part, &way);
            if (i % 4 == 0)
                codec_bytes_add(&file, (uint8_t[600]){0}, random_below(&random, 600));
        }
        check_file(&file, plain, size, &random);
        free(plain);
    }
}

/* Many small ones: places are merged, and no call of the walk takes all of them. */
static void test_empty_members(void **state)
{
    struct random random = random_case(4000);
    struct codec_bytes file = {.bytes = NULL};
    struct codec_bytes one = {.bytes = NULL};
    struct codec_told told;
    enum { COUNT = CODEC_FILE_STEP / 20 + 1000 };

    (void)state;
    add_plainly(&one, NULL, 0);
    codec_bytes_repeat(&file, one.bytes, one.size, COUNT);
    add_plainly(&file, (const uint8_t *)"end", 3);
    const struct codec_file opened = codec_bytes_open(&file);
    const struct codec_sink sink = {&told, codec_told_place, codec_told_plain, codec_told_damage,
                                    false};
    struct codec_walk *walk = NULL;
    told = (struct codec_told){.places = NULL};
    assert_int_equal(gzip_codec.walk_begin(&opened, NULL, &sink, &walk), 0);
    for (uint64_t before = 0; walk->end == CODEC_GOES_ON; before = file.reads) {
        assert_int_equal(gzip_codec.walk_on(walk, 100000), 0);
        assert_true(file.reads - before <= 100000 + 65536);
    }
    assert_int_equal(told.count, 2); /* the start, and after CODEC_FILE_STEP */
    assert_int_equal(walk->plain, 3);
    gzip_codec.walk_free(walk);
    codec_told_free(&told);
    codec_check_whole(&gzip_codec, &file, (const uint8_t *)"end", 3, &random);
    codec_bytes_free(&file);
    codec_bytes_free(&one);
}

/* A member is appended: the walk goes on from the last place that starts one. */
static void test_appended(void **state)
{
    struct random random = random_case(5000);
    struct codec_bytes file = {.bytes = NULL};
    uint8_t *plain = make_content(&random, NOISE, 6 * CODEC_STEP);
    struct codec_told told;
    struct codec_walk *walk = NULL;

    (void)state;
    add_plainly(&file, plain, 2 * CODEC_STEP);
    const uint64_t end = file.size;
    codec_bytes_add(&file, (uint8_t[3]){0}, 3);
    add_plainly(&file, plain + 2 * CODEC_STEP, 4 * CODEC_STEP);
    const struct codec_place from = {.file = end, .plain = 2 * CODEC_STEP, .starts_unit = true};
    const struct codec_file opened = codec_bytes_open(&file);
    const struct codec_sink sink = {&told, codec_told_place, codec_told_plain, codec_told_damage,
                                    false};
    told = (struct codec_told){.places = NULL};
    assert_int_equal(gzip_codec.walk_begin(&opened, &from, &sink, &walk), 0);
    while (walk->end == CODEC_GOES_ON)
        assert_int_equal(gzip_codec.walk_on(walk, 5000), 0);
    assert_int_equal(walk->end, CODEC_WHOLE);
    assert_int_equal(walk->plain, 6 * CODEC_STEP);
    assert_int_equal(walk->unit, end + 3);
    assert_int_equal(told.places[0].file, end + 3);
    assert_int_equal(told.places[0].plain, 2 * CODEC_STEP);
    assert_true(told.count >= 2 && told.places[1].aid_size > 0);
    assert_int_equal(told.plain_size, 4 * CODEC_STEP);
    assert_memory_equal(told.plain, plain + 2 * CODEC_STEP, told.plain_size);
    gzip_codec.walk_free(walk);
    codec_told_free(&told);
    check_file(&file, plain, 6 * CODEC_STEP, &random);
    free(plain);
}

/* --- programs --------------------------------------------------------------------------------- */

static void read_file(const struct scratch *scratch, const char *name, struct codec_bytes *file)
{
    uint8_t bytes[65536];
    const int fd = scratch_open(scratch, name, O_RDONLY);
    for (ssize_t got = 0; (got = read(fd, bytes, sizeof(bytes))) > 0;)
        codec_bytes_add(file, bytes, (size_t)got);
    (void)close(fd);
}

/* What a program makes of the first bytes. Nothing if it is not installed. */
static void check_program(const struct scratch *scratch, const char *program, const uint8_t *plain,
                          size_t size, struct random *random)
{
    char command[PATH_MAX + 200];
    struct codec_bytes file = {.bytes = NULL};

    scratch_write(scratch, "plain", plain, size);
    (void)snprintf(command, sizeof(command), "cd %s && %s <plain >made 2>/dev/null", scratch->path,
                   program);
    if (system(command) != 0) { /* NOLINT(cert-env33-c): the tests' own words */
        print_message("not tried: %s\n", program);
        return;
    }
    read_file(scratch, "made", &file);
    check_file(&file, plain, size, random);
}

static void test_programs(void **state)
{
    static const char *const programs[] = {
        "gzip -1",     "gzip -7",     "gzip --rsyncable", "pigz -p2", "pigz -i -p2",
        "igzip -0 -c", "igzip -1 -c", "igzip -3 -c",      "bgzip -c", "cat plain | gzip -6",
    };
    const struct scratch *scratch = *state;
    struct random random = random_case(6000);
    const size_t size = CODEC_STEP + CODEC_STEP / 4;
    uint8_t *plain = make_content(&random, MIXED, size);

    for (unsigned i = 0; i < LENGTH_OF(programs); i++)
        check_program(scratch, programs[i], plain, size, &random);
    check_program(scratch, "pigz -11 -b 128", plain, 200000, &random); /* it is slow */
    free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_short_blocks),
        cmocka_unit_test(test_long_block),
        cmocka_unit_test(test_any_bit),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_empty_members),
        cmocka_unit_test(test_appended),
        cmocka_unit_test_setup_teardown(test_programs, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    print_message("built without gzip\n");
    return 0;
}

#endif
