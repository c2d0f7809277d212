/* SPDX-License-Identifier: MIT */
/*
 * boundary: where records start, found with no byte scanned twice.
 *
 * This program is linked with --wrap=mmap, mmap64 and reallocarray, so that it can simulate a file
 * that cannot be mapped and a machine without memory.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/format/lines.h"
#include "core/generation/content_digests.h"
#include "core/record/boundary.h"
#include "core/record/record_ends.h"

enum { KIB = 1024, MIB = 1024 * KIB, WINDOW = 256 * KIB };

static atomic_int mmap_error; /* 0, or what mmap(2) of a file fails with */
static atomic_bool no_memory; /* reallocarray() fails */

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__real_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__real_reallocarray(void *pointer, size_t count, size_t size);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_reallocarray(void *pointer, size_t count, size_t size);

static bool refuse_mapping(int fd)
{
    if (fd < 0 || atomic_load(&mmap_error) == 0)
        return false;
    errno = atomic_load(&mmap_error);
    return true;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return refuse_mapping(fd) ? MAP_FAILED
                              : __real_mmap(address, length, protection, flags, fd, offset);
}

void *__wrap_mmap64(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
    return refuse_mapping(fd) ? MAP_FAILED
                              : __real_mmap64(address, length, protection, flags, fd, offset);
}

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
    return atomic_load(&no_memory) ? NULL : __real_reallocarray(pointer, count, size);
}

static int setup(void **state)
{
    const struct world_limits limits = {16, WINDOW, 4 * WINDOW};
    atomic_store(&mmap_error, 0);
    atomic_store(&no_memory, false);
    return world_make(state, &limits);
}

/* The text of a file, and the file, pinned. */
struct text {
    struct world *world;
    uint8_t *bytes;
    uint64_t size;
    struct reading reading;
};

static struct text text_make(struct world *world, uint64_t size)
{
    struct text text = {.world = world, .bytes = malloc(size + 1), .size = size};
    assert_non_null(text.bytes);
    memset(text.bytes, 'x', size);
    return text;
}

/*
 * Writes the text and opens it. cmocka has set its signal handlers by now, and this replaces them.
 */
static void text_open(struct text *text)
{
    assert_int_equal(fault_guard_install(), 0);
    (void)unlinkat(text->world->scratch.directory, "text", 0);
    scratch_write(&text->world->scratch, "text", text->bytes, text->size);
    text->reading = reading_world_pin(text->world, "text");
}

static void text_close(struct text *text)
{
    reading_close(&text->reading);
    free(text->bytes);
}

/* One endless line, or with a few line ends, at random. */
static void put_line_ends(struct text *text, struct random *random, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        text->bytes[random_below(random, text->size)] = '\n';
}

static uint64_t model_boundary(const struct text *text, uint64_t place, uint64_t size)
{
    if (place == 0 || place >= size)
        return min_u64(place, size);
    const uint8_t *end = memchr(text->bytes + place - 1, '\n', size - place + 1);
    return end != NULL ? (uint64_t)(end - text->bytes) + 1 : size;
}

static int find(const struct text *text, uint64_t place, uint64_t size, const struct cancel *cancel,
                uint64_t *boundary)
{
    struct reading part = reading_for(&text->reading, cancel);
    part.size = size;
    return boundary_find(&part, &lines_format, place, boundary);
}

static void check_place(const struct text *text, uint64_t place, uint64_t size)
{
    uint64_t boundary = UINT64_MAX;
    assert_int_equal(find(text, place, size, NULL, &boundary), 0);
    if (boundary != model_boundary(text, place, size))
        fail_msg("boundary of %llu in %llu is %llu, not %llu", (unsigned long long)place,
                 (unsigned long long)size, (unsigned long long)boundary,
                 (unsigned long long)model_boundary(text, place, size));
}

static uint64_t scanned(const struct text *text)
{
    return atomic_load(&text->world->pool.bytes_scanned);
}

static uint64_t probes(const struct text *text)
{
    return atomic_load(&text->world->pool.probes);
}

/* Checks that what the generation remembers is true of the text. */
static void check_memory(const struct text *text)
{
    const struct record_ends *ends =
        generation_note(text->reading.generation, &record_ends_note, &lines_format);
    const struct intervals *gaps = &ends->gaps;

    for (size_t i = 0; i < gaps->count; i++) {
        const struct interval *gap = &gaps->items[i];
        assert_true(gap->end <= text->size);
        assert_null(memchr(text->bytes + gap->start, '\n', gap->end - gap->start));
        if (gap->kind == GAP_CLOSED)
            assert_int_equal(text->bytes[gap->end], '\n');
    }
}

/* Bytes of a random kind: records of some length, none, many, any bytes at all. */
static void fill_randomly(struct text *text, struct random *random)
{
    const uint64_t kinds[] = {1, 2, 10, 100, 5000, UINT64_MAX};
    const uint64_t one_in = kinds[random_below(random, LENGTH_OF(kinds))];
    const bool binary = random_chance(random, 30);

    for (uint64_t i = 0; i < text->size; i++) {
        if (binary)
            text->bytes[i] = (uint8_t)random_next(random);
        if (one_in != UINT64_MAX && random_below(random, one_in) == 0)
            text->bytes[i] = '\n';
    }
}

static void check_random_text(struct world *world, uint64_t number)
{
    struct random random = random_case(number);
    struct text text = text_make(world, random_below(&random, 3 * 4096));

    fill_randomly(&text, &random);
    text_open(&text);
    for (int i = 0; i < 20; i++) {
        uint64_t size =
            random_chance(&random, 70) ? text.size : random_between(&random, 0, text.size);
        check_place(&text, random_between(&random, 0, size), size);
    }
    check_place(&text, text.size, text.size);
    check_place(&text, text.size + 1, text.size);
    check_memory(&text);
    text_close(&text);
}

static void test_against_model(void **state)
{
    struct world *world = *state;
    for (uint64_t i = 0; i < 3000; i++)
        check_random_text(world, i);
}

/* Every place of a small text, in either order. */
static void test_every_place(void **state)
{
    static const char lines[] = "\n\none\ntwo\r\n\xef\xbb\xbfthree\n\nno end";
    struct text text = text_make(*state, sizeof(lines) - 1);

    memcpy(text.bytes, lines, text.size);
    text_open(&text);
    for (uint64_t size = 0; size <= text.size; size++)
        for (uint64_t place = 0; place <= text.size; place++) {
            check_place(&text, place, size);
            check_place(&text, text.size - place, size);
        }
    text_close(&text);
}

/* Neither 0 nor the end of the file needs a look at it. */
static void test_ends_are_free(void **state)
{
    struct text text = text_make(*state, 5 * MIB);

    text_open(&text);
    check_place(&text, 0, text.size);
    check_place(&text, text.size, text.size);
    assert_int_equal(scanned(&text), 0);
    assert_int_equal(probes(&text), 0);
    text_close(&text);
}

/* Listing N pieces of an ordinary text costs at most N + 1 short probes. */
static void test_listing_is_cheap(void **state)
{
    enum { PIECES = 300, PIECE = 64 * KIB };
    struct text text = text_make(*state, PIECES * (uint64_t)PIECE);
    struct random random = random_case(0);

    for (uint64_t at = 0; at < text.size; at += random_between(&random, 1, 400))
        text.bytes[at] = '\n';
    text_open(&text);
    for (uint64_t i = 0; i <= PIECES; i++)
        check_place(&text, i * PIECE, text.size);
    assert_in_range(probes(&text), PIECES - 1, PIECES + 1);
    assert_in_range(scanned(&text), PIECES, (PIECES + 1) * 2 * 4096);
    text_close(&text);
}

/* One huge line with small windows: one scan finds the boundaries of all pieces. */
static void test_huge_line(void **state)
{
    struct text text = text_make(*state, 9 * MIB + 777);
    struct random random = random_case(1);

    text.bytes[100] = '\n';
    text.bytes[8 * MIB + 12345] = '\n';
    text_open(&text);
    for (int i = 0; i < 400; i++)
        check_place(&text, random_below(&random, text.size), text.size);
    assert_in_range(scanned(&text), 7 * MIB, text.size);
    const uint64_t before = scanned(&text);
    const uint64_t probes_before = probes(&text);
    for (uint64_t place = 101; place < text.size; place += 10007)
        check_place(&text, place, text.size);
    assert_in_range(scanned(&text), before, text.size);
    assert_in_range(probes(&text), probes_before, probes_before + 3);
    check_memory(&text);
    text_close(&text);
}

/* Many lines of many lengths: asked at random, then again, then all over. */
static void test_nothing_twice(void **state)
{
    struct text text = text_make(*state, 12 * MIB);
    struct random random = random_case(2);

    put_line_ends(&text, &random, 60);
    text_open(&text);
    for (int i = 0; i < 500; i++)
        check_place(&text, random_below(&random, text.size), text.size);
    for (uint64_t place = 0; place < text.size; place += 5003)
        check_place(&text, place, text.size);
    assert_in_range(scanned(&text), text.size / 2, text.size);
    const uint64_t before = scanned(&text);
    for (uint64_t place = 0; place < text.size; place += 5003)
        check_place(&text, place, text.size);
    assert_int_equal(scanned(&text), before);
    text_close(&text);
}

static void ask_at_random(void *argument, unsigned index)
{
    const struct text *text = argument;
    struct random random = random_case(100 + index);

    for (int i = 0; i < 60; i++) {
        uint64_t place = random_below(&random, text->size);
        uint64_t boundary = 0;
        THREAD_CHECK(find(text, place, text->size, NULL, &boundary) == 0);
        THREAD_CHECK(boundary == model_boundary(text, place, text->size));
    }
}

/* Threads share what they scan. */
static void test_threads(void **state)
{
    struct world *world = *state;
    struct random random = random_case(3);

    for (unsigned lines = 0; lines < 3; lines++) {
        struct text text = text_make(world, 8 * MIB + 1);
        const uint64_t before = scanned(&text);
        put_line_ends(&text, &random, lines * 8);
        text_open(&text);
        run_threads(8, ask_at_random, &text);
        assert_in_range(scanned(&text) - before, 1, text.size);
        check_memory(&text);
        text_close(&text);
    }
}

/* The line has grown: a search in the new size continues at the old end. */
static void test_growing(void **state)
{
    static const char more[] = "yyyy\nzz";
    struct text text = text_make(*state, 3 * MIB);
    const uint64_t old_size = text.size;
    uint64_t boundary = 0;

    text_open(&text);
    check_place(&text, 1000, old_size);
    scratch_append(&text.world->scratch, "text", more, sizeof(more) - 1);
    struct reading again = reading_again(&text.reading);
    assert_ptr_equal(again.generation, text.reading.generation);
    const uint64_t before = scanned(&text);
    assert_int_equal(find(&text, 1000, old_size + sizeof(more) - 1, NULL, &boundary), 0);
    assert_int_equal(boundary, old_size + 5);
    assert_int_equal(scanned(&text), before + 5);
    check_place(&text, 1000, old_size); /* a reader that was promised the old size keeps it */
    reading_close(&again);
    text_close(&text);
}

/* Acts at the query of that number; answers yes from `until` on. */
struct script {
    atomic_int asked;
    int until;
    int act_at;
    void (*act)(const struct text *text);
    const struct text *text;
};

static bool follow_script(void *argument)
{
    struct script *script = argument;
    int asked = atomic_fetch_add(&script->asked, 1);
    if (script->act != NULL && asked == script->act_at)
        script->act(script->text);
    return asked >= script->until;
}

/* Cancelled in the middle: it ends at once, and what was scanned is not scanned again. */
static void test_cancelled(void **state)
{
    struct text text = text_make(*state, 6 * MIB);
    uint64_t boundary = 0;

    text_open(&text);
    for (int until = 0; until < 6; until++) {
        struct script script = {.until = until};
        const struct cancel cancel = {follow_script, &script, 0};
        assert_int_equal(find(&text, 1, text.size, &cancel, &boundary), -CANCELLED);
        assert_int_equal(atomic_load(&script.asked), until + 1);
    }
    assert_in_range(scanned(&text), 1, text.size - 1);
    check_place(&text, 1, text.size);
    assert_int_equal(scanned(&text), text.size);
    text_close(&text);
}

/* Cancelled every few looks, in the middle of a claim too: what was scanned by then is kept. */
static void test_cancelled_again_and_again(void **state)
{
    struct world *world = *state;

    for (int copied = 0; copied < 2; copied++) {
        struct text text = text_make(world, 6 * MIB);
        const uint64_t before = scanned(&text);
        uint64_t boundary = 0;
        int rounds = 0;
        int error = -CANCELLED;

        text_open(&text);
        atomic_store(&mmap_error, copied == 1 ? ENODEV : 0);
        for (; error == -CANCELLED && rounds < 1000; rounds++) {
            struct script script = {.until = 8 + rounds % 3};
            const struct cancel cancel = {follow_script, &script, 0};
            error = find(&text, 1, text.size, &cancel, &boundary);
        }
        assert_int_equal(error, 0);
        assert_int_equal(boundary, text.size);
        assert_in_range(rounds, 5, 999);
        assert_int_equal(scanned(&text) - before, text.size);
        text_close(&text);
    }
}

struct companions {
    const struct text *text;
    atomic_uint cancelled;
};

/* Half of the threads are cancelled after a few steps of the line that all of them look along. */
static void look_along_line(void *argument, unsigned index)
{
    struct companions *companions = argument;
    struct script script = {.until = index % 2 == 0 ? (int)index : INT_MAX};
    const struct cancel cancel = {follow_script, &script, 0};
    uint64_t boundary = 0;
    int error = find(companions->text, 1 + index, companions->text->size, &cancel, &boundary);

    if (index % 2 != 0) {
        THREAD_CHECK(error == 0 && boundary == companions->text->size);
        return;
    }
    THREAD_CHECK(error == 0 || error == -CANCELLED);
    if (error == -CANCELLED)
        atomic_fetch_add(&companions->cancelled, 1);
}

/* If one reader is interrupted, another goes on, and still nothing is scanned twice. */
static void test_cancelled_among_others(void **state)
{
    struct world *world = *state;

    for (int round = 0; round < 5; round++) {
        struct text text = text_make(world, 6 * MIB);
        struct companions companions = {.text = &text};
        const uint64_t before = scanned(&text);
        text_open(&text);
        run_threads(8, look_along_line, &companions);
        assert_true(atomic_load(&companions.cancelled) > 0);
        assert_in_range(scanned(&text) - before, text.size - 9, text.size);
        text_close(&text);
    }
}

static void truncate_text(const struct text *text)
{
    scratch_truncate(&text->world->scratch, "text", 2 * MIB + 100);
}

/* Line ends where the scan has been and where it goes. */
static void rewrite_text(const struct text *text)
{
    for (uint64_t at = 50; at < text->size; at += 100 * KIB)
        scratch_overwrite(&text->world->scratch, "text", "\n", 1, at);
}

static void replace_text(const struct text *text)
{
    const int at = text->world->scratch.directory;
    assert_int_equal(renameat(at, "other", at, "text"), 0);
}

/* The file changes before the scan's step of each number: ESTALE, and nothing wrong is learnt. */
static void change_during_scan(struct world *world, void (*change)(const struct text *text))
{
    for (int act_at = 0; act_at < 14; act_at++) {
        struct text text = text_make(world, 5 * MIB);
        struct script script = {.until = INT_MAX, .act_at = act_at, .act = change, .text = &text};
        const struct cancel cancel = {follow_script, &script, 0};
        uint64_t boundary = 0;

        scratch_write(&world->scratch, "other", "\n\n\n", 3);
        text.bytes[text.size - 10] = '\n';
        text_open(&text);
        scratch_let_time_pass(&world->scratch, "text");
        assert_int_equal(find(&text, 1, text.size, &cancel, &boundary), -ESTALE);
        check_memory(&text);
        assert_int_equal(find(&text, text.size - 1000, text.size, NULL, &boundary), -ESTALE);
        check_memory(&text);
        text_close(&text);
    }
}

static void test_truncated_during_scan(void **state)
{
    change_during_scan(*state, truncate_text);
}

static void test_rewritten_during_scan(void **state)
{
    change_during_scan(*state, rewrite_text);
}

static void test_replaced_during_scan(void **state)
{
    change_during_scan(*state, replace_text);
}

/* Removes the line end that the scan is about to find. */
static void remove_line_end(const struct text *text)
{
    const uint8_t *end = memchr(text->bytes, '\n', text->size);
    scratch_overwrite(&text->world->scratch, "text", "x", 1, (uint64_t)(end - text->bytes));
}

static void check_removed_line_end(struct world *world, uint64_t place, int act_at)
{
    struct text text = text_make(world, 4 * MIB);
    struct script script = {
        .until = INT_MAX, .act_at = act_at, .act = remove_line_end, .text = &text};
    const struct cancel cancel = {follow_script, &script, 0};
    uint64_t boundary = 0;

    text.bytes[place] = '\n';
    text_open(&text);
    scratch_let_time_pass(&world->scratch, "text");
    int error = find(&text, 1, text.size, &cancel, &boundary);
    if (atomic_load(&script.asked) <= act_at || error == 0) /* it was found before it was removed */
        assert_int_equal(boundary, place + 1);
    else
        assert_int_equal(error, -ESTALE);
    check_memory(&text);
    text_close(&text);
}

/* Whichever step the line end would have been in: its absence is not learnt. */
static void test_line_end_removed_during_scan(void **state)
{
    const uint64_t places[] = {2000, 10000, 300 * KIB, 1 * MIB + 77};

    for (size_t i = 0; i < LENGTH_OF(places); i++)
        for (int act_at = 0; act_at < 9; act_at++)
            check_removed_line_end(*state, places[i], act_at);
}

static void append_to_text(const struct text *text)
{
    scratch_append(&text->world->scratch, "text", "\n", 1);
}

/* Appended to during a scan: the answer for the old size stays the same. */
static void test_appended_during_scan(void **state)
{
    struct text text = text_make(*state, 5 * MIB);
    struct script script = {.until = INT_MAX, .act_at = 6, .act = append_to_text, .text = &text};
    const struct cancel cancel = {follow_script, &script, 0};
    uint64_t boundary = 0;

    text_open(&text);
    assert_int_equal(find(&text, 1, text.size, &cancel, &boundary), 0);
    assert_int_equal(boundary, text.size);
    assert_int_equal(generation_size(text.reading.generation), text.size + 1);
    text_close(&text);
}

/* Scans until the file is cut by another thread. */
static void scan_or_truncate(void *argument, unsigned index)
{
    const struct text *text = argument;
    struct random random = random_case(200 + index);

    if (index == 0) {
        sleep_ms((unsigned)random_below(&random, 4));
        int fd = openat(text->world->scratch.directory, "text", O_WRONLY | O_CLOEXEC);
        THREAD_CHECK(fd >= 0 && ftruncate(fd, 4096) == 0 && close(fd) == 0);
        return;
    }
    for (int i = 0; i < 20; i++) {
        uint64_t place = random_below(&random, text->size);
        uint64_t boundary = 0;
        int error = find(text, place, text->size, NULL, &boundary);
        THREAD_CHECK(error == -ESTALE ||
                     (error == 0 && boundary == model_boundary(text, place, text->size)));
    }
}

/* Cut at any moment: right answers or ESTALE, and this process lives. */
static void test_truncated_at_any_moment(void **state)
{
    struct world *world = *state;
    struct random random = random_case(4);

    for (int round = 0; round < 15; round++) {
        struct text text = text_make(world, 6 * MIB);
        put_line_ends(&text, &random, 10);
        text_open(&text);
        run_threads(4, scan_or_truncate, &text);
        check_memory(&text);
        text_close(&text);
    }
}

/* A file that cannot be mapped, now or ever, is still scanned. */
static void test_cannot_be_mapped(void **state)
{
    const int errors[] = {ENODEV, ENOMEM};
    struct world *world = *state;

    for (size_t i = 0; i < LENGTH_OF(errors); i++) {
        struct text text = text_make(world, 3 * MIB + 5);
        const uint64_t before = scanned(&text);
        text.bytes[2 * MIB + 5] = '\n';
        text_open(&text);
        atomic_store(&mmap_error, errors[i]);
        for (uint64_t place = 1; place < text.size; place += 100 * KIB)
            check_place(&text, place, text.size);
        atomic_store(&mmap_error, 0);
        assert_int_equal(window_pool_mapped(&world->pool.windows), 0);
        assert_in_range(scanned(&text) - before, 2 * MIB, text.size);
        text_close(&text);
    }
}

/* Without memory to remember with, searches end, and with the right answer. */
static void test_no_memory(void **state)
{
    struct text text = text_make(*state, 1 * MIB);
    struct script script = {.until = 10000};
    const struct cancel cancel = {follow_script, &script, 0};
    uint64_t boundary = 0;

    text.bytes[300 * KIB] = '\n';
    text_open(&text);
    atomic_store(&no_memory, true);
    int error = find(&text, 1000, text.size, &cancel, &boundary);
    int error_of_none = find(&text, 400 * KIB, text.size, &cancel, &boundary);
    atomic_store(&no_memory, false);
    assert_int_equal(error, 0);
    assert_int_equal(error_of_none, 0);
    assert_int_equal(boundary, text.size);
    check_place(&text, 1000, text.size);
    text_close(&text);
}

/* A scan goes through windows, and no more of them than the pool allows. */
static void test_windows_are_bounded(void **state)
{
    struct text text = text_make(*state, 4 * MIB);

    text_open(&text);
    check_place(&text, 1, text.size);
    assert_in_range(window_pool_mapped(&text.world->pool.windows), 1, 4 * WINDOW);
    assert_in_range(atomic_load(&text.world->pool.bytes_read), 0, 1 * MIB);
    text_close(&text);
}

/* --- both ends of a piece --------------------------------------------------------------------- */

static void check_both(const struct text *text, uint64_t start, uint64_t end, uint64_t size)
{
    struct reading part = reading_for(&text->reading, NULL);
    const uint64_t first = model_boundary(text, start, size);
    const uint64_t last = model_boundary(text, end, size);

    part.size = size;
    assert_int_equal(boundary_find_both(&part, &lines_format, &start, &end), 0);
    assert_int_equal(start, first);
    assert_int_equal(end, last);
}

static void test_both_ends(void **state)
{
    struct world *world = *state;

    for (uint64_t number = 0; number < 300; number++) {
        struct random random = random_case(3000 + number);
        struct text text = text_make(world, random_below(&random, 40 * KIB));
        fill_randomly(&text, &random);
        text_open(&text);
        for (int i = 0; i < 15; i++) {
            uint64_t size =
                random_chance(&random, 70) ? text.size : random_between(&random, 0, text.size);
            uint64_t start = random_between(&random, 0, size);
            check_both(&text, start, random_between(&random, start, size + 1), size);
        }
        text_close(&text);
    }
}

/* A place that no sample of the file looks at. */
static uint64_t unsampled_place(const struct text *text)
{
    return content_sample_place(text->size, 10) + CONTENT_BLOCK + 100;
}

/* Moves the line end by a byte, and sets the mtime back: only the ctime moves. */
static void move_line_end(const struct text *text)
{
    const struct scratch *scratch = &text->world->scratch;
    const struct stat was = scratch_stat(scratch, "text");
    const struct timespec times[] = {was.st_atim, was.st_mtim};

    scratch_let_time_pass(scratch, "text");
    scratch_overwrite(scratch, "text", "x\n", 2, unsampled_place(text));
    assert_int_equal(utimensat(scratch->directory, "text", times, 0), 0);
}

/*
 * Rewritten between the two searches, or within the second: what the first one has found is not of
 * the same moment as what the second one finds.
 */
static void test_both_of_one_moment(void **state)
{
    struct world *world = *state;
    unsigned moved = 0;

    for (int act_at = 2; act_at < 12; act_at++) {
        struct text text = text_make(world, 4 * MIB);
        struct script script = {
            .until = INT_MAX, .act_at = act_at, .act = move_line_end, .text = &text};
        const struct cancel cancel = {follow_script, &script, 0};
        const uint64_t place = unsampled_place(&text);
        uint64_t start = place - 10;
        uint64_t end = place + 10;

        text.bytes[place] = '\n';
        text.bytes[text.size - 1000] = '\n';
        text_open(&text);
        const struct reading asking = reading_for(&text.reading, &cancel);
        assert_int_equal(boundary_find_both(&asking, &lines_format, &start, &end), 0);
        bool changed = atomic_load(&script.asked) > act_at;
        moved += changed ? 1 : 0;
        assert_int_equal(start, place + (changed ? 2 : 1));
        assert_int_equal(end, text.size - 999);
        text_close(&text);
    }
    assert_true(moved > 3);
}

/* A file that is rewritten all the time: nothing that fits together can be found. */
static bool rewrite_always(void *argument)
{
    const struct text *text = argument;
    move_line_end(text);
    return false;
}

static void test_never_one_moment(void **state)
{
    struct text text = text_make(*state, 1 * MIB);
    const struct cancel cancel = {rewrite_always, &text, 0};
    uint64_t start = 1;
    uint64_t end = text.size - 1;

    text_open(&text);
    const struct reading asking = reading_for(&text.reading, &cancel);
    assert_int_equal(boundary_find_both(&asking, &lines_format, &start, &end), -ESTALE);
    text_close(&text);
}

/* What was found before the file grew is verified, as the writer may have done more than append. */
static void test_rewritten_and_grown(void **state)
{
    struct world *world = *state;

    for (int records = 0; records < 2; records++) {
        struct text text = text_make(world, 4 * MIB);
        const uint64_t place = unsampled_place(&text);
        uint64_t boundary = 0;
        text.bytes[place] = '\n';
        text.bytes[place + 50] = '\n';
        text_open(&text);
        scratch_let_time_pass(&world->scratch, "text");
        if (records == 1)
            assert_int_equal(boundary_after_records(&text.reading, &lines_format, 1, &boundary), 0);
        else
            assert_int_equal(find(&text, place - 20, text.size, NULL, &boundary), 0);
        assert_int_equal(boundary, place + 1);
        scratch_overwrite(&world->scratch, "text", "x", 1, place);
        scratch_append(&world->scratch, "text", "more", 4);
        assert_int_equal(reading_confirm(&text.reading), 0);
        if (records == 1)
            assert_int_equal(boundary_after_records(&text.reading, &lines_format, 1, &boundary), 0);
        else
            assert_int_equal(find(&text, place - 20, text.size, NULL, &boundary), 0);
        assert_int_equal(boundary, place + 51);
        text_close(&text);
    }
}

static uint64_t model_after_records(const struct text *text, uint64_t count, uint64_t size)
{
    uint64_t place = 0;
    while (count-- > 0 && place < size)
        place = model_boundary(text, place + 1, size);
    return place;
}

static int find_after_records(const struct text *text, uint64_t count, uint64_t size,
                              const struct cancel *cancel, uint64_t *boundary)
{
    struct reading part = reading_for(&text->reading, cancel);
    part.size = size;
    return boundary_after_records(&part, &lines_format, count, boundary);
}

static void check_records(const struct text *text, uint64_t count, uint64_t size)
{
    uint64_t boundary = UINT64_MAX;
    assert_int_equal(find_after_records(text, count, size, NULL, &boundary), 0);
    assert_int_equal(boundary, model_after_records(text, count, size));
}

/* The first records, as many as there are: asked in any order, of any size. */
static void test_after_records(void **state)
{
    struct world *world = *state;

    for (uint64_t number = 0; number < 500; number++) {
        struct random random = random_case(1000 + number);
        struct text text = text_make(world, random_below(&random, 200 * KIB));
        fill_randomly(&text, &random);
        text_open(&text);
        uint64_t count = random_below(&random, 50);
        for (int i = 0; i < 12; i++) {
            if (random_chance(&random, 50))
                count = random_below(&random, random_chance(&random, 50) ? 5 : 5000);
            check_records(&text, count, text.size);
            check_records(&text, count, random_between(&random, 0, text.size));
            check_records(&text, count, model_after_records(&text, count, text.size));
        }
        check_records(&text, UINT64_MAX, text.size);
        text_close(&text);
    }
}

/* The header was the whole file: if the file grows, the header may grow too. */
static void test_after_records_growing(void **state)
{
    struct text text = text_make(*state, 10);
    uint64_t boundary = 0;

    text.bytes[4] = '\n';
    text_open(&text);
    check_records(&text, 2, 10);
    scratch_append(&text.world->scratch, "text", "x\nx", 3);
    struct reading again = reading_again(&text.reading);
    assert_int_equal(find_after_records(&text, 2, 13, NULL, &boundary), 0);
    assert_int_equal(boundary, 12);
    check_records(&text, 2, 10);
    check_records(&text, 1, 10);
    reading_close(&again);
    text_close(&text);
}

static void test_after_records_fails(void **state)
{
    struct text text = text_make(*state, 2 * MIB);
    struct script script = {.until = 3};
    const struct cancel cancel = {follow_script, &script, 0};
    uint64_t boundary = 0;

    text_open(&text);
    assert_int_equal(find_after_records(&text, 1, text.size, &cancel, &boundary), -CANCELLED);
    scratch_truncate(&text.world->scratch, "text", 1 * MIB);
    assert_int_equal(find_after_records(&text, 1, text.size, NULL, &boundary), -ESTALE);
    text_close(&text);
}

#define BOUNDARY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, world_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOUNDARY_TEST(test_against_model),
        BOUNDARY_TEST(test_every_place),
        BOUNDARY_TEST(test_ends_are_free),
        BOUNDARY_TEST(test_listing_is_cheap),
        BOUNDARY_TEST(test_huge_line),
        BOUNDARY_TEST(test_nothing_twice),
        BOUNDARY_TEST(test_threads),
        BOUNDARY_TEST(test_growing),
        BOUNDARY_TEST(test_cancelled),
        BOUNDARY_TEST(test_cancelled_again_and_again),
        BOUNDARY_TEST(test_cancelled_among_others),
        BOUNDARY_TEST(test_truncated_during_scan),
        BOUNDARY_TEST(test_rewritten_during_scan),
        BOUNDARY_TEST(test_replaced_during_scan),
        BOUNDARY_TEST(test_line_end_removed_during_scan),
        BOUNDARY_TEST(test_appended_during_scan),
        BOUNDARY_TEST(test_truncated_at_any_moment),
        BOUNDARY_TEST(test_cannot_be_mapped),
        BOUNDARY_TEST(test_no_memory),
        BOUNDARY_TEST(test_windows_are_bounded),
        BOUNDARY_TEST(test_both_ends),
        BOUNDARY_TEST(test_both_of_one_moment),
        BOUNDARY_TEST(test_never_one_moment),
        BOUNDARY_TEST(test_rewritten_and_grown),
        BOUNDARY_TEST(test_after_records),
        BOUNDARY_TEST(test_after_records_growing),
        BOUNDARY_TEST(test_after_records_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
