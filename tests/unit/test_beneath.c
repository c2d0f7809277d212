/* SPDX-License-Identifier: MIT */
/*
 * beneath: nothing leads out of the directory, and a shortage of descriptors is waited out.
 *
 *     root/inside/file  root/door/file          what may be seen
 *     outside/file                              what may not
 *     root/to_file -> inside/file   root/to_inside -> inside
 *     root/to_outside -> ../outside   root/inside/up -> ..
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/outcome.h"
#include "core/file/beneath.h"

enum { MOST_FILLERS = 64, ROOM = 8 };

struct tree {
    struct scratch scratch;
    struct beneath beneath;
    int fillers[MOST_FILLERS]; /* descriptors that take the room of others; -1: none */
    struct rlimit old_limit;
};

static void make_directory(const struct tree *tree, const char *name)
{
    assert_int_equal(mkdirat(tree->scratch.directory, name, 0755), 0);
}

static void make_link(const struct tree *tree, const char *target, const char *name)
{
    assert_int_equal(symlinkat(target, tree->scratch.directory, name), 0);
}

static void fill_tree(const struct tree *tree)
{
    make_directory(tree, "root");
    make_directory(tree, "root/inside");
    make_directory(tree, "root/door");
    make_directory(tree, "outside");
    scratch_write(&tree->scratch, "root/inside/file", "in", 2);
    scratch_write(&tree->scratch, "root/door/file", "in", 2);
    scratch_write(&tree->scratch, "outside/file", "out", 3);
    make_link(tree, "inside/file", "root/to_file");
    make_link(tree, "inside", "root/to_inside");
    make_link(tree, "../outside", "root/to_outside");
    make_link(tree, "..", "root/inside/up");
}

static int setup(void **state)
{
    struct tree *tree = calloc(1, sizeof(*tree));
    if (tree == NULL || scratch_make(&tree->scratch) != 0)
        return -1;
    *state = tree;
    for (int i = 0; i < MOST_FILLERS; i++)
        tree->fillers[i] = -1;
    if (getrlimit(RLIMIT_NOFILE, &tree->old_limit) != 0)
        return -1;
    fill_tree(tree);
    tree->beneath.directory = scratch_open(&tree->scratch, "root", O_RDONLY | O_DIRECTORY);
    return 0;
}

static int teardown(void **state)
{
    struct tree *tree = *state;
    for (int i = 0; i < MOST_FILLERS; i++)
        if (tree->fillers[i] >= 0)
            (void)close(tree->fillers[i]);
    (void)setrlimit(RLIMIT_NOFILE, &tree->old_limit);
    (void)close(tree->beneath.directory);
    scratch_remove(&tree->scratch);
    free(tree);
    return 0;
}

/* Checks that the path can be opened and reads as `content`. */
static void assert_opens(const struct tree *tree, const char *path, const char *content)
{
    char buffer[8] = "";
    int fd = beneath_open(&tree->beneath, path, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(pread(fd, buffer, sizeof(buffer) - 1, 0) >= 0);
    assert_int_equal(close(fd), 0);
    assert_string_equal(buffer, content);
}

static void assert_fails(const struct tree *tree, const char *path, int flags, int error)
{
    struct stat attributes;
    assert_int_equal(beneath_open(&tree->beneath, path, flags), error);
    if ((flags & O_NOFOLLOW) == 0)
        return;
    assert_int_equal(beneath_stat(&tree->beneath, path, &attributes), error);
}

static void test_opens(void **state)
{
    const struct tree *tree = *state;
    struct stat here;
    struct stat root = scratch_stat(&tree->scratch, "root");

    assert_opens(tree, "inside/file", "in");
    assert_opens(tree, "./inside//file", "in");
    int fd = beneath_open(&tree->beneath, "", O_RDONLY | O_DIRECTORY);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &here), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(here.st_ino, root.st_ino);
}

/* What is opened is not inherited by programs that this process starts. */
static void test_close_on_exec(void **state)
{
    const struct tree *tree = *state;
    int fd = beneath_open(&tree->beneath, "inside/file", O_RDONLY);
    assert_true(fd >= 0);
    int flags = fcntl(fd, F_GETFD);
    assert_int_equal(close(fd), 0);
    assert_int_equal(flags & FD_CLOEXEC, FD_CLOEXEC);
}

static void test_what_is_missing(void **state)
{
    const struct tree *tree = *state;
    assert_fails(tree, "nothing", O_PATH | O_NOFOLLOW, -ENOENT);
    assert_fails(tree, "inside/nothing", O_RDONLY, -ENOENT);
    assert_fails(tree, "inside/file/beyond", O_PATH | O_NOFOLLOW, -ENOTDIR);
}

/* No "..", be it first, in the middle or last, leads out. One that stays inside is allowed. */
static void test_parents(void **state)
{
    const struct tree *tree = *state;
    const int flags = O_PATH | O_NOFOLLOW;

    assert_fails(tree, "..", flags, -EXDEV);
    assert_fails(tree, "../outside/file", flags, -EXDEV);
    assert_fails(tree, "../root/inside/file", flags, -EXDEV);
    assert_fails(tree, "inside/../../outside/file", flags, -EXDEV);
    assert_fails(tree, "inside/../..", flags, -EXDEV);
    assert_fails(tree, "./..", flags, -EXDEV);
    assert_opens(tree, "inside/../door/file", "in");
}

static void test_absolute(void **state)
{
    const struct tree *tree = *state;
    char path[PATH_MAX + 32];

    assert_fails(tree, "/", O_PATH | O_NOFOLLOW, -EXDEV);
    assert_fails(tree, "/etc/passwd", O_PATH | O_NOFOLLOW, -EXDEV);
    (void)snprintf(path, sizeof(path), "%s/root/inside/file", tree->scratch.path);
    assert_fails(tree, path, O_PATH | O_NOFOLLOW, -EXDEV);
}

/* No symbolic link is followed, wherever it leads and wherever in the path it stands. */
static void test_symbolic_links(void **state)
{
    const struct tree *tree = *state;

    assert_fails(tree, "to_file", O_RDONLY, -ELOOP);
    assert_fails(tree, "to_inside", O_RDONLY, -ELOOP);
    assert_fails(tree, "to_outside", O_RDONLY, -ELOOP);
    assert_fails(tree, "to_inside/file", O_PATH | O_NOFOLLOW, -ELOOP);
    assert_fails(tree, "to_outside/file", O_PATH | O_NOFOLLOW, -ELOOP);
    assert_fails(tree, "inside/up/inside/file", O_PATH | O_NOFOLLOW, -ELOOP);
    assert_fails(tree, "to_file/", O_RDONLY, -ELOOP);
}

/* The links in /proc that jump to what a process has open are links too. */
static void test_magic_links(void **state)
{
    struct tree elsewhere = {.beneath = {.directory = open("/proc/self", O_RDONLY | O_CLOEXEC)}};
    (void)state;
    assert_true(elsewhere.beneath.directory >= 0);
    int through_root = beneath_open(&elsewhere.beneath, "root/etc", O_RDONLY);
    int through_fd = beneath_open(&elsewhere.beneath, "fd/0", O_RDONLY);
    assert_int_equal(close(elsewhere.beneath.directory), 0);
    assert_int_equal(through_root, -ELOOP);
    assert_int_equal(through_fd, -ELOOP);
}

/* The last component may be a link that is looked at and not followed. */
static void test_link_itself(void **state)
{
    const struct tree *tree = *state;
    struct stat attributes;

    assert_int_equal(beneath_stat(&tree->beneath, "to_outside", &attributes), 0);
    assert_true(S_ISLNK(attributes.st_mode));
    int fd = beneath_open(&tree->beneath, "to_outside", O_PATH | O_NOFOLLOW);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

static void test_stat(void **state)
{
    const struct tree *tree = *state;
    const struct stat expected = scratch_stat(&tree->scratch, "root/inside/file");
    const unsigned before = count_descriptors();
    struct stat attributes;

    assert_int_equal(beneath_stat(&tree->beneath, "inside/file", &attributes), 0);
    assert_int_equal(attributes.st_ino, expected.st_ino);
    assert_int_equal(attributes.st_size, 2);
    assert_int_equal(beneath_stat(&tree->beneath, "", &attributes), 0);
    assert_true(S_ISDIR(attributes.st_mode));
    assert_int_equal(count_descriptors(), before);
}

/* A FIFO without a writer does not block a reader with O_NONBLOCK. */
static void test_fifo(void **state)
{
    const struct tree *tree = *state;
    struct stat attributes;

    assert_int_equal(mkfifoat(tree->scratch.directory, "root/fifo", 0644), 0);
    int fd = beneath_open(&tree->beneath, "fifo", O_RDONLY | O_NONBLOCK);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(beneath_stat(&tree->beneath, "fifo", &attributes), 0);
    assert_true(S_ISFIFO(attributes.st_mode));
}

/* Swaps two names as fast as it can until it is told to stop. */
struct swapper {
    pthread_t thread;
    const struct tree *tree;
    const char *one;
    const char *other;
    unsigned flags;
    atomic_bool stop;
};

static void *swap_names(void *argument)
{
    struct swapper *swapper = argument;
    int at = swapper->tree->scratch.directory;

    while (!atomic_load(&swapper->stop)) {
        THREAD_CHECK(renameat2(at, swapper->one, at, swapper->other, swapper->flags) == 0);
        if (swapper->flags == 0)
            THREAD_CHECK(renameat2(at, swapper->other, at, swapper->one, 0) == 0);
    }
    return NULL;
}

static void swapper_start(struct swapper *swapper)
{
    atomic_init(&swapper->stop, false);
    assert_int_equal(pthread_create(&swapper->thread, NULL, swap_names, swapper), 0);
}

static void swapper_end(struct swapper *swapper)
{
    atomic_store(&swapper->stop, true);
    (void)pthread_join(swapper->thread, NULL);
    assert_threads_passed();
}

/* How often a path opened, was refused, and led to what is outside. */
struct tally {
    unsigned opened;
    unsigned refused;
    unsigned escaped;
};

static void try_open(const struct tree *tree, const char *path, struct tally *tally)
{
    char buffer[4] = "";
    int fd = beneath_open(&tree->beneath, path, O_RDONLY);

    if (fd < 0) {
        tally->refused++;
        return;
    }
    if (pread(fd, buffer, 3, 0) == 3)
        tally->escaped++; /* "out" */
    else
        tally->opened++;
    (void)close(fd);
}

/*
 * A directory that becomes a link to the outside and back is entered as a directory or not at all.
 */
static void test_race_with_link(void **state)
{
    const struct tree *tree = *state;
    struct swapper swapper = {
        .tree = tree, .one = "root/door", .other = "root/to_outside", .flags = RENAME_EXCHANGE};
    struct tally tally = {0};

    swapper_start(&swapper);
    for (int i = 0; i < 200000 && (i < 20000 || tally.opened == 0 || tally.refused == 0); i++)
        try_open(tree, "door/file", &tally);
    swapper_end(&swapper);
    assert_int_equal(tally.escaped, 0);
    assert_true(tally.opened > 0 && tally.refused > 0); /* otherwise there was no race */
}

/* A directory moved out during the walk does not make its ".." reachable. */
static void test_race_with_parent(void **state)
{
    const struct tree *tree = *state;
    struct swapper swapper = {.tree = tree, .one = "root/inside/deep", .other = "outside/deep"};
    struct tally tally = {0};

    make_directory(tree, "root/inside/deep");
    swapper_start(&swapper);
    for (int i = 0; i < 20000; i++) /* from outside/deep this is outside/file */
        try_open(tree, "inside/deep/../../outside/file", &tally);
    swapper_end(&swapper);
    assert_int_equal(tally.escaped, 0);
    assert_int_equal(tally.opened, 0);
}

/* Takes all descriptors. */
static void fill_descriptors(struct tree *tree)
{
    (void)descriptors_limit(ROOM);
    for (int i = 0; i < ROOM + 1; i++)
        tree->fillers[i] = dup(STDERR_FILENO);
    assert_true(tree->fillers[0] >= 0);
    assert_int_equal(tree->fillers[ROOM], -1);
}

static bool close_filler(struct tree *tree)
{
    for (int i = 0; i < MOST_FILLERS; i++)
        if (tree->fillers[i] >= 0) {
            (void)close(tree->fillers[i]);
            tree->fillers[i] = -1;
            return true;
        }
    return false;
}

struct relief {
    struct tree *tree;
    unsigned asked;
    unsigned lost; /* how often another thread gets what it closes, at first */
};

static bool relieve(void *argument)
{
    struct relief *relief = argument;
    relief->asked++;
    return relief->asked <= relief->lost || close_filler(relief->tree);
}

/* Without a free descriptor it asks for one, and again if that did not help at once. */
static void test_relief(void **state)
{
    struct tree *tree = *state;
    struct relief relief = {.tree = tree, .lost = 3};

    tree->beneath.relieve = relieve;
    tree->beneath.relieve_argument = &relief;
    fill_descriptors(tree);
    assert_opens(tree, "inside/file", "in");
    assert_int_equal(relief.asked, relief.lost + 1);
}

static void test_relief_for_stat(void **state)
{
    struct tree *tree = *state;
    struct relief relief = {.tree = tree};
    struct stat attributes;

    tree->beneath.relieve = relieve;
    tree->beneath.relieve_argument = &relief;
    fill_descriptors(tree);
    assert_int_equal(beneath_stat(&tree->beneath, "inside/file", &attributes), 0);
    assert_int_equal(relief.asked, 1);
}

/* No relief is requested while there is no shortage. */
static void test_no_needless_relief(void **state)
{
    struct tree *tree = *state;
    struct relief relief = {.tree = tree};

    tree->beneath.relieve = relieve;
    tree->beneath.relieve_argument = &relief;
    assert_opens(tree, "inside/file", "in");
    assert_fails(tree, "nothing", O_RDONLY, -ENOENT);
    assert_fails(tree, "to_inside/file", O_RDONLY, -ELOOP);
    assert_int_equal(relief.asked, 0);
}

/* Without relief it does not wait, as its caller may hold a place that others need. */
static void test_no_descriptor(void **state)
{
    struct tree *tree = *state;

    fill_descriptors(tree);
    assert_int_equal(beneath_open(&tree->beneath, "inside/file", O_RDONLY), -NO_DESCRIPTOR);
    (void)close_filler(tree);
    int fd = beneath_open(&tree->beneath, "inside/file", O_RDONLY);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

/* A file with a lease is not waited for; it can be opened once the lease is given up. */
static void test_lease(void **state)
{
    const struct tree *tree = *state;
    int holder = scratch_open(&tree->scratch, "root/inside/file", O_RDWR);
    void (*const old)(int) = signal(SIGIO, SIG_IGN); /* sent to the holder of the lease */

    if (fcntl(holder, F_SETLEASE, F_WRLCK) != 0) {
        (void)close(holder);
        skip();
    }
    int held = beneath_open(&tree->beneath, "inside/file", O_RDONLY | O_NONBLOCK);
    int path = beneath_open(&tree->beneath, "inside/file", O_PATH);
    assert_int_equal(fcntl(holder, F_SETLEASE, F_UNLCK), 0);
    int fd = beneath_open(&tree->beneath, "inside/file", O_RDONLY | O_NONBLOCK);
    (void)signal(SIGIO, old);
    assert_int_equal(close(holder), 0);
    assert_int_equal(held, -HELD_BY_LEASE);
    assert_true(path >= 0);
    assert_int_equal(close(path), 0);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE_TEST(test_opens),
        TREE_TEST(test_close_on_exec),
        TREE_TEST(test_what_is_missing),
        TREE_TEST(test_parents),
        TREE_TEST(test_absolute),
        TREE_TEST(test_symbolic_links),
        TREE_TEST(test_magic_links),
        TREE_TEST(test_link_itself),
        TREE_TEST(test_stat),
        TREE_TEST(test_fifo),
        TREE_TEST(test_race_with_link),
        TREE_TEST(test_race_with_parent),
        TREE_TEST(test_relief),
        TREE_TEST(test_relief_for_stat),
        TREE_TEST(test_no_needless_relief),
        TREE_TEST(test_no_descriptor),
        TREE_TEST(test_lease),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
