/* SPDX-License-Identifier: MIT */
/*
 * extents: how EXTENTS_AUTO chooses, and what is remembered of a file system's answers.
 *
 * This program is linked with --wrap=lseek, lseek64 and ioctl.
 */
#include "tests/unit/fake_extents.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "core/extent/extents.h"

struct subject {
    struct extents extents;
    struct file_identity now;
    int fd;
};

/* A real file, for its attributes: a MiB that is one hole. */
static void subject_make(struct subject *subject, const struct scratch *scratch)
{
    struct stat attributes;
    extents_note.init(&subject->extents);
    subject->fd = scratch_open(scratch, "file", O_RDWR | O_CREAT | O_TRUNC);
    assert_int_equal(ftruncate(subject->fd, MIB), 0);
    assert_int_equal(fstat(subject->fd, &attributes), 0);
    file_identity_of(&attributes, &subject->now);
}

static void subject_free(struct subject *subject)
{
    extents_note.destroy(&subject->extents);
    assert_int_equal(close(subject->fd), 0);
}

static struct extent find(struct subject *subject, enum extent_method method, uint64_t offset)
{
    struct extent extent = {0};
    extents_find(&subject->extents, method, subject->fd, &subject->now, offset, &extent);
    assert_true(extent.start <= offset && offset < extent.end && extent.end <= subject->now.size);
    return extent;
}

static off_t seek_knows_none(off_t offset, int whence)
{
    return whence == SEEK_DATA ? offset : MIB;
}

/* SEEK knows no holes or does not work: FIEMAP is used, and its holes are trusted. */
static void test_auto_takes_fiemap(void **state)
{
    const off_t answers_of_seek[] = {MIB, 2 * MIB, -EINVAL, -EOPNOTSUPP, -EIO, -ENXIO};

    for (size_t i = 0; i < LENGTH_OF(answers_of_seek); i++) {
        struct subject subject;
        subject_make(&subject, *state);
        play_fiemap();
        tell(0, 8192, 0);
        tell(16384, 4096, FIEMAP_EXTENT_LAST);
        fake.seek = i == 0 ? seek_knows_none : seek_as_told;
        hole_answer = data_answer = answers_of_seek[i];
        assert_int_equal(extent_method_for(subject.fd, MIB, EXTENTS_AUTO), EXTENTS_FIEMAP);
        assert_int_equal(find(&subject, EXTENTS_AUTO, 9000).kind, EXTENT_HOLE);
        assert_int_equal(find(&subject, EXTENTS_AUTO, 17000).kind, EXTENT_DATA);
        assert_int_equal(find(&subject, EXTENTS_AUTO, 21000).kind, EXTENT_HOLE);
        assert_true((fake.flags & FIEMAP_FLAG_SYNC) != 0);
        fake.on = false;
        subject_free(&subject);
    }
}

/* Neither works: all is data, and this is found out only once. */
static void test_auto_takes_none(void **state)
{
    const int errors[] = {-EINVAL, -EOPNOTSUPP, -ENOTTY, -EIO};

    for (size_t i = 0; i < LENGTH_OF(errors); i++) {
        struct subject subject;
        subject_make(&subject, *state);
        play_fiemap();
        told.error = errors[i];
        fake.seek = seek_as_told;
        hole_answer = data_answer = errors[i];
        assert_int_equal(extent_method_for(subject.fd, MIB, EXTENTS_AUTO), EXTENTS_NONE);
        assert_int_equal(find(&subject, EXTENTS_AUTO, 500).kind, EXTENT_DATA);
        const unsigned asked = fake.seeks + fake.fiemaps;
        assert_int_equal(find(&subject, EXTENTS_AUTO, 100).kind, EXTENT_DATA);
        assert_int_equal(find(&subject, EXTENTS_AUTO, MIB - 1).kind, EXTENT_DATA);
        assert_int_equal(fake.seeks + fake.fiemaps, asked);
        fake.on = false;
        subject_free(&subject);
    }
}

/* One hole at [4096, 8192). */
static off_t seek_knows(off_t offset, int whence)
{
    if (whence == SEEK_DATA)
        return offset >= 4096 && offset < 8192 ? 8192 : offset;
    return offset < 4096 ? 4096 : offset < 8192 ? offset : MIB;
}

static off_t seek_all_hole(off_t offset, int whence)
{
    return whence == SEEK_DATA ? -ENXIO : offset;
}

/* SEEK knows holes: FIEMAP, which writes dirty pages to the disk, is not asked. */
static void test_auto_takes_seek(void **state)
{
    struct subject subject;

    subject_make(&subject, *state);
    play_fiemap();
    fake.seek = seek_knows;
    struct extent extent = find(&subject, EXTENTS_AUTO, 5000);
    assert_extent(&extent, EXTENT_HOLE, 5000, 8192);
    assert_int_equal(find(&subject, EXTENTS_AUTO, 4095).kind, EXTENT_DATA);
    assert_int_equal(find(&subject, EXTENTS_AUTO, 8192).kind, EXTENT_DATA);
    fake.seek = seek_all_hole;
    assert_int_equal(extent_method_for(subject.fd, MIB, EXTENTS_AUTO), EXTENTS_SEEK);
    assert_int_equal(fake.fiemaps, 0);
    fake.on = false;
    subject_free(&subject);
}

/* A method that was chosen stands for itself, whatever another would say. */
static void test_chosen_method(void **state)
{
    const struct {
        enum extent_method method;
        enum extent_kind kind;
        bool seeks;
        bool maps;
    } cases[] = {{EXTENTS_SEEK, EXTENT_HOLE, true, false},
                 {EXTENTS_FIEMAP, EXTENT_DATA, false, true},
                 {EXTENTS_NONE, EXTENT_DATA, false, false}};

    for (size_t i = 0; i < LENGTH_OF(cases); i++) {
        struct subject subject;
        subject_make(&subject, *state);
        play_fiemap();
        tell(0, MIB, FIEMAP_EXTENT_LAST);
        fake.seek = seek_all_hole;
        fake.seeks = fake.fiemaps = 0;
        assert_int_equal(find(&subject, cases[i].method, 5000).kind, cases[i].kind);
        assert_int_equal(fake.seeks > 0, cases[i].seeks);
        assert_int_equal(fake.fiemaps > 0, cases[i].maps);
        fake.on = false;
        subject_free(&subject);
    }
}

/* A hole is asked for each time: it may have been filled. Data is not: it stays data. */
static void test_holes_asked_anew(void **state)
{
    struct subject subject;

    subject_make(&subject, *state);
    fake.on = true;
    fake.seek = seek_all_hole;
    assert_int_equal(find(&subject, EXTENTS_SEEK, 5000).kind, EXTENT_HOLE);
    fake.seek = seek_knows_none;
    assert_int_equal(find(&subject, EXTENTS_SEEK, 5000).kind, EXTENT_DATA);
    fake.seek = seek_all_hole;
    assert_int_equal(find(&subject, EXTENTS_SEEK, 5000).kind, EXTENT_DATA);
    assert_int_equal(find(&subject, EXTENTS_SEEK, 4999).kind, EXTENT_HOLE);
    fake.on = false;
    subject_free(&subject);
}

/* Counts belong to one number of blocks and do not outlive it. */
static void test_counts(void **state)
{
    struct subject subject;
    uint64_t data = 0;

    subject_make(&subject, *state);
    struct file_identity now = subject.now;
    assert_false(extents_recall_count(&subject.extents, &now, 0, 4096, &data));
    for (uint64_t i = 0; i < 3 * EXTENT_COUNTS; i++) {
        extents_remember_count(&subject.extents, &now, i, i + 4096, 7 * i);
        assert_true(extents_recall_count(&subject.extents, &now, i, i + 4096, &data));
        assert_int_equal(data, 7 * i);
    }
    assert_false(extents_recall_count(&subject.extents, &now, 0, 4096, &data));
    now.blocks += 8;
    assert_false(extents_recall_count(&subject.extents, &now, 3 * EXTENT_COUNTS - 1,
                                      3 * EXTENT_COUNTS + 4095, &data));
    extents_remember_count(&subject.extents, &now, 1, 2, 1);
    assert_false(extents_recall_count(&subject.extents, &subject.now, 1, 2, &data));
    subject_free(&subject);
}

/* A file that has grown may need another method: what AUTO means is decided again. */
static void test_auto_decides_anew(void **state)
{
    struct subject subject;

    subject_make(&subject, *state);
    play_fiemap();
    told.error = -EOPNOTSUPP;
    fake.seek = seek_knows_none;
    assert_int_equal(find(&subject, EXTENTS_AUTO, 5000).kind, EXTENT_DATA);
    subject.now.size += MIB;
    fake.seek = seek_all_hole;
    assert_int_equal(find(&subject, EXTENTS_AUTO, MIB + 5000).kind, EXTENT_HOLE);
    fake.on = false;
    subject_free(&subject);
}

/* Stretches of a kind that meet are one, so that they take one place. */
static void test_joined(void **state)
{
    struct subject subject;

    subject_make(&subject, *state);
    play_fiemap();
    for (uint64_t k = 0; k < ASKED; k++)
        tell(k * 4096, 4096, 0);
    assert_int_equal(find(&subject, EXTENTS_FIEMAP, 0).end, ASKED * 4096);
    play_fiemap();
    tell(ASKED * (uint64_t)4096, MIB, FIEMAP_EXTENT_LAST);
    assert_int_equal(find(&subject, EXTENTS_FIEMAP, ASKED * 4096).kind, EXTENT_DATA);
    assert_int_equal(subject.extents.data.count, 1);
    assert_int_equal(find(&subject, EXTENTS_FIEMAP, 5).end, MIB);
    fake.on = false;
    subject_free(&subject);
}

/* A hole reported to reach into known data removes nothing of the rest of it. */
static void test_contradicted(void **state)
{
    struct subject subject;

    subject_make(&subject, *state);
    fake.on = true;
    fake.seek = seek_as_told;
    data_answer = 4096;
    hole_answer = 8192;
    assert_int_equal(find(&subject, EXTENTS_SEEK, 4096).kind, EXTENT_DATA);
    data_answer = 6000;
    assert_int_equal(find(&subject, EXTENTS_SEEK, 0).kind, EXTENT_HOLE);
    data_answer = 7000;
    assert_int_equal(find(&subject, EXTENTS_SEEK, 7000).kind, EXTENT_DATA);
    fake.on = false;
    subject_free(&subject);
}

/*
 * The file system contradicts itself at random: never a crash, never an extent without the place.
 */
static void test_contradictions(void **state)
{
    struct random random = random_case(300000);
    struct subject subject;

    subject_make(&subject, *state);
    play_fiemap();
    answers = random_case(300001);
    fake.seek = seek_at_random;
    for (int i = 0; i < 20000; i++) {
        if (random_chance(&random, 5)) {
            subject.extents.method = EXTENTS_FIEMAP;
            told.mapped = 0;
            tell_at_random(&random, random_chance(&random, 50));
        } else {
            subject.extents.method = EXTENTS_SEEK;
        }
        (void)find(&subject, EXTENTS_SEEK, random_below(&random, MIB));
        for (size_t k = 1; k < subject.extents.data.count; k++)
            assert_true(subject.extents.data.items[k - 1].end <=
                        subject.extents.data.items[k].start);
        if (random_chance(&random, 1))
            intervals_clear(&subject.extents.data);
    }
    fake.on = false;
    subject_free(&subject);
}

#define TOLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TOLD_TEST(test_auto_takes_fiemap), TOLD_TEST(test_auto_takes_none),
        TOLD_TEST(test_auto_takes_seek),   TOLD_TEST(test_chosen_method),
        TOLD_TEST(test_holes_asked_anew),  TOLD_TEST(test_counts),
        TOLD_TEST(test_auto_decides_anew), TOLD_TEST(test_joined),
        TOLD_TEST(test_contradicted),      TOLD_TEST(test_contradictions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
