/* SPDX-License-Identifier: MIT */
/* bgzf_codec: walks and streams give what gzip -dc gives, of files that are right, or damaged. */
#include "tests/unit/support.h"

#include "core/codec/bgzf.h"

#ifdef BIGFS_HAS_GZIP
#include <fcntl.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/codec/bgzf_stream.h"
#include "tests/unit/bgzf_maker.h"

enum { MIB = 1024 * 1024 };

static void check_made(struct made_file *made, struct random *random)
{
    codec_check_whole(&bgzf_codec, &made->file, made->plain.bytes, made->plain.size, random);
}

static bool recognised(const struct made_file *made)
{
    return bgzf_codec.recognises(made->file.bytes, (size_t)min_u64(made->file.size, 32768));
}

/* --- other programs --------------------------------------------------------------------------- */

/* Becomes the program, which reads the file "input" and writes "output". */
static _Noreturn void become(const struct scratch *scratch, char *const *program)
{
    const int input = scratch_open(scratch, "input", O_RDONLY);
    const int output = scratch_open(scratch, "output", O_WRONLY | O_TRUNC);
    const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC); /* warnings are expected */

    (void)dup2(input, STDIN_FILENO);
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(nothing, STDERR_FILENO);
    (void)execvp(program[0], program);
    _exit(127);
}

/* Runs the program on these bytes. Returns what it wrote; `bytes` is NULL if it is not there. */
static struct codec_bytes filter(const struct scratch *scratch, char *const *program,
                                 const struct codec_bytes *bytes)
{
    static uint8_t buffer[MIB];
    struct codec_bytes written = {.bytes = NULL};
    int status = 0;
    ssize_t length;

    scratch_write(scratch, "input", bytes->bytes, bytes->size);
    scratch_write(scratch, "output", "", 0);
    const pid_t child = fork();
    if (child == 0)
        become(scratch, program);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return written;
    const int output = scratch_open(scratch, "output", O_RDONLY);
    codec_bytes_add(&written, "", 0);
    while ((length = read(output, buffer, sizeof(buffer))) > 0)
        codec_bytes_add(&written, buffer, (size_t)length);
    (void)close(output);
    return written;
}

static void check_with_gzip(const struct scratch *scratch, const struct made_file *made)
{
    static char *const gzip[] = {"gzip", "-dc", NULL};
    struct codec_bytes output = filter(scratch, gzip, &made->file);

    assert_non_null(output.bytes);
    assert_int_equal(output.size, made->plain.size);
    assert_memory_equal(output.bytes, made->plain.bytes, output.size);
    codec_bytes_free(&output);
}

/* --- whole files ------------------------------------------------------------------------------ */

static void test_sizes(void **state)
{
    static const size_t sizes[] = {
        0,
        1,
        2,
        MADE_BLOCK_MOST - 1,
        MADE_BLOCK_MOST,
        MADE_BLOCK_MOST + 1,
        CODEC_STEP - 1,
        CODEC_STEP,
        CODEC_STEP + 1,
        2 * MIB + 7,
    };

    for (size_t i = 0; i < 2 * LENGTH_OF(sizes); i++) {
        struct random random = random_case(i);
        struct made_file made = {.file.bytes = NULL};
        const size_t most = i < LENGTH_OF(sizes) ? MADE_BLOCK_MOST : 5000;
        codec_bytes_add(&made.plain, "", 0);
        made_random(&made, &random, sizes[i % LENGTH_OF(sizes)], most);
        if (made.file.size == 0 || random_chance(&random, 70))
            made_end(&made);
        assert_true(recognised(&made));
        check_made(&made, &random);
        check_with_gzip(*state, &made);
        made_free(&made);
    }
}

/* What bgzip writes, if it is there. */
static void test_bgzip(void **state)
{
    static char *const levels[] = {"0", "1", "6", "9"};

    for (size_t i = 0; i < 2 * LENGTH_OF(levels); i++) {
        struct random random = random_case(i);
        struct made_file made = {.file.bytes = NULL};
        const size_t size = (size_t)random_below(&random, 3 * (uint64_t)MIB / 2);
        uint8_t *plain = malloc(size + 1);
        assert_non_null(plain);
        made_fill(&random, plain, size);
        codec_bytes_add(&made.plain, plain, size);
        char *const bgzip[] = {"bgzip", "-c", "-l", levels[i % LENGTH_OF(levels)], NULL};
        made.file = filter(*state, bgzip, &made.plain);
        if (made.file.bytes == NULL)
            skip();
        assert_true(recognised(&made));
        check_made(&made, &random);
        made_free(&made);
        free(plain);
    }
}

static void test_files_in_a_row(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};

    for (unsigned i = 0; i < 3; i++) {
        made_random(&made, &random, 2 * MIB, MADE_BLOCK_MOST);
        made_end(&made);
    }
    check_made(&made, &random);
    check_with_gzip(*state, &made);
    made_free(&made);
}

/* Each call of a walk has bounded work, however little the blocks hold. */
static void test_a_million_empty_blocks(void **state)
{
    enum { STEP = 100000 };
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct codec_told told = {.places = NULL};
    struct codec_walk *walk = NULL;

    (void)state;
    made_block(&made, (const uint8_t *)"before", 6);
    for (size_t i = 0; i < 1000000; i++)
        made_end(&made);
    made_block(&made, (const uint8_t *)"after", 5);

    const struct codec_file file = codec_bytes_open(&made.file);
    const struct codec_sink sink = {&told, codec_told_place, NULL, codec_told_damage, false};
    assert_int_equal(bgzf_codec.walk_begin(&file, NULL, &sink, &walk), 0);
    while (walk->end == CODEC_GOES_ON) {
        const uint64_t from = walk->file;
        assert_int_equal(bgzf_codec.walk_on(walk, STEP), 0);
        assert_true(walk->file - from < STEP + MADE_BLOCK_MOST);
    }
    assert_int_equal(told.count, 2);
    assert_true(made.file.reads < 2 * made.file.size);
    bgzf_codec.walk_free(walk);
    codec_told_free(&told);
    check_made(&made, &random);
    made_free(&made);
}

/* A walk from any place tells what the walk from the start told from there on. */
static void test_goes_on_from_a_place(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct codec_told whole;

    (void)state;
    made_random(&made, &random, 3 * MIB, MADE_BLOCK_MOST);
    made_end(&made);
    made_random(&made, &random, 3 * MIB, 3000);
    made_end(&made);
    assert_int_equal(codec_walk_through(&bgzf_codec, &made.file, MIB, &whole), 0);
    assert_true(whole.count > 4);
    for (size_t i = 0; i < whole.count; i++) {
        struct codec_told told = {.places = NULL};
        const struct codec_file file = codec_bytes_open(&made.file);
        const struct codec_sink sink = {&told, codec_told_place, NULL, codec_told_damage, false};
        struct codec_walk *walk = NULL;
        assert_int_equal(bgzf_codec.walk_begin(&file, &whole.places[i], &sink, &walk), 0);
        while (walk->end == CODEC_GOES_ON)
            assert_int_equal(bgzf_codec.walk_on(walk, 1), 0);
        assert_int_equal(walk->end, CODEC_WHOLE);
        assert_int_equal(walk->plain, whole.size);
        assert_int_equal(told.count, whole.count - i);
        for (size_t j = 0; j < told.count; j++) {
            assert_int_equal(told.places[j].file, whole.places[i + j].file);
            assert_int_equal(told.places[j].plain, whole.places[i + j].plain);
        }
        bgzf_codec.walk_free(walk);
        codec_told_free(&told);
    }
    codec_told_free(&whole);
    made_free(&made);
}

static void test_memory(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    const struct codec_place start = {.starts_unit = true};
    struct codec_stream *stream = NULL;
    uint64_t most = 0;

    (void)state;
    made_random(&made, &random, MIB, MADE_BLOCK_MOST);
    made_member(&made, made.plain.bytes, MIB);
    uint8_t *got = malloc(2 * MIB);
    assert_non_null(got);
    const struct codec_file file = codec_bytes_open(&made.file);
    assert_int_equal(bgzf_codec.stream_memory(&file, &start, &most), 0);
    const struct mallinfo2 before = mallinfo2();
    assert_int_equal(bgzf_codec.stream_open(&file, &start, &stream), 0);
    assert_int_equal(bgzf_codec.stream_read(&file, stream, got, 2 * MIB - 1), 0);
    const struct mallinfo2 after = mallinfo2();
    assert_true(after.uordblks + after.hblkhd - before.uordblks - before.hblkhd <= most);
    bgzf_codec.stream_close(stream);
    free(got);
    made_free(&made);
}

/* --- recognising ------------------------------------------------------------------------------ */

static void test_recognises(void **state)
{
    struct made_file made = {.file.bytes = NULL};
    const uint8_t plain[] = "some bytes";

    (void)state;
    made_block(&made, plain, sizeof(plain));
    const uint64_t block = made.file.size;
    assert_true(recognised(&made));
    codec_bytes_add(&made.file, "\x1f\x8b", 2); /* the next is being written */
    assert_true(recognised(&made));
    made.file.size = block;
    codec_bytes_add(&made.file, "garbage", 7);
    assert_false(recognised(&made));
    made.file.size = block;
    made_member(&made, plain, sizeof(plain));
    assert_false(recognised(&made));
    for (made.file.size = 0; made.file.size < 18; made.file.size++)
        assert_false(recognised(&made));
    made.file.bytes[12] = 'b';
    made.file.size = block;
    assert_false(recognised(&made));
    made_free(&made);

    made_member(&made, plain, sizeof(plain));
    assert_false(recognised(&made));
    made_free(&made);
}

/* --- members that are no blocks --------------------------------------------------------------- */

static void make_mixed(struct made_file *made, struct random *random)
{
    const size_t size = CODEC_STEP + CODEC_STEP / 2;
    uint8_t *plain = malloc(size);

    assert_non_null(plain);
    made_fill(random, plain, size);
    made_random(made, random, MIB, MADE_BLOCK_MOST);
    made_end(made);
    made_member(made, plain, size);
    made_member(made, plain, 0);
    made_random(made, random, CODEC_STEP + CODEC_STEP / 4, MADE_BLOCK_MOST);
    made_member(made, plain, 1000);
    free(plain);
}

static void test_mixed(void **state)
{
    for (uint64_t i = 0; i < 3; i++) {
        struct random random = random_case(i);
        struct made_file made = {.file.bytes = NULL};
        make_mixed(&made, &random);
        check_made(&made, &random);
        check_with_gzip(*state, &made);
        made_free(&made);
    }
}

/* Of a member that is damaged it is not known where it ends; of one that is cut, where it starts.
 */
static void test_mixed_and_damaged(void **state)
{
    const uint8_t *plain = (const uint8_t *)"some bytes, and some bytes, and others";
    struct made_file made = {.file.bytes = NULL};
    struct random random = random_case(0);
    struct codec_told told;
    uint8_t got[49];

    (void)state;
    made_block(&made, plain, 10);
    const uint64_t start = made.file.size;
    made_member(&made, plain, 38);
    const uint64_t end = made.file.size;
    for (made.file.size = start + 1; made.file.size < end; made.file.size++) {
        assert_int_equal(codec_walk_through(&bgzf_codec, &made.file, 1, &told), 0);
        assert_int_equal(told.end, CODEC_CUT);
        assert_int_equal(told.file, start);
        assert_int_equal(told.size, 10);
        assert_int_equal(
            codec_read_from(&bgzf_codec, &made.file, &told.places[0], 0, 49, &random, got),
            -EBADMSG);
        codec_told_free(&told);
    }
    made_block(&made, plain, 10);
    made.file.bytes[end - 1] ^= 1;
    assert_int_equal(codec_walk_through(&bgzf_codec, &made.file, 1, &told), 0);
    assert_int_equal(told.end, CODEC_LOST);
    assert_int_equal(told.file, start);
    assert_int_equal(told.size, 10);
    codec_told_free(&told);
    made_free(&made);
}

/* --- what is after the last unit -------------------------------------------------------------- */

static void check_end(struct made_file *made, enum codec_end end, uint64_t file)
{
    struct codec_told told;

    assert_int_equal(codec_walk_through(&bgzf_codec, &made->file, 1000, &told), 0);
    assert_int_equal(told.end, end);
    assert_int_equal(told.file, file);
    codec_told_free(&told);
}

static void test_padding(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    static const uint8_t zeros[300000];

    made_random(&made, &random, 100000, MADE_BLOCK_MOST);
    const uint64_t end = made.file.size;
    codec_bytes_add(&made.file, zeros, sizeof(zeros));
    check_made(&made, &random);
    check_with_gzip(*state, &made);
    codec_bytes_add(&made.file, "garbage", 7);
    check_made(&made, &random);
    check_with_gzip(*state, &made);
    made_block(&made, made.plain.bytes, 10);
    check_end(&made, CODEC_LOST, end); /* a hole: gzip -d leaves the rest out, and does not tell */
    made.file.size = end;
    codec_bytes_add(&made.file, "\x1f", 1);
    check_end(&made, CODEC_CUT, end);
    codec_bytes_add(&made.file, "\x8b\7 and so on, but nothing that is known", 40);
    check_end(&made, CODEC_LOST, end);
    made_free(&made);
}

static void test_no_unit_at_all(void **state)
{
    struct made_file made = {.file.bytes = NULL};

    (void)state;
    codec_bytes_add(&made.file, "", 0);
    check_end(&made, CODEC_WHOLE, 0);
    codec_bytes_add(&made.file, "plain", 5);
    check_end(&made, CODEC_LOST, 0);
    memset(made.file.bytes, 0, 5);
    check_end(&made, CODEC_LOST, 0);
    made_free(&made);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* A small file; the ends of its blocks in the file and in the plain bytes are in `ends`. */
struct small_end {
    uint64_t file;
    uint64_t plain;
};

enum { SMALL_BLOCKS = 6 };

static void make_small(struct made_file *made, struct random *random, struct small_end *ends)
{
    uint8_t plain[200];

    for (unsigned i = 0; i < SMALL_BLOCKS; i++) {
        const struct made_shape shape = {
            .level = i == 1 ? -1 : 6,
            .before = i == 2 ? 7 : 0,
            .after = i == 2 ? 5 : 0,
        };
        made_fill(random, plain, sizeof(plain));
        assert_true(made_try_block(made, plain, i == 3 ? 0 : 30 * (i + 1), &shape));
        ends[i] = (struct small_end){made->file.size, made->plain.size};
    }
    made_end(made);
}

static void test_cut_anywhere(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct small_end ends[SMALL_BLOCKS] = {{0, 0}};
    uint8_t got[2000] = {0};

    (void)state;
    make_small(&made, &random, ends);
    const uint64_t size = made.file.size;
    for (made.file.size = 1; made.file.size < size; made.file.size++) {
        struct codec_told told;
        struct small_end last = {0, 0};
        for (unsigned i = 0; i < SMALL_BLOCKS && ends[i].file <= made.file.size; i++)
            last = ends[i];
        assert_int_equal(codec_walk_through(&bgzf_codec, &made.file, 1, &told), 0);
        assert_int_equal(told.end, last.file == made.file.size ? CODEC_WHOLE : CODEC_CUT);
        assert_int_equal(told.file, last.file);
        assert_int_equal(told.size, last.plain);
        assert_int_equal(codec_read_from(&bgzf_codec, &made.file, &told.places[0], 0,
                                         (size_t)told.size, &random, got),
                         0);
        assert_memory_equal(got, made.plain.bytes, told.size);
        assert_int_equal(codec_read_from(&bgzf_codec, &made.file, &told.places[0], 0,
                                         (size_t)told.size + 1, &random, got),
                         -EBADMSG);
        codec_told_free(&told);
    }
    made_free(&made);
}

static void test_each_bit_flipped(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct small_end ends[SMALL_BLOCKS] = {{0, 0}};

    (void)state;
    make_small(&made, &random, ends);
    for (uint64_t bit = 0; bit < made.file.size * 8; bit++) {
        made.file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        codec_check_damaged(&bgzf_codec, &made.file, made.plain.bytes, made.plain.size, &random);
        made.file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    check_made(&made, &random);
    made_free(&made);
}

/* No flip of a header's bit makes bytes of later blocks disappear without a word. */
static void test_no_bit_shortens(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct small_end ends[SMALL_BLOCKS] = {{0, 0}};

    (void)state;
    make_small(&made, &random, ends);
    for (uint64_t bit = 0; bit < ends[SMALL_BLOCKS - 1].file * 8; bit++) {
        struct codec_told told;
        uint8_t got[2000] = {0};
        made.file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(codec_walk_through(&bgzf_codec, &made.file, 1, &told), 0);
        if (told.end == CODEC_WHOLE && told.size != made.plain.size)
            assert_int_equal(codec_read_from(&bgzf_codec, &made.file, &told.places[0], 0,
                                             (size_t)min_u64(told.size, sizeof(got)), &random, got),
                             -EBADMSG);
        codec_told_free(&told);
        made.file.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    made_free(&made);
}

/* A block that says it is shorter or longer than it is. */
static void test_wrong_sizes(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct small_end ends[SMALL_BLOCKS] = {{0, 0}};

    (void)state;
    make_small(&made, &random, ends);
    for (unsigned i = 0; i + 1 < SMALL_BLOCKS; i++) {
        uint8_t *end = made.file.bytes + ends[i].file;
        uint8_t *bsize = i == 2 ? NULL : end - (ends[i].file - (i > 0 ? ends[i - 1].file : 0)) + 16;
        for (unsigned wrong = 0; wrong < 65536; wrong += 197) {
            uint8_t kept[4];
            memcpy(kept, end - 4, 4);
            made_put_u32(end - 4, wrong);
            codec_check_damaged(&bgzf_codec, &made.file, made.plain.bytes, made.plain.size,
                                &random);
            memcpy(end - 4, kept, 4);
            if (bsize == NULL)
                continue;
            memcpy(kept, bsize, 2);
            made_put_u16(bsize, wrong);
            codec_check_damaged(&bgzf_codec, &made.file, made.plain.bytes, made.plain.size,
                                &random);
            memcpy(bsize, kept, 2);
        }
    }
    made_free(&made);
}

static void test_a_read_error(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct codec_told told = {.places = NULL};
    struct codec_walk *walk = NULL;
    uint8_t *got = malloc(2 * MIB);

    (void)state;
    assert_non_null(got);
    made_random(&made, &random, 2 * MIB, MADE_BLOCK_MOST);
    made_end(&made);
    const struct codec_place start = {.starts_unit = true};
    for (made.file.broken = 1; made.file.broken < made.file.size; made.file.broken *= 7) {
        const int error =
            codec_read_from(&bgzf_codec, &made.file, &start, 0, 2 * MIB, &random, got);
        assert_true(error == -EIO || error == 0); /* the end alone may not have been needed */
    }
    made.file.broken = made.file.size / 2;

    /* A walk can be asked again. */
    const struct codec_file file = codec_bytes_open(&made.file);
    const struct codec_sink sink = {&told, codec_told_place, NULL, codec_told_damage, false};
    assert_int_equal(bgzf_codec.walk_begin(&file, NULL, &sink, &walk), 0);
    assert_int_equal(bgzf_codec.walk_on(walk, UINT64_MAX), -EIO);
    assert_int_equal(bgzf_codec.walk_on(walk, UINT64_MAX), -EIO);
    made.file.broken = 0;
    assert_int_equal(bgzf_codec.walk_on(walk, UINT64_MAX), 0);
    assert_int_equal(walk->end, CODEC_WHOLE);
    assert_int_equal(walk->plain, made.plain.size);
    bgzf_codec.walk_free(walk);
    codec_told_free(&told);
    free(got);
    made_free(&made);
}

/* --- skipping --------------------------------------------------------------------------------- */

/* Skips to `start` from the first byte, and reads from there. */
static int skip_and_read(struct codec_bytes *bytes, uint64_t start, size_t length, uint8_t *got)
{
    const struct codec_file file = codec_bytes_open(bytes);
    const struct codec_place first = {.starts_unit = true};
    struct codec_stream *stream = NULL;

    assert_int_equal(bgzf_codec.stream_open(&file, &first, &stream), 0);
    int error = bgzf_stream_skip(&file, stream, start);
    if (error == 0)
        error = bgzf_codec.stream_read(&file, stream, got, length);
    bgzf_codec.stream_close(stream);
    return error;
}

/* Skipping and reading by turns gives what reading gives. */
static void test_skip(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 10; i++) {
        struct random random = random_case(i);
        struct made_file made = {.file.bytes = NULL};
        struct codec_stream *stream = NULL;
        const struct codec_place start = {.starts_unit = true};
        if (i % 2 == 0)
            make_mixed(&made, &random);
        else
            made_random(&made, &random, MIB, i % 4 == 1 ? 1000 : 60000);
        const struct codec_file file = codec_bytes_open(&made.file);
        uint8_t *got = malloc(made.plain.size);
        assert_non_null(got);
        assert_int_equal(bgzf_codec.stream_open(&file, &start, &stream), 0);
        for (uint64_t at = 0; at < made.plain.size;) {
            const uint64_t most = random_chance(&random, 30) ? 300 : 300000;
            const uint64_t step = min_u64(random_below(&random, most), made.plain.size - at);
            if (random_chance(&random, 50)) {
                assert_int_equal(bgzf_stream_skip(&file, stream, step), 0);
            } else {
                assert_int_equal(bgzf_codec.stream_read(&file, stream, got, (size_t)step), 0);
                assert_memory_equal(got, made.plain.bytes + at, step);
            }
            at += step;
        }
        assert_int_equal(bgzf_stream_skip(&file, stream, 1), -EBADMSG);
        bgzf_codec.stream_close(stream);
        free(got);
        made_free(&made);
    }
}

/* Damage in one block does not matter to the others. */
static void test_skip_damage(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    struct small_end ends[SMALL_BLOCKS] = {{0, 0}};
    uint8_t got[2000] = {0};

    (void)state;
    make_small(&made, &random, ends);
    for (unsigned i = 0; i < SMALL_BLOCKS; i++) {
        const uint64_t from = i > 0 ? ends[i - 1].plain : 0; /* multiples of 3 */
        uint8_t *crc = made.file.bytes + ends[i].file - 8;
        *crc ^= 1;
        assert_int_equal(skip_and_read(&made.file, 0, (size_t)from, got), 0);
        for (uint64_t start = 0; start < made.plain.size; start += 3) {
            const bool inside = start >= from && start < ends[i].plain;
            if (start >= from && i == 3) /* it may be that it should not have been empty */
                continue;
            assert_int_equal(skip_and_read(&made.file, start, 1, got), inside ? -EBADMSG : 0);
            if (!inside)
                assert_int_equal(got[0], made.plain.bytes[start]);
        }
        *crc ^= 1;
    }
    made_free(&made);
}

/* What is skipped is not read, but for headers. */
static void test_skip_reads_little(void **state)
{
    struct random random = random_case(0);
    struct made_file made = {.file.bytes = NULL};
    uint8_t *plain = malloc(MIB);
    uint8_t got[1] = {0};

    (void)state;
    assert_non_null(plain);
    for (size_t i = 0; i < MIB; i++)
        plain[i] = (uint8_t)random_next(&random);
    for (size_t at = 0; at < MIB; at += MIB / 32)
        made_block(&made, plain + at, MIB / 32);
    assert_int_equal(skip_and_read(&made.file, MIB - 1, 1, got), 0);
    assert_int_equal(got[0], plain[MIB - 1]);
    assert_true(made.file.reads < MIB / 8);
    free(plain);
    made_free(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sizes, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bgzip, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_files_in_a_row, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_a_million_empty_blocks),
        cmocka_unit_test(test_goes_on_from_a_place),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_recognises),
        cmocka_unit_test_setup_teardown(test_mixed, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_mixed_and_damaged),
        cmocka_unit_test_setup_teardown(test_padding, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_no_unit_at_all),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_each_bit_flipped),
        cmocka_unit_test(test_no_bit_shortens),
        cmocka_unit_test(test_wrong_sizes),
        cmocka_unit_test(test_a_read_error),
        cmocka_unit_test(test_skip),
        cmocka_unit_test(test_skip_damage),
        cmocka_unit_test(test_skip_reads_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#else
static void test_is_left_out(void **state)
{
    (void)state;
    skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_is_left_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
