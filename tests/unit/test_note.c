/* SPDX-License-Identifier: MIT */
/*
 * note: one for each type and key, informed of every change of the content, and freed with its
 * generation.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/generation/generation.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"

enum { BLOCK = 4096, SIZE = 40 * BLOCK, CHANGES = CONTENT_MOVED + 1 };

/* How many notes were made and destroyed, in all. */
static atomic_uint made;
static atomic_uint destroyed;

/* A note that counts its calls. */
struct diary {
    max_align_t aligned;
    unsigned told[CHANGES];
    bool begun;
    uint8_t zeros[1000];
};

static void begin_diary(void *note)
{
    static const struct diary empty;
    struct diary *diary = note;

    THREAD_CHECK((uintptr_t)note % _Alignof(max_align_t) == 0);
    THREAD_CHECK(memcmp(diary, &empty, sizeof(empty)) == 0);
    diary->begun = true;
    atomic_fetch_add(&made, 1);
}

static void end_diary(void *note)
{
    struct diary *diary = note;
    THREAD_CHECK(diary->begun);
    diary->begun = false;
    atomic_fetch_add(&destroyed, 1);
}

static void write_diary(void *note, enum content_change change)
{
    struct diary *diary = note;
    THREAD_CHECK(diary->begun);
    diary->told[change]++;
}

static const struct note_type diary_type = {
    .name = "diary",
    .size = sizeof(struct diary),
    .init = begin_diary,
    .destroy = end_diary,
    .changed = write_diary,
};

static const struct note_type other_type = {
    .name = "other",
    .size = sizeof(struct diary),
    .init = begin_diary,
    .destroy = end_diary,
    .changed = write_diary,
};

/* A note without `changed`. */
static const struct note_type deaf_type = {
    .name = "deaf", .size = sizeof(struct diary), .init = begin_diary, .destroy = end_diary};

/* A file, and a generation of it. */
struct subject {
    struct scratch scratch;
    int fd;
    struct generation *generation;
};

static int setup(void **state)
{
    struct subject *subject = calloc(1, sizeof(*subject));
    if (subject == NULL || scratch_make(&subject->scratch) != 0)
        return -1;
    subject->fd = -1;
    atomic_store(&made, 0);
    atomic_store(&destroyed, 0);
    *state = subject;
    return 0;
}

static void end(struct subject *subject)
{
    generation_unref(subject->generation);
    subject->generation = NULL;
    if (subject->fd >= 0)
        (void)close(subject->fd);
    subject->fd = -1;
}

static int teardown(void **state)
{
    struct subject *subject = *state;
    end(subject);
    scratch_remove(&subject->scratch);
    free(subject);
    return atomic_load(&made) == atomic_load(&destroyed) ? 0 : -1;
}

/* Makes the file, all data or mostly a hole, and its generation again. */
static void begin(struct subject *subject, bool sparse, bool captured)
{
    static uint8_t bytes[SIZE];
    struct file_identity identity;

    end(subject);
    pattern_fill(bytes, SIZE, 0, 1);
    scratch_write(&subject->scratch, "file", bytes, sparse ? BLOCK : SIZE);
    if (sparse) {
        scratch_truncate(&subject->scratch, "file", SIZE - BLOCK);
        scratch_append(&subject->scratch, "file", bytes, BLOCK);
    }
    subject->fd = scratch_open(&subject->scratch, "file", O_RDWR);
    assert_int_equal(fsync(subject->fd), 0);
    const struct stat attributes = scratch_stat(&subject->scratch, "file");
    file_identity_of(&attributes, &identity);
    subject->generation = generation_new(&identity, false);
    assert_non_null(subject->generation);
    if (captured)
        assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    scratch_let_time_pass(&subject->scratch, "file");
}

static struct diary *diary_of(const struct subject *subject, const void *key)
{
    struct diary *diary = generation_note(subject->generation, &diary_type, key);
    assert_non_null(diary);
    return diary;
}

static void check(const struct subject *subject, int expected)
{
    bool changed = false;
    assert_int_equal(generation_check(subject->generation, subject->fd, &changed), expected);
}

static void append(const struct subject *subject)
{
    scratch_append(&subject->scratch, "file", "more", 4);
}

static void touch_ctime(const struct subject *subject)
{
    mode_t mode = scratch_stat(&subject->scratch, "file").st_mode & 07777;
    assert_int_equal(fchmod(subject->fd, mode ^ S_IXUSR), 0);
}

static void assert_told(const struct diary *diary, unsigned grew, unsigned filled, unsigned moved)
{
    assert_int_equal(diary->told[CONTENT_GREW], grew);
    assert_int_equal(diary->told[CONTENT_FILLED], filled);
    assert_int_equal(diary->told[CONTENT_MOVED], moved);
}

/* A note is made when it is first asked for, and is the same one ever after. */
static void test_one_for_each_type_and_key(void **state)
{
    static const char *const keys[] = {"one", "two"};
    struct subject *subject = *state;

    begin(subject, false, true);
    assert_int_equal(atomic_load(&made), 0);
    void *const notes[] = {
        generation_note(subject->generation, &diary_type, NULL),
        generation_note(subject->generation, &diary_type, keys[0]),
        generation_note(subject->generation, &diary_type, keys[1]),
        generation_note(subject->generation, &other_type, NULL),
        generation_note(subject->generation, &other_type, keys[0]),
    };
    for (size_t i = 0; i < LENGTH_OF(notes); i++) {
        assert_non_null(notes[i]);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(notes[i], notes[k]);
    }
    assert_ptr_equal(generation_note(subject->generation, &diary_type, NULL), notes[0]);
    assert_ptr_equal(generation_note(subject->generation, &diary_type, keys[0]), notes[1]);
    assert_ptr_equal(generation_note(subject->generation, &diary_type, keys[1]), notes[2]);
    assert_ptr_equal(generation_note(subject->generation, &other_type, NULL), notes[3]);
    assert_ptr_equal(generation_note(subject->generation, &other_type, keys[0]), notes[4]);
    assert_int_equal(atomic_load(&made), LENGTH_OF(notes));
}

/* Each generation has notes of its own, which live as long as it does and no longer. */
static void test_they_end_with_the_generation(void **state)
{
    struct subject *subject = *state;
    const struct file_identity identity = {.inode = 1};
    struct generation *other = generation_new(&identity, false);

    begin(subject, false, true);
    assert_non_null(other);
    struct diary *diary = diary_of(subject, NULL);
    assert_ptr_not_equal(generation_note(other, &diary_type, NULL), diary);
    assert_non_null(generation_note(subject->generation, &deaf_type, NULL));
    generation_unref(other);
    assert_int_equal(atomic_load(&destroyed), 1);
    (void)generation_ref(subject->generation);
    generation_unref(subject->generation);
    (void)generation_end(subject->generation, END_REPLACED, NULL);
    assert_int_equal(atomic_load(&destroyed), 1);
    assert_true(diary->begun);
    end(subject);
    assert_int_equal(atomic_load(&destroyed), 3);
    assert_threads_passed();
}

/* Notes are informed of changes of the content, once each. */
static void test_told_of_changes(void **state)
{
    static const char key[] = "key";
    struct subject *subject = *state;

    begin(subject, false, true);
    struct diary *diary = diary_of(subject, NULL);
    struct diary *another = diary_of(subject, key);
    assert_non_null(generation_note(subject->generation, &deaf_type, NULL));
    check(subject, 0);
    assert_told(diary, 0, 0, 0);
    append(subject);
    check(subject, 0);
    check(subject, 0);
    assert_told(diary, 1, 0, 0);
    scratch_let_time_pass(&subject->scratch, "file");
    touch_ctime(subject);
    check(subject, 0);
    check(subject, 0);
    assert_told(diary, 1, 0, 1);
    append(subject);
    check(subject, 0);
    assert_told(diary, 2, 0, 1);
    assert_told(another, 2, 0, 1);
    /* A note made later is informed of later changes. */
    struct diary *late = generation_note(subject->generation, &other_type, NULL);
    assert_told(late, 0, 0, 0);
    append(subject);
    check(subject, 0);
    assert_told(late, 1, 0, 0);
    assert_told(diary, 3, 0, 1);
}

/* A file with holes that grew may have had some of them filled. */
static void test_told_of_growth_with_holes(void **state)
{
    struct subject *subject = *state;

    begin(subject, true, true);
    const struct file_identity identity = generation_identity(subject->generation);
    if (!file_may_have_holes(&identity))
        skip();
    struct diary *diary = diary_of(subject, NULL);
    append(subject);
    check(subject, 0);
    assert_told(diary, 0, 1, 0);
    scratch_let_time_pass(&subject->scratch, "file");
    touch_ctime(subject);
    check(subject, 0);
    assert_told(diary, 0, 1, 1);
}

/* What was not captured has not been read, so its content does not count as changed. */
static void test_not_told_before_it_is_captured(void **state)
{
    struct subject *subject = *state;

    begin(subject, false, false);
    struct diary *diary = diary_of(subject, NULL);
    append(subject);
    check(subject, 0);
    scratch_let_time_pass(&subject->scratch, "file");
    touch_ctime(subject);
    check(subject, 0);
    append(subject);
    assert_int_equal(generation_capture(subject->generation, subject->fd), 0);
    assert_told(diary, 0, 0, 0);
    scratch_let_time_pass(&subject->scratch, "file");
    append(subject);
    check(subject, 0);
    assert_told(diary, 1, 0, 0);
}

/* The end of a generation is not a change of its content. */
static void test_not_told_of_the_end(void **state)
{
    struct subject *subject = *state;

    begin(subject, false, true);
    struct diary *diary = diary_of(subject, NULL);
    scratch_overwrite(&subject->scratch, "file", "#", 1, 10);
    append(subject);
    check(subject, -ESTALE);
    check(subject, -ESTALE);
    assert_told(diary, 0, 0, 0);
    begin(subject, false, true);
    diary = diary_of(subject, NULL);
    scratch_truncate(&subject->scratch, "file", SIZE / 2);
    check(subject, -ESTALE);
    assert_told(diary, 0, 0, 0);
}

static int do_nothing(struct generation_state *state, void *argument)
{
    (void)state;
    return *(const int *)argument;
}

static int make_larger(struct generation_state *state, void *argument)
{
    state->identity.size += *(const uint64_t *)argument;
    return 0;
}

static int revise(struct generation_state *state, void *argument)
{
    (void)argument;
    state->revision++;
    return -7;
}

/* An update informs the notes according to the new state, and returns the result of the change. */
static void test_update(void **state)
{
    struct subject *subject = *state;
    const int outcome = 42;
    uint64_t more = 100;

    begin(subject, false, true);
    struct diary *diary = diary_of(subject, NULL);
    assert_int_equal(
        generation_update(subject->generation, do_nothing, (void *)(uintptr_t)&outcome), 42);
    assert_told(diary, 0, 0, 0);
    assert_int_equal(generation_update(subject->generation, make_larger, &more), 0);
    assert_told(diary, 1, 0, 0);
    more = 10 * (uint64_t)SIZE; /* more bytes than it has blocks */
    assert_int_equal(generation_update(subject->generation, make_larger, &more), 0);
    assert_told(diary, 2, 0, 0);
    more = 1;
    assert_int_equal(generation_update(subject->generation, make_larger, &more), 0);
    assert_told(diary, 2, 1, 0);
    assert_int_equal(generation_update(subject->generation, revise, NULL), -7);
    assert_told(diary, 2, 1, 1);
    const struct generation_state now = generation_state(subject->generation);
    assert_int_equal(now.identity.size, 11 * (uint64_t)SIZE + 101);
    assert_int_equal(now.revision, 1);
}

struct askers {
    struct subject *subject;
    _Atomic(void *) notes[4];
};

static void ask_and_check(void *argument, unsigned index)
{
    static const char keys[4];
    struct askers *askers = argument;
    bool changed = false;
    (void)index;

    THREAD_CHECK(generation_check(askers->subject->generation, askers->subject->fd, &changed) == 0);
    for (int i = 0; i < 400; i++) {
        const size_t key = (size_t)i % 4;
        void *note = generation_note(askers->subject->generation, &diary_type, keys + key);
        void *none = NULL;
        if (!atomic_compare_exchange_strong(&askers->notes[key], &none, note))
            THREAD_CHECK(none == note);
    }
}

/*
 * Threads that ask at the same time get the same note, and a change that several find is reported
 * once.
 */
static void test_threads(void **state)
{
    struct subject *subject = *state;
    struct askers askers = {.subject = subject};

    for (int round = 0; round < 30; round++) {
        unsigned before = atomic_load(&made);
        memset(&askers.notes, 0, sizeof(askers.notes));
        begin(subject, false, true);
        struct diary *diary = diary_of(subject, NULL);
        append(subject);
        run_threads(6, ask_and_check, &askers);
        assert_int_equal(atomic_load(&made) - before, 5);
        assert_told(diary, 1, 0, 0);
    }
}

#define NOTE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NOTE_TEST(test_one_for_each_type_and_key),
        NOTE_TEST(test_they_end_with_the_generation),
        NOTE_TEST(test_told_of_changes),
        NOTE_TEST(test_told_of_growth_with_holes),
        NOTE_TEST(test_not_told_before_it_is_captured),
        NOTE_TEST(test_not_told_of_the_end),
        NOTE_TEST(test_update),
        NOTE_TEST(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
