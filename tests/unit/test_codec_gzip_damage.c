/* SPDX-License-Identifier: MIT */
/* gzip_codec: damaged, cut and hostile files, and damaged aids. */
#include "tests/unit/support.h"

#ifdef BIGFS_HAS_GZIP

#include "tests/unit/gzip_made.h"

/* Two members of a few hundred bytes. Returns what they hold. */
static uint8_t *make_small(struct random *random, struct codec_bytes *file, size_t *size,
                           uint64_t *second)
{
    uint8_t name[] = "name";
    gz_header header = {.name = name, .hcrc = 1};
    const struct gzip_way way = {.level = 6, .header = &header};
    uint8_t *plain = make_content(random, TEXT, 700);

    *file = (struct codec_bytes){.bytes = NULL};
    add_plainly(file, plain, 400);
    *second = file->size;
    add_member(file, plain + 400, 300, &way);
    *size = 700;
    return plain;
}

static void test_cut(void **state)
{
    struct random random = random_case(0);
    struct codec_bytes file;
    size_t size = 0;
    uint64_t second = 0;
    uint8_t *plain = make_small(&random, &file, &size, &second);
    const uint64_t whole = file.size;

    (void)state;
    for (file.size = 0; file.size < whole; file.size++) {
        struct codec_told told;
        uint8_t got[400];
        assert_int_equal(codec_walk_through(&gzip_codec, &file, 100, &told), 0);
        assert_int_equal(told.end, file.size == second ? CODEC_WHOLE : CODEC_CUT);
        assert_int_equal(told.file, file.size < second ? 0 : second);
        assert_int_equal(told.size, file.size < second ? 0 : 400);
        assert_int_equal(told.damaged, 0);
        if (told.size > 0) {
            assert_int_equal(
                codec_read_from(&gzip_codec, &file, &told.places[0], 0, 400, &random, got), 0);
            assert_memory_equal(got, plain, 400);
        }
        codec_told_free(&told);
    }
    free(plain);
    codec_bytes_free(&file);
}

static void test_flipped_bits(void **state)
{
    struct random random = random_case(1);
    struct codec_bytes file;
    size_t size = 0;
    uint64_t second = 0;
    uint8_t *plain = make_small(&random, &file, &size, &second);

    (void)state;
    for (uint64_t bit = 0; bit < file.size * 8; bit++) {
        file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        codec_check_damaged(&gzip_codec, &file, plain, size, &random);
        file.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(plain);
    codec_bytes_free(&file);
}

/* A member whose checksum or length is wrong is damage; what is around it can be read. */
static void check_wrong_member(unsigned back)
{
    struct random random = random_case(2);
    struct codec_bytes file;
    struct codec_told told;
    size_t size = 0;
    uint64_t second = 0;
    uint8_t got[700];
    uint8_t *plain = make_small(&random, &file, &size, &second);
    const struct codec_file opened = codec_bytes_open(&file);

    add_plainly(&file, plain, 100);
    file.bytes[second - back] ^= 1;
    assert_int_equal(codec_walk_through(&gzip_codec, &file, 100, &told), 0);
    assert_int_equal(told.end, CODEC_WHOLE);
    assert_int_equal(told.size, 800);
    assert_int_equal(told.damaged, 1);
    assert_int_equal(told.damaged_from, 0);
    assert_int_equal(told.count, 2);
    assert_int_equal(told.places[1].file, second);
    assert_int_equal(told.places[1].plain, 400);
    assert_int_equal(codec_read_from(&gzip_codec, &file, &told.places[1], 400, 300, &random, got),
                     0);
    assert_memory_equal(got, plain + 400, 300);
    for (size_t length = 399; length <= 400; length++) { /* the trailer goes with the last byte */
        struct codec_stream *stream = NULL;
        assert_int_equal(gzip_codec.stream_open(&opened, &told.places[0], &stream), 0);
        assert_int_equal(gzip_codec.stream_read(&opened, stream, got, length),
                         length == 400 ? -EBADMSG : 0);
        gzip_codec.stream_close(stream);
    }
    codec_told_free(&told);
    free(plain);
    codec_bytes_free(&file);
}

static void test_wrong_member(void **state)
{
    (void)state;
    check_wrong_member(8);
    check_wrong_member(1);
}

/* No more places than so many are kept only because a member before is damaged. */
static void test_many_wrong_members(void **state)
{
    struct codec_bytes file = {.bytes = NULL};
    struct codec_told told;

    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        add_plainly(&file, (const uint8_t *)"x", 1);
        file.bytes[file.size - 8] ^= 1;
    }
    assert_int_equal(codec_walk_through(&gzip_codec, &file, 100, &told), 0);
    assert_int_equal(told.damaged, 3000);
    assert_int_equal(told.size, 3000);
    assert_true(told.count <= 1001);
    codec_told_free(&told);
    codec_bytes_free(&file);
}

/* What follows the last member: zeros are padding, all else is lost. */
static void test_what_follows(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        enum codec_end end;
    } cases[] = {
        {"\0", 1, CODEC_WHOLE},
        {"\0\0\0\0\0", 5, CODEC_WHOLE},
        {"x", 1, CODEC_LOST},
        {"\0\0x", 3, CODEC_LOST},
        {"\x1f", 1, CODEC_CUT},
        {"\x1f\x8b\x08\x20", 4, CODEC_LOST},
        {"\x1f\x8b\x07", 3, CODEC_LOST},
    };
    (void)state;
    for (unsigned i = 0; i < LENGTH_OF(cases); i++) {
        struct codec_bytes file = {.bytes = NULL};
        struct codec_told told;
        add_plainly(&file, (const uint8_t *)"abc", 3);
        codec_bytes_add(&file, cases[i].bytes, cases[i].length);
        assert_int_equal(codec_walk_through(&gzip_codec, &file, 7, &told), 0);
        assert_int_equal(told.end, cases[i].end);
        assert_int_equal(told.size, 3);
        codec_told_free(&told);
        codec_bytes_free(&file);
    }
}

/* A file with two places at least within a member. */
static uint8_t *make_with_aids(struct random *random, bool long_block, struct codec_bytes *file,
                               size_t *size)
{
    *size = 5 * CODEC_STEP;
    uint8_t *plain = make_content(random, TEXT, *size);
    memset(plain + CODEC_STEP, '-', 2 * CODEC_STEP); /* so that the budget allows them */
    *file = (struct codec_bytes){.bytes = NULL};
    if (long_block)
        add_long_block(file, plain, *size);
    else
        add_plainly(file, plain, *size);
    return plain;
}

static void check_flipped_aid(bool long_block)
{
    struct random random = random_case(3);
    struct codec_bytes file;
    struct codec_told told;
    size_t size = 0;
    uint8_t *plain = make_with_aids(&random, long_block, &file, &size);
    const struct codec_file opened = codec_bytes_open(&file);
    struct codec_stream *stream = NULL;
    size_t tried = 0;

    assert_int_equal(codec_walk_through(&gzip_codec, &file, 100000, &told), 0);
    for (size_t i = 0; i < told.count; i++) {
        struct codec_place place = told.places[i];
        uint8_t *aid = (uint8_t *)place.aid;
        for (size_t bit = 0; bit < place.aid_size * 8; bit++, tried++) {
            aid[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(gzip_codec.stream_open(&opened, &place, &stream), -EBADMSG);
            aid[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        if (place.starts_unit)
            continue;
        for (; place.aid_size > 0; place.aid_size--) {
            struct codec_place other = place;
            other.aid_size--;
            assert_int_equal(gzip_codec.stream_open(&opened, &other, &stream), -EBADMSG);
        }
        place = told.places[i];
        place.plain++;
        assert_int_equal(gzip_codec.stream_open(&opened, &place, &stream), -EBADMSG);
        place = told.places[i];
        place.bits ^= 1;
        assert_int_equal(gzip_codec.stream_open(&opened, &place, &stream), -EBADMSG);
    }
    assert_true(tried >= 2 * 16 * 8);
    codec_told_free(&told);
    codec_bytes_free(&file);
    free(plain);
}

static void test_flipped_aids(void **state)
{
    (void)state;
    check_flipped_aid(false);
    check_flipped_aid(true);
}

/* What cannot be read is the reader's error, there alone. */
static void test_read_error(void **state)
{
    struct random random = random_case(4);
    struct codec_bytes file;
    struct codec_told told;
    struct codec_told broken;
    size_t size = 0;
    uint8_t *plain = make_with_aids(&random, false, &file, &size);
    uint8_t *got = malloc(size);

    (void)state;
    assert_non_null(got);
    assert_int_equal(codec_walk_through(&gzip_codec, &file, 100000, &told), 0);
    file.broken = file.size / 2;
    assert_int_equal(codec_walk_through(&gzip_codec, &file, 100000, &broken), -EIO);
    assert_int_equal(codec_read_from(&gzip_codec, &file, told.places, 0, size, &random, got), -EIO);
    assert_int_equal(codec_read_from(&gzip_codec, &file, told.places, 0, size / 4, &random, got),
                     0);
    assert_memory_equal(got, plain, size / 4);
    codec_told_free(&told);
    codec_told_free(&broken);
    codec_bytes_free(&file);
    free(plain);
    free(got);
}

/* A file that fails at first, as an interrupted read does: the walk goes on where it was. */
struct failing_file {
    struct codec_bytes bytes;
    unsigned calls;
};

static int failing_read(void *argument, void *buffer, size_t length, uint64_t offset)
{
    struct failing_file *file = argument;
    return file->calls++ % 3 != 0 ? -EINTR : codec_bytes_read(&file->bytes, buffer, length, offset);
}

static void test_walk_goes_on_after_an_error(void **state)
{
    struct random random = random_case(5);
    struct failing_file failing = {.calls = 0};
    struct codec_told told = {.places = NULL};
    size_t size = 0;
    uint8_t *plain = make_with_aids(&random, true, &failing.bytes, &size);
    const struct codec_file file = {failing_read, &failing, failing.bytes.size};
    const struct codec_sink sink = {&told, codec_told_place, codec_told_plain, codec_told_damage,
                                    false};
    struct codec_walk *walk = NULL;

    (void)state;
    assert_int_equal(gzip_codec.walk_begin(&file, NULL, &sink, &walk), 0);
    while (walk->end == CODEC_GOES_ON) {
        const int error = gzip_codec.walk_on(walk, 100000);
        assert_true(error == 0 || error == -EINTR);
    }
    assert_int_equal(walk->end, CODEC_WHOLE);
    assert_int_equal(told.plain_size, size);
    assert_memory_equal(told.plain, plain, size);
    gzip_codec.walk_free(walk);
    codec_told_free(&told);
    codec_bytes_free(&failing.bytes);
    free(plain);
}

/* --- without end ------------------------------------------------------------------------------ */

/* A file of 2^60 bytes: a member, and then the same bytes again and again. */
struct endless {
    struct codec_bytes start;
    struct codec_bytes again;
    uint64_t reads;
};

static int endless_read(void *argument, void *buffer, size_t length, uint64_t offset)
{
    struct endless *file = argument;
    uint8_t *bytes = buffer;
    for (size_t i = 0, part = 0; i < length; i += part, offset += part) {
        const bool starts = offset < file->start.size;
        const struct codec_bytes *from = starts ? &file->start : &file->again;
        const uint64_t at = starts ? offset : (offset - file->start.size) % from->size;
        part = (size_t)min_u64(length - i, from->size - at);
        memcpy(bytes + i, from->bytes + at, part);
    }
    file->reads += length;
    return 0;
}

struct told_sizes {
    uint64_t map;
    uint64_t plain;
};

static int count_place(void *argument, const struct codec_place *place)
{
    struct told_sizes *told = argument;
    told->map += 24 + place->aid_size;
    return 0;
}

static int count_plain(void *argument, const uint8_t *bytes, size_t length)
{
    struct told_sizes *told = argument;
    (void)bytes;
    told->plain += length;
    return 0;
}

static int no_damage(void *argument, uint64_t from, uint64_t to, uint64_t file)
{
    (void)argument;
    (void)from;
    (void)to;
    (void)file;
    fail();
    return 0;
}

/* Each call does bounded work, and the places stay few. */
static void check_endless(const void *start, size_t start_size, const void *again,
                          size_t again_size)
{
    struct endless endless = {.reads = 0};
    struct told_sizes told = {0, 0};
    const struct codec_file file = {endless_read, &endless, 1ull << 60};
    const struct codec_sink sink = {&told, count_place, count_plain, no_damage, false};
    struct codec_walk *walk = NULL;

    codec_bytes_add(&endless.start, start, start_size);
    codec_bytes_repeat(&endless.again, again, again_size, 1000);
    assert_int_equal(gzip_codec.walk_begin(&file, NULL, &sink, &walk), 0);
    for (unsigned i = 0; i < 100; i++) {
        const uint64_t before = endless.reads;
        assert_int_equal(gzip_codec.walk_on(walk, 100000), 0);
        assert_true(endless.reads - before < 600000);
        assert_int_equal(walk->end, CODEC_GOES_ON);
    }
    assert_true(told.map <= max_u64(told.plain, endless.reads) / 1000);
    gzip_codec.walk_free(walk);
    codec_bytes_free(&endless.start);
    codec_bytes_free(&endless.again);
}

static void test_without_end(void **state)
{
    /* A fixed block of the literal 0 and then matches of 258 bytes: 13 bits each, so 13 bytes. */
    struct bit_writer matches = {(uint8_t[64]){0}, 0, 0};
    static const uint8_t header[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    static const uint8_t named[] = {0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3};
    struct codec_bytes bomb = {.bytes = NULL};
    struct codec_bytes member = {.bytes = NULL};

    (void)state;
    add_plainly(&member, (const uint8_t *)"abc", 3);
    check_endless(member.bytes, member.size, "\0", 1);                   /* padding */
    check_endless(member.bytes, member.size, member.bytes, member.size); /* members */
    check_endless(named, sizeof(named), "n", 1);                         /* a name */
    check_endless(header, sizeof(header), "\0\0\0\xff\xff", 5);          /* empty stored blocks */
    codec_bytes_add(&bomb, header, sizeof(header));
    put_bits(&matches, 1 << 1, 3);
    put_literal(&matches, 0);
    put_code(&matches, 0x30, 8); /* up to a whole byte: 3 + 8 + 8 + 13 = 32 bits */
    put_code(&matches, 0xc5, 8);
    put_code(&matches, 0, 5);
    codec_bytes_add(&bomb, matches.bytes, matches.length);
    matches.length = 0;
    for (unsigned i = 0; i < 8; i++) {
        put_code(&matches, 0xc5, 8);
        put_code(&matches, 0, 5);
    }
    check_endless(bomb.bytes, bomb.size, matches.bytes, matches.length); /* a bomb */
    codec_bytes_free(&bomb);
    codec_bytes_free(&member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),          cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_wrong_member), cmocka_unit_test(test_many_wrong_members),
        cmocka_unit_test(test_what_follows), cmocka_unit_test(test_flipped_aids),
        cmocka_unit_test(test_read_error),   cmocka_unit_test(test_walk_goes_on_after_an_error),
        cmocka_unit_test(test_without_end),
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
