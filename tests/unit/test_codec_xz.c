/* SPDX-License-Identifier: MIT */
/*
 * The codec of xz: sound files of all shapes, beside liblzma's own decoder and the program xz;
 * damaged, cut and growing ones; and files that are made to hurt.
 */
#include "tests/unit/codec_check.h"

#ifdef BIGFS_HAS_XZ
#include <stdio.h>

#include "core/codec/xz.h"
#include "core/codec/xz_stream.h"
#include "tests/unit/xz_maker.h"

enum { MIB = 1024 * 1024 };

static const lzma_check xz_checks[] = {LZMA_CHECK_NONE, LZMA_CHECK_CRC32, LZMA_CHECK_CRC64,
                                       LZMA_CHECK_SHA256};
static const struct xz_manner xz_simple = {.check = LZMA_CHECK_CRC64, .block_size = MIB};

/* A file, what it holds, and its plain size. */
struct xz_case {
    struct codec_bytes file;
    uint8_t *plain; /* owned */
    size_t size;
};

static struct xz_case xz_case_new(struct random *random, size_t size,
                                  const struct xz_manner *manner)
{
    struct xz_case made = {.plain = xz_plain(random, size), .size = size};
    xz_add_stream(&made.file, manner, made.plain, size);
    return made;
}

static void xz_case_free(struct xz_case *made)
{
    codec_bytes_free(&made->file);
    free(made->plain);
}

static struct xz_manner random_manner(struct random *random)
{
    static const lzma_vli before[] = {0, 0, LZMA_FILTER_X86, LZMA_FILTER_DELTA};
    static const uint32_t presets[] = {0, 0, 0, 6};
    static const uint32_t dictionaries[] = {0, 0, 65536, 300000};

    return (struct xz_manner){
        .check = xz_checks[random_below(random, LENGTH_OF(xz_checks))],
        .preset = presets[random_below(random, LENGTH_OF(presets))],
        .dictionary = dictionaries[random_below(random, LENGTH_OF(dictionaries))],
        .sizes = random_chance(random, 50),
        .before = before[random_below(random, LENGTH_OF(before))],
        .block_size = (size_t)(random_chance(random, 50) ? random_between(random, 1000, 100000)
                                                         : random_between(random, MIB, 2 * MIB)),
    };
}

/*
 * Reads a file as its readers do: each part from its place, or all in one run, and at the end of
 * each part asks whether it ends there. Each part is right or fails. Returns how many failed.
 */
static size_t check_parts(struct codec_bytes *bytes, const struct codec_told *told,
                          const uint8_t *plain, uint64_t size, bool in_one_run)
{
    const struct codec_file file = {codec_bytes_read, bytes, told->file};
    struct codec_stream *stream = NULL;
    uint8_t *got = malloc(told->size + 1);
    size_t failed = 0;

    assert_non_null(got);
    for (size_t i = 0; i < told->count; i++) {
        const struct codec_place *place = &told->places[i];
        const struct codec_place *next = i + 1 < told->count ? place + 1 : NULL;
        const uint64_t end = next != NULL ? next->plain : told->size;
        int error = stream != NULL ? 0 : xz_codec.stream_open(&file, place, &stream);
        if (error == 0)
            error = xz_codec.stream_read(&file, stream, got, (size_t)(end - place->plain));
        if (error == 0)
            error = xz_stream_check(&file, stream, next);
        failed += error != 0;
        assert_true(error == 0 || error == -EBADMSG);
        assert_true(error != 0 || end <= size);
        if (error == 0)
            assert_memory_equal(got, plain + place->plain, end - place->plain);
        if (error != 0 || !in_one_run) {
            xz_codec.stream_close(stream);
            stream = NULL;
        }
    }
    xz_codec.stream_close(stream);
    free(got);
    return failed;
}

/* Checks a sound file in both ways. */
static void check_sound(struct xz_case *made, struct random *random)
{
    struct codec_told told;

    codec_check_whole(&xz_codec, &made->file, made->plain, made->size, random);
    assert_int_equal(codec_walk_through(&xz_codec, &made->file, 1 << 30, &told), 0);
    assert_int_equal(check_parts(&made->file, &told, made->plain, made->size, false), 0);
    assert_int_equal(check_parts(&made->file, &told, made->plain, made->size, true), 0);
    codec_told_free(&told);
}

/* --- sound files ------------------------------------------------------------------------------ */

static void test_recognises(void **state)
{
    struct random random = random_case(1);
    struct xz_case made = xz_case_new(&random, 1000, &xz_simple);
    static const uint8_t alone[] = {0x5D, 0,    0,    0x80, 0,    0xFF, 0xFF,
                                    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

    (void)state;
    const uint8_t *bytes = made.file.bytes;
    const size_t size = (size_t)made.file.size;
    assert_true(xz_codec.recognises(bytes, size));
    assert_true(xz_codec.recognises(bytes, 12));
    assert_false(xz_codec.recognises(bytes, 11));
    assert_false(xz_codec.recognises(bytes, 0));
    assert_false(xz_codec.recognises(bytes + 1, size - 1));
    assert_false(xz_codec.recognises(alone, sizeof(alone)));
    xz_case_free(&made);
}

/* Sizes around those of blocks and steps. */
static void test_sizes(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   2,
                                   4095,
                                   65536,
                                   65537,
                                   CODEC_STEP - 1,
                                   CODEC_STEP,
                                   CODEC_STEP + 1,
                                   2 * MIB - 1,
                                   2 * MIB,
                                   2 * MIB + 1,
                                   3 * MIB + 12345};
    static const size_t blocks[] = {1000 * 1000, MIB};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(sizes) * LENGTH_OF(blocks); i++) {
        struct random random = random_case(i);
        struct xz_manner manner = xz_simple;
        manner.block_size = blocks[i % LENGTH_OF(blocks)];
        manner.sizes = random_chance(&random, 50);
        const size_t size = sizes[i / LENGTH_OF(blocks)];
        if (size > CODEC_STEP && size <= manner.block_size)
            continue;
        struct xz_case made = xz_case_new(&random, size, &manner);
        check_sound(&made, &random);
        xz_case_free(&made);
    }
}

/* A file of streams of all kinds, with padding, and empty ones. Short blocks keep it cuttable. */
static struct xz_case random_streams(struct random *random)
{
    const size_t size = (size_t)random_below(random, 3 * MIB);
    struct xz_case made = {.plain = xz_plain(random, size), .size = size};
    size_t at = 0;

    do {
        struct xz_manner manner = random_manner(random);
        const size_t part = random_chance(random, 30)
                                ? 0
                                : (size_t)min_u64(size - at, random_between(random, 1, MIB));
        xz_add_stream(&made.file, &manner, made.plain + at, part);
        if (random_chance(random, 30))
            xz_add_zeros(&made.file, 4 * (size_t)random_below(random, 30000));
        at += part;
    } while (at < size);
    return made;
}

/* Whether the whole file can be one block, which is another answer of the walk. */
static bool may_be_alone(const struct xz_case *made)
{
    lzma_stream coder = LZMA_STREAM_INIT;
    lzma_index *index = NULL;

    assert_int_equal(lzma_file_info_decoder(&coder, &index, UINT64_MAX, made->file.size), LZMA_OK);
    for (lzma_ret result = LZMA_OK; result != LZMA_STREAM_END;) {
        coder.next_in = made->file.bytes + (result == LZMA_SEEK_NEEDED ? coder.seek_pos : 0);
        coder.avail_in =
            (size_t)(made->file.size - (result == LZMA_SEEK_NEEDED ? coder.seek_pos : 0));
        result = lzma_code(&coder, LZMA_RUN);
        assert_true(result == LZMA_STREAM_END || result == LZMA_SEEK_NEEDED);
    }
    assert_int_equal(lzma_index_uncompressed_size(index), made->size);
    const bool alone = lzma_index_block_count(index) == 1;
    lzma_index_end(index, NULL);
    lzma_end(&coder);
    return alone;
}

static void test_streams(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        struct random random = random_case(100 + i);
        struct xz_case made = random_streams(&random);
        if (!may_be_alone(&made))
            check_sound(&made, &random);
        xz_case_free(&made);
    }
}

/* liblzma's own decoder takes one stream at once. */
static void check_library(const struct xz_case *made)
{
    uint64_t most = UINT64_MAX;
    uint8_t *got = malloc(made->size + 1);
    size_t from = 0;
    size_t to = 0;

    assert_non_null(got);
    assert_int_equal(lzma_stream_buffer_decode(&most, 0, NULL, made->file.bytes, &from,
                                               made->file.size, got, &to, made->size),
                     LZMA_OK);
    assert_int_equal(from, made->file.size);
    assert_int_equal(to, made->size);
    assert_memory_equal(got, made->plain, made->size);
    free(got);
}

/* Each check, each filter and some presets, and bytes that do not compress. */
static void test_kinds(void **state)
{
    static const lzma_vli before[] = {0, LZMA_FILTER_X86, LZMA_FILTER_DELTA};
    static const uint32_t presets[] = {0, 6, 9};
    const size_t size = 100000;

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(xz_checks) * 3 * 2; i++) {
        struct random random = random_case(200 + i);
        const struct xz_manner manner = {.check = xz_checks[i % 4],
                                         .before = before[i / 4 % 3],
                                         .preset = presets[(i + i / 4) % 3],
                                         .dictionary = i % 2 == 1 ? 65536 : 0,
                                         .sizes = i / 12 % 2 == 1,
                                         .block_size = 33335};
        struct xz_case made = {.plain = xz_plain(&random, size), .size = size};
        for (size_t at = 0; at < size / 2; at++)
            made.plain[at] = (uint8_t)random_next(&random);
        xz_add_stream(&made.file, &manner, made.plain, size);
        check_library(&made);
        check_sound(&made, &random);
        xz_case_free(&made);
    }
}

/* A place in the middle of a stream knows the check of its blocks. */
static void test_places_within(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(xz_checks); i++) {
        struct random random = random_case(300 + i);
        struct xz_manner manner = xz_simple;
        manner.check = xz_checks[i];
        struct xz_case made = xz_case_new(&random, 4 * MIB, &manner);
        struct codec_told told;
        uint8_t byte = 0;
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
        assert_int_equal(told.count, 4);
        assert_int_equal(told.places[0].file, 0);
        for (size_t j = 0; j < told.count; j++) {
            assert_int_equal(told.places[j].plain, j * MIB);
            assert_true(told.places[j].starts_unit);
            assert_int_equal(
                codec_read_from(&xz_codec, &made.file, &told.places[j], j * MIB, 1, &random, &byte),
                0);
            assert_int_equal(byte, made.plain[j * MIB]);
        }
        codec_told_free(&told);
        xz_case_free(&made);
    }
}

static void test_alone(void **state)
{
    struct random random = random_case(310);
    struct xz_manner manner = xz_simple;
    struct codec_told told;

    (void)state;
    manner.block_size = 2 * MIB;
    struct xz_case made = xz_case_new(&random, CODEC_STEP + 1, &manner);
    assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1000, &told), 0);
    assert_int_equal(told.end, CODEC_START_ALONE);
    assert_int_equal(told.size, CODEC_STEP + 1);
    codec_told_free(&told);
    assert_false(codec_ends_tell(&xz_codec, &made.file));
    xz_add_stream(&made.file, &manner, NULL, 0);
    assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1000, &told), 0);
    assert_int_equal(told.end, CODEC_START_ALONE);
    codec_told_free(&told);
    assert_false(codec_ends_tell(&xz_codec, &made.file));
    xz_add_stream(&made.file, &manner, made.plain, 1);
    assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1000, &told), 0);
    assert_int_equal(told.end, CODEC_WHOLE);
    codec_told_free(&told);
    assert_true(codec_ends_tell(&xz_codec, &made.file));
    xz_case_free(&made);
}

/* What the last bytes tell: blocks, streams, padding, little, nothing, and what they do not. */
static void test_ends_tell(void **state)
{
    struct random random = random_case(311);
    struct xz_manner manner = xz_simple;

    (void)state;
    for (unsigned blocks = 1; blocks <= 3; blocks++) {
        struct xz_case made =
            xz_case_new(&random, blocks * 2 * (size_t)MIB,
                        &(struct xz_manner){.check = LZMA_CHECK_CRC32, .block_size = 2 * MIB});
        assert_true(codec_ends_tell(&xz_codec, &made.file) == (blocks > 1));
        xz_add_zeros(&made.file, 4 * blocks);
        assert_true(codec_ends_tell(&xz_codec, &made.file) == (blocks > 1));
        made.file.bytes[made.file.size - 4 * blocks - 1] ^= 1; /* of the footer */
        assert_false(codec_ends_tell(&xz_codec, &made.file));
        xz_case_free(&made);
    }
    manner.block_size = 64;
    struct xz_case many =
        xz_case_new(&random, MIB, &manner); /* the index is longer than the tail */
    assert_true(codec_ends_tell(&xz_codec, &many.file));
    xz_case_free(&many);
    struct xz_case little = xz_case_new(&random, 0, &xz_simple);
    assert_true(codec_ends_tell(&xz_codec, &little.file));
    xz_case_free(&little);
}

/* A file that the program xz made, with threads. */
static void test_program(void **state)
{
    struct random random = random_case(320);
    struct scratch scratch;
    struct xz_case made = {.plain = xz_plain(&random, 5 * MIB), .size = 5 * MIB};
    char command[2 * PATH_MAX];
    char block[4096];
    size_t got = 0;

    (void)state;
    if (system("xz --version >/dev/null 2>&1") != 0) {
        xz_case_free(&made);
        skip();
    }
    assert_int_equal(scratch_make(&scratch), 0);
    scratch_write(&scratch, "plain", made.plain, made.size);
    (void)snprintf(command, sizeof(command), "xz -0 -c -T2 --block-size=1200000 '%s/plain'",
                   scratch.path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    while ((got = fread(block, 1, sizeof(block), pipe)) > 0)
        codec_bytes_add(&made.file, block, got);
    assert_int_equal(pclose(pipe), 0);
    check_sound(&made, &random);
    scratch_remove(&scratch);
    xz_case_free(&made);
}

/* --- growing files ---------------------------------------------------------------------------- */

/* Walks from a place and checks that it tells what a walk through all tells from there on. */
static void check_walk_from(struct codec_bytes *bytes, const struct codec_told *all, size_t number)
{
    const struct codec_file file = codec_bytes_open(bytes);
    struct codec_told told = {.places = NULL};
    const struct codec_sink sink = {&told, codec_told_place, NULL, codec_told_damage, false};
    struct codec_walk *walk = NULL;

    assert_int_equal(xz_codec.walk_begin(&file, &all->places[number], &sink, &walk), 0);
    while (walk->end == CODEC_GOES_ON)
        assert_int_equal(xz_codec.walk_on(walk, 1000), 0);
    assert_int_equal(walk->end, CODEC_WHOLE);
    assert_int_equal(walk->plain, all->size);
    assert_int_equal(walk->file, all->file);
    assert_int_equal(told.count, all->count - number);
    for (size_t i = 0; i < told.count; i++) {
        assert_int_equal(told.places[i].file, all->places[number + i].file);
        assert_int_equal(told.places[i].plain, all->places[number + i].plain);
        assert_int_equal(told.places[i].bits, all->places[number + i].bits);
    }
    xz_codec.walk_free(walk);
    codec_told_free(&told);
}

static void test_walk_from(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        struct random random = random_case(400 + i);
        struct xz_manner manner = xz_simple;
        struct codec_told told;
        struct xz_case made = xz_case_new(&random, 3 * MIB, &manner);
        xz_add_zeros(&made.file, 4 * (size_t)random_below(&random, 1000));
        manner.check = LZMA_CHECK_SHA256;
        manner.block_size = (size_t)random_between(&random, 1000, 2 * MIB);
        xz_add_stream(&made.file, &manner, made.plain, made.size);
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
        for (size_t j = 0; j < told.count; j++)
            check_walk_from(&made.file, &told, j);
        codec_told_free(&told);
        xz_case_free(&made);
    }
}

/* A stream that is being appended: what is before is there, and the rest once it is complete. */
static void test_cut_after_streams(void **state)
{
    struct random random = random_case(410);
    struct xz_case made = xz_case_new(&random, 2000, &xz_simple);
    struct codec_told told;

    (void)state;
    xz_add_zeros(&made.file, 8);
    const uint64_t start = made.file.size;
    xz_add_stream(&made.file, &xz_simple, made.plain, made.size);
    const uint64_t whole = made.file.size;
    for (uint64_t size = start + 1; size < whole; size++) {
        made.file.size = size;
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1000, &told), 0);
        assert_int_equal(told.end, CODEC_CUT);
        assert_int_equal(told.size, made.size);
        assert_int_equal(told.file, start);
        codec_told_free(&told);
    }
    xz_case_free(&made);
}

/* --- damaged files ---------------------------------------------------------------------------- */

/* Cut at every byte: nothing is complete, and never something that is not so. */
static void test_cut_anywhere(void **state)
{
    struct random random = random_case(500);
    struct xz_manner manner = xz_simple;
    manner.block_size = 300;
    struct xz_case made = xz_case_new(&random, 1000, &manner);
    const uint64_t whole = made.file.size;

    (void)state;
    for (uint64_t size = 0; size < whole; size++) {
        struct codec_told told;
        made.file.size = size;
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 100, &told), 0);
        assert_int_equal(told.end, CODEC_CUT);
        assert_int_equal(told.size, 0);
        assert_int_equal(told.file, 0);
        codec_told_free(&told);
    }
    xz_case_free(&made);
}

/* Flips a bit, reads what is there then, and flips it back. */
static void check_flip(struct xz_case *made, uint64_t bit)
{
    uint8_t *byte = &made->file.bytes[bit / 8];
    struct codec_told told;

    *byte ^= (uint8_t)(1U << bit % 8);
    assert_int_equal(codec_walk_through(&xz_codec, &made->file, 1 << 30, &told), 0);
    (void)check_parts(&made->file, &told, made->plain, made->size, bit % 2 == 0);
    codec_told_free(&told);
    *byte ^= (uint8_t)(1U << bit % 8);
}

/*
 * Every bit of a file of three streams with padding. With codec_check_damaged() a flip may pass
 * that makes a block longer than the file: it does not ask whether the last unit has ended.
 */
static void test_flips(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 2; i++) {
        struct random random = random_case(510 + i);
        struct xz_manner manner = xz_simple;
        manner.block_size = 60;
        manner.sizes = i % 2 == 1;
        struct xz_case made = xz_case_new(&random, 150, &manner);
        xz_add_zeros(&made.file, 4);
        xz_add_stream(&made.file, &manner, made.plain, 0);
        made.plain = realloc(made.plain, 2 * made.size);
        assert_non_null(made.plain);
        memcpy(made.plain + made.size, made.plain, made.size);
        xz_add_stream(&made.file, &manner, made.plain, made.size);
        made.size *= 2;
        check_sound(&made, &random);
        for (uint64_t bit = 0; bit < made.file.size * 8; bit++)
            check_flip(&made, bit);
        xz_case_free(&made);
    }
}

/* Some bits of a file of several parts. */
static void test_flips_in_parts(void **state)
{
    struct random random = random_case(515);
    struct xz_manner manner = xz_simple;

    (void)state;
    manner.block_size = 600000;
    struct xz_case made = xz_case_new(&random, 3 * MIB, &manner);
    xz_add_stream(&made.file, &manner, NULL, 0);
    check_sound(&made, &random);
    for (unsigned i = 0; i < 16; i++)
        check_flip(&made, random_below(&random, made.file.size * 8));
    xz_case_free(&made);
}

/* What is damaged in the second of three streams hides it and the third, and no other. */
static void test_lost(void **state)
{
    struct random random = random_case(520);
    struct xz_case made = xz_case_new(&random, 3000, &xz_simple);
    const uint64_t size = made.file.size;
    const uint64_t flips[] = {size + 1, 2 * size - 2, 2 * size - 14};
    struct codec_told told;

    (void)state;
    xz_add_stream(&made.file, &xz_simple, made.plain, made.size);
    xz_add_stream(&made.file, &xz_simple, made.plain, made.size);
    for (size_t i = 0; i < LENGTH_OF(flips); i++) {
        made.file.bytes[flips[i]] ^= 1;
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
        assert_int_equal(told.end, CODEC_LOST);
        assert_int_equal(told.size, made.size);
        assert_int_equal(told.file, size);
        codec_told_free(&told);
        made.file.bytes[flips[i]] ^= 1;
    }
    xz_case_free(&made);
}

/* What is no xz after the last stream. */
static void test_garbage(void **state)
{
    static const char *const garbage[] = {
        "x", "\0x\0", "garbage!", "YZYZYZYZ", "\xFD\x37zXY\0 and more", "\0\0\0\0x"};
    static const size_t lengths[] = {1, 3, 8, 8, 16, 5};

    (void)state;
    for (size_t i = 0; i < LENGTH_OF(garbage); i++) {
        struct random random = random_case(530 + i);
        struct xz_case made = xz_case_new(&random, 3000, &xz_simple);
        struct codec_told told;
        codec_bytes_add(&made.file, garbage[i], lengths[i]);
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
        assert_int_equal(told.end, CODEC_LOST);
        assert_int_equal(told.size, made.size);
        codec_told_free(&told);
        xz_case_free(&made);
    }
}

/* Padding at the start is none, and a file of zeros is no xz. */
static void test_zeros(void **state)
{
    struct codec_bytes file = {.bytes = NULL};
    struct codec_told told;

    (void)state;
    xz_add_zeros(&file, 100000);
    assert_int_equal(codec_walk_through(&xz_codec, &file, 1000, &told), 0);
    assert_int_equal(told.end, CODEC_LOST);
    assert_int_equal(told.count, 0);
    codec_told_free(&told);
    xz_add_stream(&file, &xz_simple, (const uint8_t *)"abc", 3);
    assert_int_equal(codec_walk_through(&xz_codec, &file, 1000, &told), 0);
    assert_int_equal(told.end, CODEC_LOST);
    assert_int_equal(told.count, 0);
    codec_told_free(&told);
    codec_bytes_free(&file);
}

/* A whole xz file within a block is not taken for a stream of the file that was cut. */
static void test_xz_within(void **state)
{
    struct random random = random_case(540);
    struct codec_told told;

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct xz_case inner = xz_case_new(&random, 2000, &xz_simple);
        struct xz_case made = xz_case_new(&random, 500, &xz_simple);
        const uint64_t start = made.file.size;
        uint8_t *bytes = malloc(inner.file.size + shift);
        assert_non_null(bytes);
        memset(bytes, 'x', shift);
        memcpy(bytes + shift, inner.file.bytes, inner.file.size);
        xz_add_stream(&made.file, &xz_simple, bytes, inner.file.size + shift);
        made.file.size -= 13;
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1000, &told), 0);
        assert_int_equal(told.end, CODEC_CUT);
        assert_int_equal(told.size, made.size);
        assert_int_equal(told.file, start);
        codec_told_free(&told);
        free(bytes);
        xz_case_free(&made);
        xz_case_free(&inner);
    }
}

/* A disk that fails: each read is right, or fails with its error, also for a piece of a block. */
static void test_read_error(void **state)
{
    struct random random = random_case(550);
    struct xz_case made = xz_case_new(&random, 3 * MIB, &xz_simple);
    uint8_t *got = malloc(made.size);
    struct codec_told told;

    (void)state;
    assert_non_null(got);
    assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
    made.file.broken = made.file.size - told.places[1].file - 5000;
    assert_int_equal(codec_read_from(&xz_codec, &made.file, &told.places[0], 0, MIB, &random, got),
                     0);
    assert_memory_equal(got, made.plain, MIB);
    assert_int_equal(
        codec_read_from(&xz_codec, &made.file, &told.places[1], MIB, MIB, &random, got), -EIO);
    assert_int_equal(
        codec_read_from(&xz_codec, &made.file, &told.places[2], 2 * MIB, MIB, &random, got), -EIO);
    codec_told_free(&told);
    assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), -EIO);
    codec_told_free(&told);
    free(got);
    xz_case_free(&made);
}

/* A block with a wrong check is wrong in the read that ends with it, and only that block is. */
static void test_wrong_check(void **state)
{
    struct random random = random_case(560);

    (void)state;
    for (size_t i = 1; i < LENGTH_OF(xz_checks); i++) {
        struct xz_manner manner = xz_simple;
        struct codec_told told;
        struct codec_stream *stream = NULL;
        manner.check = xz_checks[i];
        struct xz_case made = xz_case_new(&random, 3 * MIB, &manner);
        uint8_t *got = malloc(made.size);
        assert_non_null(got);
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
        made.file.bytes[told.places[2].file - 1] ^= 1;
        const struct codec_file file = codec_bytes_open(&made.file);
        assert_int_equal(xz_codec.stream_open(&file, &told.places[0], &stream), 0);
        assert_int_equal(xz_codec.stream_read(&file, stream, got, MIB), 0);
        assert_int_equal(xz_codec.stream_read(&file, stream, got, MIB - 1), 0);
        assert_memory_equal(got, made.plain + MIB, MIB - 1);
        assert_int_equal(xz_codec.stream_read(&file, stream, got, 1), -EBADMSG);
        xz_codec.stream_close(stream);
        assert_int_equal(
            codec_read_from(&xz_codec, &made.file, &told.places[2], 2 * MIB, MIB, &random, got), 0);
        assert_memory_equal(got, made.plain + 2 * MIB, MIB);
        codec_told_free(&told);
        free(got);
        xz_case_free(&made);
    }
}

/*
 * An index that is not of these blocks: at the end of a part, or when a stream passes it. What was
 * read before is what the blocks hold.
 */
static void test_wrong_index(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct random random = random_case(570 + i);
        const struct xz_manner manner = {
            .check = LZMA_CHECK_CRC32, .block_size = MIB, .misstated = 1, .sizes = i == 1};
        struct xz_case made = xz_case_new(&random, 3 * MIB, &manner);
        uint8_t *got = malloc(made.size + 1);
        struct codec_told told;
        assert_non_null(got);
        assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
        assert_int_equal(told.size, made.size + 3);
        assert_int_equal(
            codec_read_from(&xz_codec, &made.file, &told.places[0], 0, made.size, &random, got), 0);
        assert_memory_equal(got, made.plain, made.size);
        assert_int_equal(
            codec_read_from(&xz_codec, &made.file, &told.places[0], 0, made.size + 1, &random, got),
            -EBADMSG);
        assert_int_equal(check_parts(&made.file, &told, made.plain, made.size, false), told.count);
        codec_told_free(&told);
        free(got);
        xz_case_free(&made);
    }
}

/* An index that is wrong of two blocks of one part, but right of what they are together. */
static void test_wrong_index_within(void **state)
{
    struct random random = random_case(575);
    struct xz_manner manner = xz_simple;
    struct xz_case made = {.plain = xz_plain(&random, 2000), .size = 2000};
    lzma_index *index = lzma_index_init(NULL);
    struct codec_told told;

    (void)state;
    assert_non_null(index);
    xz_add_header(&made.file, manner.check);
    manner.misstated = 1;
    xz_add_block(&made.file, &manner, made.plain, 1000, index);
    manner.misstated = UINT64_MAX; /* one less */
    xz_add_block(&made.file, &manner, made.plain + 1000, 1000, index);
    xz_add_end(&made.file, manner.check, index);
    lzma_index_end(index, NULL);
    assert_int_equal(codec_walk_through(&xz_codec, &made.file, 1 << 30, &told), 0);
    assert_int_equal(told.count, 1);
    assert_int_equal(told.size, 2000);
    assert_int_equal(check_parts(&made.file, &told, made.plain, made.size, false), 1);
    codec_told_free(&told);
    xz_case_free(&made);
}

/* --- files that are made to hurt -------------------------------------------------------------- */

/* Adds a stream with the header of a block, and what it says of its memory, but no block. */
static uint64_t memory_of(uint32_t dictionary, lzma_check check, int *error)
{
    struct codec_bytes file = {.bytes = NULL};
    lzma_options_lzma lzma;
    uint8_t bytes[LZMA_BLOCK_HEADER_SIZE_MAX];
    const struct codec_place place = {.starts_unit = true};
    uint64_t memory = 0;

    assert_false(lzma_lzma_preset(&lzma, 0));
    lzma.dict_size = dictionary;
    lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &lzma}, {.id = LZMA_VLI_UNKNOWN}};
    lzma_block block = {.version = 1,
                        .check = check,
                        .filters = filters,
                        .compressed_size = LZMA_VLI_UNKNOWN,
                        .uncompressed_size = LZMA_VLI_UNKNOWN};
    assert_int_equal(lzma_block_header_size(&block), LZMA_OK);
    assert_int_equal(lzma_block_header_encode(&block, bytes), LZMA_OK);
    xz_add_header(&file, check);
    codec_bytes_add(&file, bytes, block.header_size);
    xz_add_zeros(&file, 100);
    const struct codec_file opened = codec_bytes_open(&file);
    *error = xz_codec.stream_memory(&opened, &place, &memory);
    struct codec_stream *stream = NULL;
    assert_int_equal(xz_codec.stream_open(&opened, &place, &stream), 0);
    assert_int_equal(xz_codec.stream_read(&opened, stream, bytes, 1), -EBADMSG);
    xz_codec.stream_close(stream);
    codec_bytes_free(&file);
    return memory;
}

static void test_memory(void **state)
{
    int error = 0;

    (void)state;
    uint64_t memory = memory_of(8 * MIB, LZMA_CHECK_CRC32, &error);
    assert_int_equal(error, 0);
    assert_true(memory >= 8 * MIB && memory < 9 * MIB);
    memory = memory_of(64 * MIB, LZMA_CHECK_CRC32, &error);
    assert_int_equal(error, 0);
    assert_true(memory >= 64 * MIB && memory < 66 * MIB);
    (void)memory_of(XZ_MEMORY_MOST, LZMA_CHECK_CRC32, &error);
    assert_int_equal(error, -EBADMSG);
    (void)memory_of(UINT32_MAX, LZMA_CHECK_CRC32, &error);
    assert_int_equal(error, -EBADMSG);
    (void)memory_of(8 * MIB, (lzma_check)5, &error);
    assert_int_equal(error, -EBADMSG);
}

/* A stream of blocks that are not there: holes of the file, of 16 KiB each, that tell of 1 MiB. */
struct sparse_file {
    struct codec_bytes start; /* what is at the start of the file */
    struct codec_bytes end;
    uint64_t size;
    uint64_t reads;
};

static int sparse_read(void *argument, void *buffer, size_t length, uint64_t offset)
{
    struct sparse_file *file = argument;
    uint8_t *bytes = buffer;
    const uint64_t end = file->size - file->end.size;
    assert_true(offset <= file->size && length <= file->size - offset);
    file->reads += length;
    memset(bytes, 0, length);
    if (offset < file->start.size)
        memcpy(bytes, file->start.bytes + offset, min_u64(length, file->start.size - offset));
    if (offset + length > end) {
        const uint64_t from = max_u64(offset, end);
        memcpy(bytes + (from - offset), file->end.bytes + (from - end), offset + length - from);
    }
    return 0;
}

struct place_count {
    uint64_t unit; /* of the file, of which each has a step of plain bytes; 0: not known */
    uint64_t count;
    uint64_t plain; /* of the last */
    uint64_t file;
};

static int count_place(void *argument, const struct codec_place *place)
{
    struct place_count *count = argument;
    assert_true(count->count == 0 || place->plain - count->plain >= CODEC_STEP ||
                place->file - count->file >= CODEC_FILE_STEP);
    if (count->unit != 0)
        assert_int_equal(place->plain / CODEC_STEP, place->file / count->unit);
    count->count++;
    count->plain = place->plain;
    count->file = place->file;
    return 0;
}

/* Walks through a file in steps, and sees that each reads little. */
static struct codec_walk walk_counting(const struct codec_file *file, const uint64_t *reads,
                                       struct place_count *count)
{
    const struct codec_sink sink = {count, count_place, NULL, codec_told_damage, false};
    struct codec_walk *walk = NULL;

    assert_int_equal(xz_codec.walk_begin(file, NULL, &sink, &walk), 0);
    while (walk->end == CODEC_GOES_ON) {
        const uint64_t before = *reads;
        assert_int_equal(xz_codec.walk_on(walk, MIB), 0);
        assert_true(*reads - before <= 2 * MIB);
    }
    const struct codec_walk ended = *walk;
    xz_codec.walk_free(walk);
    return ended;
}

/* A million blocks of 1 MiB in one stream: an index of 6 MiB, in bounded memory. */
static void test_many_blocks(void **state)
{
    const uint64_t blocks = MIB;
    struct sparse_file file = {.size = 0};
    struct place_count count = {.count = 0};
    lzma_index *index = lzma_index_init(NULL);

    (void)state;
    assert_non_null(index);
    for (uint64_t i = 0; i < blocks; i++)
        assert_int_equal(lzma_index_append(index, NULL, 16384 - i % 4, MIB), LZMA_OK);
    xz_add_header(&file.start, LZMA_CHECK_CRC64);
    xz_add_end(&file.end, LZMA_CHECK_CRC64, index);
    file.size = file.start.size + blocks * 16384 + file.end.size;
    const struct codec_file opened = {sparse_read, &file, file.size};
    const struct codec_walk walk = walk_counting(&opened, &file.reads, &count);
    assert_int_equal(walk.end, CODEC_WHOLE);
    assert_int_equal(walk.plain, blocks * MIB);
    assert_int_equal(count.count, blocks);
    codec_bytes_free(&file.start);
    codec_bytes_free(&file.end);
    lzma_index_end(index, NULL);
}

/* Streams without blocks, half a million of them, and then a sound one. */
static void test_empty_streams(void **state)
{
    struct random random = random_case(600);
    const unsigned streams = CODEC_FILE_STEP / 32 + 1000;
    struct xz_case made = {.plain = xz_plain(&random, 1000), .size = 1000};
    struct codec_bytes one = {.bytes = NULL};

    (void)state;
    xz_add_stream(&one, &xz_simple, NULL, 0);
    assert_int_equal(one.size, 32);
    codec_bytes_repeat(&made.file, one.bytes, one.size, streams);
    xz_add_stream(&made.file, &xz_simple, made.plain, made.size);
    check_sound(&made, &random);
    codec_bytes_free(&one);
    xz_case_free(&made);
}

/* More streams that tell of a step each than groups are kept: places get fewer, but stay right. */
static void test_many_streams(void **state)
{
    const unsigned streams = 9 * (MIB / 4);
    struct codec_bytes one = {.bytes = NULL};
    struct codec_bytes file = {.bytes = NULL};
    lzma_index *index = lzma_index_init(NULL);

    (void)state;
    assert_non_null(index);
    assert_int_equal(lzma_index_append(index, NULL, 8, CODEC_STEP), LZMA_OK);
    xz_add_header(&one, LZMA_CHECK_NONE);
    xz_add_zeros(&one, 8);
    xz_add_end(&one, LZMA_CHECK_NONE, index);
    codec_bytes_repeat(&file, one.bytes, one.size, streams);
    const struct codec_file opened = codec_bytes_open(&file);
    struct place_count count = {.unit = one.size};
    const struct codec_walk walk = walk_counting(&opened, &file.reads, &count);
    assert_int_equal(walk.end, CODEC_WHOLE);
    assert_int_equal(walk.plain, (uint64_t)streams * CODEC_STEP);
    assert_true(count.count > MIB / 4 && count.count <= MIB);
    codec_bytes_free(&one);
    codec_bytes_free(&file);
    lzma_index_end(index, NULL);
}

/* Footers that all would have the same long index read, which fails at its end. */
static void test_many_footers(void **state)
{
    struct codec_bytes file = {.bytes = NULL};
    uint8_t footer[LZMA_STREAM_HEADER_SIZE];
    struct codec_told told;

    (void)state;
    xz_add_header(&file, LZMA_CHECK_CRC32);
    codec_bytes_add(&file, "\0\xFF\xFF\x7F", 4);
    const uint64_t start = file.size - 4;
    codec_bytes_repeat(&file, "\x08", 1, 4 * MIB);
    for (size_t i = 0; i < 100000; i++) {
        const lzma_stream_flags flags = {.check = LZMA_CHECK_CRC32,
                                         .backward_size = file.size - start};
        assert_int_equal(lzma_stream_footer_encode(&flags, footer), LZMA_OK);
        codec_bytes_add(&file, footer, sizeof(footer));
    }
    assert_int_equal(codec_walk_through(&xz_codec, &file, 1 << 20, &told), 0);
    assert_int_equal(told.end, CODEC_LOST);
    assert_int_equal(told.size, 0);
    assert_true(file.reads < 20 * file.size);
    codec_told_free(&told);
    codec_bytes_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recognises),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_places_within),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_ends_tell),
        cmocka_unit_test(test_program),
        cmocka_unit_test(test_walk_from),
        cmocka_unit_test(test_cut_after_streams),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_flips),
        cmocka_unit_test(test_flips_in_parts),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_garbage),
        cmocka_unit_test(test_zeros),
        cmocka_unit_test(test_xz_within),
        cmocka_unit_test(test_read_error),
        cmocka_unit_test(test_wrong_check),
        cmocka_unit_test(test_wrong_index),
        cmocka_unit_test(test_wrong_index_within),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_many_blocks),
        cmocka_unit_test(test_empty_streams),
        cmocka_unit_test(test_many_streams),
        cmocka_unit_test(test_many_footers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_left_out(void **state)
{
    (void)state;
    print_message("built without xz\n");
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
