/* SPDX-License-Identifier: MIT */
/* The codec zstd, against libzstd and the program zstd. */
#include "tests/unit/codec_check.h"

#ifdef BIGFS_HAS_ZSTD
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zstd.h>

#include "core/codec/zstd.h"
#include "core/codec/zstd_decoder.h"

enum { BLOCK = 128 * 1024, PLAIN_MOST = 3 * CODEC_STEP + 100 };

/* --- files to read --------------------------------------------------------------------------- */

struct frame_options {
    int level;
    int window_log; /* 0: as the level has it */
    bool untold;    /* the frame does not tell its size */
    bool checksum;
};

/* A file, the plain bytes that it was made from, and the frames that it has. */
struct sample {
    struct codec_bytes file;
    uint8_t *plain; /* owned */
    uint64_t size;
    uint64_t starts[4096];
    uint64_t plains[4096];
    unsigned frames;
};

static void sample_free(struct sample *sample)
{
    codec_bytes_free(&sample->file);
    free(sample->plain);
    *sample = (struct sample){.plain = NULL};
}

/* Bytes that compress well, badly and not at all, in turns. */
static void fill_plain(struct random *random, uint8_t *plain, size_t size)
{
    for (size_t at = 0; at < size;) {
        const uint64_t kind = random_below(random, 4);
        const size_t end = (size_t)min_u64(size, at + random_between(random, 1, 200000));
        for (; at < end; at++)
            if (kind == 0)
                plain[at] = 0;
            else if (kind == 1)
                plain[at] = (uint8_t)random_next(random);
            else if (kind == 2)
                plain[at] = (uint8_t)("timber forest\n"[random_below(random, 14)]);
            else
                plain[at] = (uint8_t)(at >= 1000 ? plain[at - random_below(random, 3) - 997] : at);
    }
}

/* Adds a frame that holds these bytes. */
static void add_frame(struct codec_bytes *file, const uint8_t *plain, size_t size,
                      struct frame_options options)
{
    static ZSTD_CCtx *context; /* kept: a new one takes longer than a small frame */
    const size_t room = ZSTD_compressBound(size) + 100 + size / 1000;
    uint8_t *bytes = malloc(room);
    if (context == NULL)
        context = ZSTD_createCCtx();
    assert_true(bytes != NULL && context != NULL);
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, options.level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, options.checksum);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, !options.untold);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, options.window_log);
    ZSTD_outBuffer out = {bytes, room, 0};
    ZSTD_inBuffer in = {plain, size, 0};
    if (options.untold) { /* in two steps: else libzstd knows the size after all */
        ZSTD_inBuffer half = {plain, size / 2, 0};
        assert_false(ZSTD_isError(ZSTD_compressStream2(context, &out, &half, ZSTD_e_flush)));
        in.pos = half.pos;
    }
    assert_int_equal(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0);
    codec_bytes_add(file, bytes, out.pos);
    free(bytes);
}

static void put_number(uint8_t *bytes, uint64_t number, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
}

static void add_number(struct codec_bytes *file, uint64_t number, unsigned length)
{
    uint8_t bytes[8];
    put_number(bytes, number, length);
    codec_bytes_add(file, bytes, length);
}

static void add_skippable(struct codec_bytes *file, uint32_t kind, size_t length)
{
    uint8_t *bytes = calloc(1, length + 1);
    assert_non_null(bytes);
    memset(bytes, 0x28, length);
    add_number(file, 0x184d2a50 + kind, 4);
    add_number(file, length, 4);
    codec_bytes_add(file, bytes, length);
    free(bytes);
}

static struct frame_options random_frame_options(struct random *random)
{
    static const int levels[] = {-5, 1, 1, 3, 5};
    return (struct frame_options){
        .level = levels[random_below(random, LENGTH_OF(levels))],
        .window_log = random_chance(random, 20) ? (int)random_between(random, 10, 23) : 0,
        .untold = random_chance(random, 40),
        .checksum = random_chance(random, 60),
    };
}

static void sample_add(struct sample *sample, size_t size, struct frame_options options)
{
    assert_true(sample->frames < LENGTH_OF(sample->starts));
    sample->starts[sample->frames] = sample->file.size;
    sample->plains[sample->frames++] = sample->size;
    add_frame(&sample->file, sample->plain + sample->size, size, options);
    sample->size += size;
}

static void sample_begin(struct sample *sample, struct random *random, size_t most)
{
    *sample = (struct sample){.plain = malloc(most + 1)};
    assert_non_null(sample->plain);
    fill_plain(random, sample->plain, most);
}

/* A sample of frames that are all alike. */
static void sample_even(struct sample *sample, struct random *random, size_t size, size_t step,
                        struct frame_options options)
{
    sample_begin(sample, random, size);
    while (sample->size < size)
        sample_add(sample, (size_t)min_u64(step, size - sample->size), options);
}

/* Adds a seek table, each entry as `change` leaves it. */
static void sample_add_table(struct sample *sample, bool checksums,
                             void (*change)(unsigned i, uint8_t *entry))
{
    const unsigned entry_size = checksums ? 12 : 8;
    const uint64_t end = sample->file.size;
    add_number(&sample->file, 0x184d2a5e, 4);
    add_number(&sample->file, sample->frames * entry_size + 9, 4);
    for (unsigned i = 0; i < sample->frames; i++) {
        const bool last = i + 1 == sample->frames;
        uint8_t entry[12] = {0};
        put_number(entry, (last ? end : sample->starts[i + 1]) - sample->starts[i], 4);
        put_number(entry + 4, (last ? sample->size : sample->plains[i + 1]) - sample->plains[i], 4);
        if (change != NULL)
            change(i, entry);
        codec_bytes_add(&sample->file, entry, entry_size);
    }
    add_number(&sample->file, sample->frames, 4);
    add_number(&sample->file, checksums ? 0x80 : 0, 1);
    add_number(&sample->file, 0x8f92eab1, 4);
}

static void check_sample(struct sample *sample, struct random *random)
{
    codec_check_whole(&zstd_codec, &sample->file, sample->plain, sample->size, random);
}

/* libzstd takes the file as we do. */
static void check_sample_decompresses(struct sample *sample)
{
    uint8_t *got = malloc(sample->size + 1);
    assert_non_null(got);
    assert_int_equal(ZSTD_decompress(got, sample->size + 1, sample->file.bytes, sample->file.size),
                     sample->size);
    assert_memory_equal(got, sample->plain, sample->size);
    free(got);
}

static void walk_sample(struct sample *sample, struct codec_told *told)
{
    assert_int_equal(codec_walk_through(&zstd_codec, &sample->file, 1000, told), 0);
}

/* What reading all from the start returns. */
static int read_all(struct sample *sample, uint64_t size, struct random *random)
{
    const struct codec_place start = {.starts_unit = true};
    uint8_t *got = malloc(size + 1);
    assert_non_null(got);
    int error = codec_read_from(&zstd_codec, &sample->file, &start, 0, (size_t)size, random, got);
    if (error == 0)
        assert_memory_equal(got, sample->plain, size);
    free(got);
    return error;
}

/* --- whole files ----------------------------------------------------------------------------- */

static void test_sizes(void **state)
{
    static const size_t edges[] = {0,           1,           255,           256,
                                   257,         1023,        1024,          1025,
                                   65535 + 256, 65536 + 256, BLOCK - 1,     BLOCK,
                                   BLOCK + 1,   2 * BLOCK,   3 * BLOCK + 7, CODEC_STEP - 1,
                                   CODEC_STEP};
    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(edges) * 8; i++) {
        struct random random = random_case(i);
        struct sample sample;
        const size_t size = edges[i / 8];
        const struct frame_options options = {
            .level = random_chance(&random, 50) ? 1 : 5,
            .untold = (i & 1) != 0,
            .checksum = (i & 2) != 0,
            .window_log = (i & 4) != 0 ? (int)random_between(&random, 10, 20) : 0,
        };
        sample_begin(&sample, &random, size);
        sample_add(&sample, size, options);
        check_sample(&sample, &random);
        check_sample_decompresses(&sample);
        sample_free(&sample);
    }
}

static void test_many_frames(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct random random = random_case(1000 + i);
        struct sample sample;
        sample_begin(&sample, &random, PLAIN_MOST);
        const uint64_t frame_most = random_chance(&random, 30) ? 5000 : 600000;
        while (sample.size + frame_most < PLAIN_MOST && sample.frames < 500) {
            while (random_chance(&random, 20))
                add_skippable(&sample.file, (uint32_t)random_below(&random, 16),
                              random_below(&random, 20000));
            const size_t size =
                (size_t)(random_chance(&random, 10) ? 0 : random_below(&random, frame_most));
            sample_add(&sample, size, random_frame_options(&random));
        }
        if (random_chance(&random, 50))
            add_skippable(&sample.file, 0, random_below(&random, 100));
        check_sample(&sample, &random);
        check_sample_decompresses(&sample);
        sample_free(&sample);
    }
}

/* Blocks of zeros, of random bytes, and of both: raw and run blocks need no decoding for a size. */
static void test_blocks_of_each_type(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct random random = random_case(2000 + i);
        struct sample sample;
        const size_t size = 5 * BLOCK + 11;
        sample_begin(&sample, &random, 2 * size);
        for (size_t at = 0; at < 2 * size; at++)
            sample.plain[at] = (i & 1) != 0 ? (uint8_t)random_next(&random) : 0;
        sample_add(&sample, size, (struct frame_options){.untold = (i & 2) != 0});
        sample_add(&sample, size, (struct frame_options){.checksum = (i & 4) != 0, .level = 5});
        check_sample(&sample, &random);
        sample_free(&sample);
    }
}

static void test_long_windows(void **state)
{
    struct random random = random_case(2100);
    struct sample sample;
    (void)state;
    sample_even(&sample, &random, PLAIN_MOST, 700000,
                (struct frame_options){.window_log = 27, .untold = true});
    check_sample(&sample, &random);
    sample_free(&sample);
}

/* One frame, longer than a step, can only be read from its start; what is empty does not count. */
static void test_one_frame_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct random random = random_case(2200 + i);
        const bool longer = (i & 1) != 0;
        struct codec_told told;
        struct sample sample;
        sample_begin(&sample, &random, CODEC_STEP + 1);
        if ((i & 2) != 0)
            add_skippable(&sample.file, 3, 1000);
        sample_add(&sample, CODEC_STEP + longer, (struct frame_options){.untold = (i & 4) != 0});
        if ((i & 2) != 0)
            sample_add(&sample, 0, (struct frame_options){.untold = (i & 4) != 0});
        walk_sample(&sample, &told);
        assert_int_equal(told.end, longer ? CODEC_START_ALONE : CODEC_WHOLE);
        assert_true(!longer || !codec_ends_tell(&zstd_codec, &sample.file));
        assert_int_equal(told.size, sample.size);
        assert_int_equal(told.count, (i & 2) != 0 ? 2 : 1);
        codec_told_free(&told);
        sample_add(&sample, 0, (struct frame_options){.level = 1});
        sample.plain = realloc(sample.plain, sample.size + 2);
        sample_add(&sample, 1, (struct frame_options){.level = 1});
        check_sample(&sample, &random);
        sample_free(&sample);
    }
}

static void test_a_million_empty_frames(void **state)
{
    struct random random = random_case(2300);
    struct codec_told told;
    struct sample sample;
    (void)state;
    sample_begin(&sample, &random, 10);
    sample_add(&sample, 5, (struct frame_options){.level = 1});
    const uint64_t start = sample.file.size;
    sample_add(&sample, 0, (struct frame_options){.level = 1});
    uint8_t frame[20];
    const size_t length = (size_t)(sample.file.size - start);
    assert_in_range(length, 1, sizeof(frame));
    memcpy(frame, sample.file.bytes + start, length);
    codec_bytes_repeat(&sample.file, frame, length, 1000 * 1000 - 1);
    sample_add(&sample, 5, (struct frame_options){.level = 1});
    assert_int_equal(codec_walk_through(&zstd_codec, &sample.file, 100000, &told), 0);
    assert_int_equal(told.end, CODEC_WHOLE);
    assert_int_equal(told.size, 10);
    assert_true(told.count <= 2);
    assert_true(sample.file.reads < sample.file.size + sample.file.size / 100 + 10000);
    codec_told_free(&told);
    assert_int_equal(read_all(&sample, 10, &random), 0);
    assert_int_equal(read_all(&sample, 11, &random), -EBADMSG);
    sample_free(&sample);
}

/* Skippable frames are passed unread, and a walk over headers reads little. */
static void test_a_walk_reads_headers(void **state)
{
    struct random random = random_case(2400);
    struct codec_told told;
    struct sample sample;
    (void)state;
    sample_begin(&sample, &random, PLAIN_MOST);
    for (size_t i = 0; i < PLAIN_MOST; i++)
        sample.plain[i] = (uint8_t)random_next(&random);
    for (unsigned i = 0; i < 3; i++) {
        add_skippable(&sample.file, i, CODEC_FILE_STEP);
        sample_add(&sample, CODEC_STEP, (struct frame_options){.level = 1});
    }
    walk_sample(&sample, &told);
    assert_int_equal(told.size, 3 * CODEC_STEP);
    assert_int_equal(told.count, 4);
    assert_true(sample.file.reads < 50 * (uint64_t)4096);
    codec_told_free(&told);
    sample.file.reads = 0;
    assert_int_equal(read_all(&sample, 3 * CODEC_STEP, &random), 0);
    assert_true(sample.file.reads < 5 * CODEC_STEP);
    sample_free(&sample);
}

/* What is appended is walked from where the file ended. */
static void test_appended_frames(void **state)
{
    struct random random = random_case(2500);
    struct codec_told told = {.places = NULL};
    const struct codec_sink sink = {&told, codec_told_place, NULL, codec_told_damage, false};
    struct codec_walk *walk;
    struct sample sample;
    (void)state;
    sample_begin(&sample, &random, PLAIN_MOST);
    sample_add(&sample, 100, (struct frame_options){.level = 1});
    const struct codec_place from = {
        .file = sample.file.size, .plain = sample.size, .starts_unit = true};
    sample_add(&sample, CODEC_STEP + 5, (struct frame_options){.untold = true});
    sample_add(&sample, 7, (struct frame_options){.level = 3});
    const struct codec_file file = codec_bytes_open(&sample.file);
    assert_int_equal(zstd_codec.walk_begin(&file, &from, &sink, &walk), 0);
    while (walk->end == CODEC_GOES_ON)
        assert_int_equal(zstd_codec.walk_on(walk, 10), 0);
    assert_int_equal(walk->end, CODEC_WHOLE);
    assert_int_equal(walk->plain, sample.size);
    assert_int_equal(walk->file, sample.file.size);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.places[0].file, from.file); /* where it begins, again */
    assert_int_equal(told.places[0].plain, from.plain);
    assert_int_equal(told.places[1].file, sample.starts[2]);
    assert_int_equal(told.places[1].plain, sample.plains[2]);
    zstd_codec.walk_free(walk);
    codec_told_free(&told);
    sample_free(&sample);
}

static void test_recognised(void **state)
{
    struct random random = random_case(2600);
    struct sample sample;
    (void)state;
    sample_begin(&sample, &random, 100);
    add_skippable(&sample.file, 5, 10);
    assert_false(zstd_codec.recognises(sample.file.bytes, 18));
    sample_add(&sample, 100, (struct frame_options){.level = 1});
    assert_true(zstd_codec.recognises(sample.file.bytes, sample.file.size));
    assert_true(zstd_codec.recognises(sample.file.bytes + 18, sample.file.size - 18));
    assert_false(zstd_codec.recognises(sample.file.bytes, 20));
    assert_false(zstd_codec.recognises(sample.file.bytes, 0));
    assert_false(
        zstd_codec.recognises((const uint8_t *)"\x27\xb5\x2f\xfd abcdefghij", 15)); /* v0.7 */
    sample_free(&sample);
}

/* --- the seek table -------------------------------------------------------------------------- */

static void test_seek_table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        struct random random = random_case(3000 + i);
        struct sample sample;
        sample_even(&sample, &random, PLAIN_MOST, random_between(&random, 3000, 900000),
                    (struct frame_options){.untold = (i & 1) != 0, .checksum = (i & 4) != 0});
        sample_add_table(&sample, (i & 2) != 0, NULL);
        assert_true(codec_ends_tell(&zstd_codec, &sample.file));
        check_sample(&sample, &random);
        sample_free(&sample);
    }
}

static void test_seek_table_spares_headers(void **state)
{
    struct random random = random_case(3100);
    struct codec_told told;
    struct sample sample;
    (void)state;
    sample_even(&sample, &random, PLAIN_MOST, 1000, (struct frame_options){.untold = true});
    sample_add_table(&sample, false, NULL);
    walk_sample(&sample, &told);
    assert_int_equal(told.size, sample.size);
    assert_true(sample.file.reads < 40 * (uint64_t)4096 + 3 * 8 * sample.frames);
    codec_told_free(&told);
    sample_free(&sample);
}

/* Changes of tables of frames of 50000 bytes. Those of headers that are looked at are seen. */
static void change_first_holds(unsigned i, uint8_t *entry)
{
    if (i == 0)
        put_number(entry + 4, 50001, 4);
}

static void change_length(unsigned i, uint8_t *entry)
{
    if (i == 5)
        entry[0] ^= 1;
}

/* The sum is right, but the second frame would start elsewhere. */
static void change_boundary(unsigned i, uint8_t *entry)
{
    const uint32_t length = (uint32_t)(entry[0] | entry[1] << 8 | entry[2] << 16);
    if (i < 2)
        put_number(entry, i == 0 ? length - 1 : length + 1, 4);
}

static void change_to_zeros(unsigned i, uint8_t *entry)
{
    (void)i;
    memset(entry, 0, 8);
}

static void change_to_the_most(unsigned i, uint8_t *entry)
{
    (void)i;
    memset(entry, 0xff, 8);
}

static void test_wrong_table_is_ignored(void **state)
{
    static void (*const changes[])(unsigned, uint8_t *) = {
        change_first_holds, change_length, change_boundary, change_to_zeros, change_to_the_most};
    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(changes) * 2; i++) {
        struct random random = random_case(3200 + i);
        struct sample sample;
        sample_even(&sample, &random, CODEC_STEP / 2, 50000, (struct frame_options){.level = 1});
        sample_add_table(&sample, (i & 1) != 0, changes[i / 2]);
        check_sample(&sample, &random);
        sample_free(&sample);
    }
}

static void test_wrong_footer_is_ignored(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 17; i++) {
        struct random random = random_case(3300 + i);
        struct sample sample;
        sample_even(&sample, &random, CODEC_STEP / 4, 50000, (struct frame_options){.level = 1});
        sample_add_table(&sample, false, NULL);
        if (i <= 9)
            sample.file.bytes[sample.file.size - i] ^= 0x7f;
        else
            add_skippable(&sample.file, 14, i - 10); /* after the table */
        check_sample(&sample, &random);
        sample_free(&sample);
    }
}

static void change_second_holds(unsigned i, uint8_t *entry)
{
    if (i == 1)
        put_number(entry + 4, 50001, 4);
}

static void change_second_holds_less(unsigned i, uint8_t *entry)
{
    if (i == 1)
        put_number(entry + 4, 49999, 4);
}

/* What a table says of a frame that was not looked at is compared when that is read. */
static void test_wrong_table_is_seen_when_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct random random = random_case(3400 + i);
        struct codec_told told;
        struct sample sample;
        sample_even(&sample, &random, CODEC_STEP, 50000,
                    (struct frame_options){.untold = (i & 1) != 0});
        sample_add_table(&sample, false,
                         (i & 2) != 0 ? change_second_holds : change_second_holds_less);
        walk_sample(&sample, &told);
        assert_int_equal(told.size, (i & 2) != 0 ? sample.size + 1 : sample.size - 1);
        codec_told_free(&told);
        assert_int_equal(read_all(&sample, 50000, &random), 0);
        assert_int_equal(read_all(&sample, 110000, &random), -EBADMSG);
        sample_free(&sample);
    }
}

/* --- what is refused ------------------------------------------------------------------------- */

/* A frame with this header, of one raw block "xyz". */
static void add_raw(struct codec_bytes *file, const char *header, size_t length)
{
    codec_bytes_add(file, "\x28\xb5\x2f\xfd", 4);
    codec_bytes_add(file, header, length);
    codec_bytes_add(file, "\x19\0\0xyz", 6);
}

#define ADD_RAW(file, header) add_raw((file), (header), sizeof(header) - 1)

/* Walks a file of such a frame between two good ones. */
static void check_refused(const char *header, size_t length, enum codec_end end, bool damaged)
{
    struct random random = random_case(4000);
    struct codec_told told;
    struct sample sample;
    sample_begin(&sample, &random, 200);
    sample_add(&sample, 100, (struct frame_options){.level = 1});
    const uint64_t start = sample.file.size;
    add_raw(&sample.file, header, length);
    sample_add(&sample, 100, (struct frame_options){.level = 1});
    walk_sample(&sample, &told);
    assert_int_equal(told.end, end);
    assert_int_equal(told.damaged, damaged);
    if (damaged)
        assert_int_equal(told.damaged_from, 100);
    assert_int_equal(told.file, end == CODEC_WHOLE ? sample.file.size : start);
    assert_int_equal(told.size, end == CODEC_WHOLE ? 203 : 100);
    codec_told_free(&told);
    assert_int_equal(read_all(&sample, 100, &random), 0);
    assert_int_equal(read_all(&sample, 103, &random), -EBADMSG);
    sample_free(&sample);
}

#define CHECK_REFUSED(header, end, damaged)                                                        \
    check_refused((header), sizeof(header) - 1, (end), (damaged))

static void test_dictionary_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED("\x21\x07\x03", CODEC_WHOLE, true);
    CHECK_REFUSED("\x22\x07\x01\x03", CODEC_WHOLE, true);
    CHECK_REFUSED("\x23\x07\x01\x01\x01\x03", CODEC_WHOLE, true);
    CHECK_REFUSED("\x01\x58\x07", CODEC_WHOLE, true); /* raw blocks tell the size */
}

static void test_large_window_is_refused(void **state)
{
    (void)state;
    CHECK_REFUSED("\x80\x89\x03\0\0\0", CODEC_WHOLE, true);         /* 2^27 and an eighth */
    CHECK_REFUSED("\xc0\xff\x03\0\0\0\0\0\0\0", CODEC_WHOLE, true); /* the largest */
    CHECK_REFUSED("\x00\xff", CODEC_WHOLE, true);
    /* One segment of 2^60 bytes: a lie. */
    CHECK_REFUSED("\xe0\0\0\0\0\0\0\0\x10", CODEC_LOST, false);
}

static void test_lie_is_seen(void **state)
{
    (void)state;
    CHECK_REFUSED("\x80\x58\x04\0\0\0", CODEC_LOST, false);
    CHECK_REFUSED("\x80\x58\x02\0\0\0", CODEC_LOST, false);
    CHECK_REFUSED("\xc0\x58\xfe\xff\xff\xff\xff\xff\xff\xff", CODEC_LOST, false);
}

static void test_reserved_bit_is_lost(void **state)
{
    (void)state;
    CHECK_REFUSED("\x28\x03", CODEC_LOST, false);
}

/* What follows the last frame and is none. `zstd -d` fails there too, after it wrote all before. */
static void test_garbage_at_the_end(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum codec_end end;
    } cases[] = {
        {"\0", 1, CODEC_LOST},
        {"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20, CODEC_LOST},
        {"\x28", 1, CODEC_CUT},
        {"\x28\xb5\x2f", 3, CODEC_CUT},
        {"\x28\xb5\x2f\xfd", 4, CODEC_CUT},
        {"\x28\xb5\x2f\xfe", 4, CODEC_LOST},
        {"\x27\xb5\x2f\xfd\x04\0\0\0", 8, CODEC_LOST}, /* v0.7 */
        {"\x5f\x2a", 2, CODEC_CUT},
        {"\x5f\x2a\x4d\x18\x01\0\0\0", 8, CODEC_CUT},
        {"\x28\xb5\x2f\xfd\x20\0\x07\0\0", 9, CODEC_LOST}, /* a reserved block */
    };
    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(cases); i++) {
        struct random random = random_case(4100 + i);
        struct codec_told told;
        struct sample sample;
        sample_begin(&sample, &random, 1000);
        sample_add(&sample, 1000, (struct frame_options){.untold = true});
        const uint64_t end = sample.file.size;
        codec_bytes_add(&sample.file, cases[i].bytes, cases[i].length);
        walk_sample(&sample, &told);
        assert_int_equal(told.end, cases[i].end);
        assert_int_equal(told.file, end);
        assert_int_equal(told.size, 1000);
        codec_told_free(&told);
        assert_int_equal(read_all(&sample, 1000, &random), 0);
        assert_int_equal(read_all(&sample, 1001, &random), -EBADMSG);
        sample_free(&sample);
    }
}

/* --- damage ---------------------------------------------------------------------------------- */

enum { SMALL = 150 };

/* A small file with each kind of frame, all with checksums. */
static void make_small(struct sample *sample, struct random *random, bool table)
{
    sample_begin(sample, random, 3 * SMALL);
    memset(sample->plain, 'a', 2 * SMALL / 3);
    for (unsigned i = 2 * SMALL / 3; i < 3 * SMALL; i++)
        sample->plain[i] = (uint8_t)("bigfs\n"[random_below(random, 6)]);
    sample_add(sample, SMALL, (struct frame_options){.checksum = true});
    sample_add(sample, SMALL, (struct frame_options){.checksum = true, .untold = true});
    if (table)
        sample_add(sample, 0, (struct frame_options){.checksum = true});
    else
        add_skippable(&sample->file, 1, 9);
    sample_add(sample, SMALL, (struct frame_options){.checksum = true, .window_log = 12});
    if (table)
        sample_add_table(sample, false, NULL);
}

static void test_truncated(void **state)
{
    struct random random = random_case(5000);
    struct sample sample;
    (void)state;
    make_small(&sample, &random, false);
    for (uint64_t size = sample.file.size; size-- > 0;) {
        struct codec_told told;
        unsigned whole = 0;
        const uint64_t skippable = sample.starts[2] - 17;
        const bool ends_there =
            size == 0 || size == sample.starts[1] || size == skippable || size == sample.starts[2];
        while (whole < 2 && size >= (whole == 0 ? sample.starts[1] : skippable))
            whole++;
        sample.file.size = size;
        walk_sample(&sample, &told);
        assert_int_equal(told.end, ends_there ? CODEC_WHOLE : CODEC_CUT);
        assert_int_equal(told.size, SMALL * whole);
        if (ends_there)
            assert_int_equal(told.file, size);
        else
            assert_int_equal(told.file, size > skippable && size < sample.starts[2]
                                            ? skippable
                                            : sample.starts[whole]);
        assert_int_equal(told.damaged, 0);
        codec_told_free(&told);
        assert_int_equal(read_all(&sample, SMALL * whole, &random), 0);
        assert_int_equal(read_all(&sample, SMALL * whole + SMALL, &random), -EBADMSG);
    }
    sample_free(&sample);
}

static void test_every_bit_flipped(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct random random = random_case(5100 + i);
        struct sample sample;
        make_small(&sample, &random, i != 0);
        for (uint64_t bit = 0; bit < sample.file.size * 8; bit++) {
            sample.file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            codec_check_damaged(&zstd_codec, &sample.file, sample.plain, sample.size, &random);
            sample.file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        sample_free(&sample);
    }
}

/* A wrong checksum: the frame is damaged. If it does not tell its size, what follows is lost. */
static void test_wrong_checksum(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct random random = random_case(5200 + i);
        struct codec_told told;
        struct sample sample;
        sample_begin(&sample, &random, 600);
        for (unsigned j = 0; j < 600; j++)
            sample.plain[j] = (uint8_t)("compressible "[j * j % 13]);
        while (sample.size < 600)
            sample_add(&sample, 300, (struct frame_options){.checksum = true, .untold = i != 0});
        sample.file.bytes[sample.starts[1] - 1] ^= 1;
        walk_sample(&sample, &told);
        assert_int_equal(told.end, i == 0 ? CODEC_WHOLE : CODEC_LOST);
        assert_int_equal(told.size, i == 0 ? 600 : 0);
        assert_int_equal(told.damaged, 0); /* the frames were not decoded, or lost */
        codec_told_free(&told);
        assert_int_equal(read_all(&sample, 300, &random), -EBADMSG);
        uint8_t got[300];
        const struct codec_place second = {
            .file = sample.starts[1], .plain = 300, .starts_unit = true};
        assert_int_equal(
            codec_read_from(&zstd_codec, &sample.file, &second, 300, 300, &random, got), 0);
        assert_memory_equal(got, sample.plain + 300, 300);
        sample_free(&sample);
    }
}

static void test_read_errors(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct random random = random_case(5300 + i);
        struct codec_told told;
        struct sample sample;
        sample_even(&sample, &random, 400000, 100000, (struct frame_options){.untold = i != 0});
        sample.file.broken = sample.file.size - sample.starts[3];
        assert_int_equal(codec_walk_through(&zstd_codec, &sample.file, 500, &told), -EIO);
        codec_told_free(&told);
        assert_int_equal(read_all(&sample, 300000, &random), 0);
        assert_int_equal(read_all(&sample, 300001, &random), -EIO);
        sample_free(&sample);
    }
}

/* --- memory ---------------------------------------------------------------------------------- */

static void test_decoder_memory(void **state)
{
    (void)state;
    for (int log = 10; log <= 27; log++) {
        struct random random = random_case(6000 + (uint64_t)log);
        struct sample sample;
        struct zstd_decoder decoder;
        uint8_t got[1000];
        size_t length;
        sample_even(&sample, &random, 300000, 300000,
                    (struct frame_options){.window_log = log, .untold = true});
        const struct codec_file file = codec_bytes_open(&sample.file);
        assert_int_equal(zstd_decoder_make(UINT64_C(1) << log, &decoder), 0);
        zstd_decoder_begin(&decoder, 0);
        assert_int_equal(zstd_decoder_on(&file, &decoder, got, sizeof(got), &length), 0);
        assert_true(ZSTD_sizeof_DCtx(decoder.context) + decoder.input.room <=
                    zstd_decoder_memory(UINT64_C(1) << log));
        zstd_decoder_free(&decoder);
        if (log > 10) {
            assert_int_equal(zstd_decoder_make((UINT64_C(1) << log) - 1024, &decoder), 0);
            zstd_decoder_free(&decoder);
            assert_int_equal(zstd_decoder_make(UINT64_C(1) << (log - 1), &decoder), 0);
            zstd_decoder_begin(&decoder, 0);
            assert_int_equal(zstd_decoder_on(&file, &decoder, got, sizeof(got), &length), -EBADMSG);
            zstd_decoder_free(&decoder);
        }
        sample_free(&sample);
    }
}

/* A stream takes what was told for its place. A larger frame after the next place needs another.
 */
static void test_memory_of_a_later_frame(void **state)
{
    struct random random = random_case(6100);
    struct codec_told told;
    struct sample sample;
    uint64_t small, large;
    uint8_t got[1000];
    (void)state;
    sample_begin(&sample, &random, PLAIN_MOST);
    sample_add(&sample, 1000, (struct frame_options){.level = 1});
    sample_add(&sample, CODEC_STEP, (struct frame_options){.window_log = 23});
    sample_add(&sample, 1000, (struct frame_options){.level = 1});
    sample_add(&sample, 1000, (struct frame_options){.window_log = 25, .untold = true});
    const struct codec_file file = codec_bytes_open(&sample.file);
    walk_sample(&sample, &told);
    assert_int_equal(told.count, 2);
    assert_int_equal(zstd_codec.stream_memory(&file, &told.places[0], &small), 0);
    assert_int_equal(zstd_codec.stream_memory(&file, &told.places[1], &large), 0);
    assert_true(small > 8 << 20 && small < 10 << 20);
    assert_true(large > 32 << 20 && large < 34 << 20);
    assert_int_equal(read_all(&sample, CODEC_STEP + 2000, &random), 0);
    assert_int_equal(read_all(&sample, CODEC_STEP + 2001, &random), -ENOMEM);
    assert_int_equal(codec_read_from(&zstd_codec, &sample.file, &told.places[1], sample.plains[3],
                                     1000, &random, got),
                     0);
    assert_memory_equal(got, sample.plain + sample.plains[3], 1000);
    codec_told_free(&told);
    sample_free(&sample);
}

/* --- the program zstd ------------------------------------------------------------------------ */

static void check_command(struct scratch *scratch, const char *command, struct sample *sample,
                          struct random *random)
{
    char line[PATH_MAX + 400];
    uint8_t *room = malloc(2 * sample->size + 1000);
    assert_non_null(room);
    assert_true(snprintf(line, sizeof(line), "cd '%s' && %s", scratch->path, command) > 0);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c): the programs are what is tested
    int fd = scratch_open(scratch, "zst", O_RDONLY);
    const ssize_t length = read(fd, room, 2 * sample->size + 1000);
    assert_true(length >= 0);
    (void)close(fd);
    codec_bytes_free(&sample->file);
    codec_bytes_add(&sample->file, room, (size_t)length);
    check_sample(sample, random);
    free(room);
}

static void test_program(void **state)
{
    static const char *const commands[] = {
        "split -b 500K --filter='zstd -qc' plain >zst",
        "split -b 900K --filter='zstd -qc --no-check -6' plain >zst",
        "split -b 300K --filter='zstd -qc --fast=5' plain >zst",
        "split -b 800K --filter='zstd -qc --long=27' plain >zst",
        "split -b 100K plain part. && zstd -q part.* && cat part.*.zst >zst",
    };
    struct scratch *scratch = *state;
    struct random random = random_case(7000);
    struct sample sample;
    if (system("zstd --version >/dev/null 2>&1") != 0) // NOLINT(cert-env33-c): as above
        skip();
    sample_begin(&sample, &random, PLAIN_MOST);
    sample.size = PLAIN_MOST;
    scratch_write(scratch, "plain", sample.plain, sample.size);
    for (unsigned i = 0; i < LENGTH_OF(commands); i++)
        check_command(scratch, commands[i], &sample, &random);
    scratch_write(scratch, "ours", sample.file.bytes, sample.file.size);
    check_command(scratch, "zstd -dqc ours | cmp - plain && cp ours zst", &sample, &random);
    sample_free(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_many_frames),
        cmocka_unit_test(test_blocks_of_each_type),
        cmocka_unit_test(test_long_windows),
        cmocka_unit_test(test_one_frame_alone),
        cmocka_unit_test(test_a_million_empty_frames),
        cmocka_unit_test(test_a_walk_reads_headers),
        cmocka_unit_test(test_appended_frames),
        cmocka_unit_test(test_recognised),
        cmocka_unit_test(test_seek_table),
        cmocka_unit_test(test_seek_table_spares_headers),
        cmocka_unit_test(test_wrong_table_is_ignored),
        cmocka_unit_test(test_wrong_footer_is_ignored),
        cmocka_unit_test(test_wrong_table_is_seen_when_read),
        cmocka_unit_test(test_dictionary_is_refused),
        cmocka_unit_test(test_large_window_is_refused),
        cmocka_unit_test(test_lie_is_seen),
        cmocka_unit_test(test_reserved_bit_is_lost),
        cmocka_unit_test(test_garbage_at_the_end),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_every_bit_flipped),
        cmocka_unit_test(test_wrong_checksum),
        cmocka_unit_test(test_read_errors),
        cmocka_unit_test(test_decoder_memory),
        cmocka_unit_test(test_memory_of_a_later_frame),
        cmocka_unit_test_setup_teardown(test_program, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

static void test_built_without_zstd(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_built_without_zstd)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
