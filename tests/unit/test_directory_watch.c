/* SPDX-License-Identifier: MIT */
/* directory_watch: what is told of a path, and which directory the descriptor is of then. */
#include "tests/unit/support.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file/directory_watch.h"

static char top[] = "/tmp/bigfs-unit-XXXXXX";
static struct own_mounts own;
static struct directory_watch watch;
static char path[PATH_MAX];
static atomic_uint told;
static struct directory_news last;

static void hear(void *argument, const struct directory_news *news)
{
    (void)argument;
    last = *news;
    atomic_fetch_add(&told, 1);
}

static char *in_top(const char *name)
{
    static char names[2][PATH_MAX];
    static unsigned next;
    char *text = names[next++ % 2];
    (void)snprintf(text, PATH_MAX, "%s/%s", top, name);
    return text;
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof(path), "%s/source", top);
    atomic_store(&told, 0);
    if (mkdir(path, 0755) != 0)
        return -1;
    own_mounts_init(&own, "fuse.bigfs");
    watch = (struct directory_watch){
        .path = path,
        .directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC),
        .own = &own,
        .tell = hear,
    };
    directory_watch_init(&watch);
    return watch.directory < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    directory_watch_stop(&watch);
    directory_watch_destroy(&watch);
    own_mounts_destroy(&own);
    (void)close(watch.directory);
    (void)unlink(path);
    (void)rmdir(path);
    (void)rmdir(in_top("away"));
    (void)rmdir(in_top("other"));
    return 0;
}

static ino_t inode_at(const char *name)
{
    struct stat attributes = {0};
    assert_int_equal(lstat(name, &attributes), 0);
    return attributes.st_ino;
}

static ino_t open_inode(void)
{
    struct stat attributes = {0};
    assert_int_equal(fstat(watch.directory, &attributes), 0);
    return attributes.st_ino;
}

/* Looks three times: news is told once. */
static void look(unsigned news, enum directory_event event, int error)
{
    unsigned before = atomic_load(&told);

    for (int i = 0; i < 3; i++)
        directory_watch_look(&watch);
    assert_int_equal(atomic_load(&told) - before, news);
    if (news == 0)
        return;
    assert_int_equal(last.event, event);
    assert_int_equal(last.error, error);
}

static void test_nothing_new(void **state)
{
    (void)state;
    look(0, DIRECTORY_BACK, 0);
}

static void test_gone_and_back(void **state)
{
    (void)state;
    ino_t inode = open_inode();
    assert_int_equal(rename(path, in_top("away")), 0);
    look(1, DIRECTORY_GONE, -ENOENT);
    assert_int_equal(open_inode(), inode);
    assert_int_equal(rename(in_top("away"), path), 0);
    look(1, DIRECTORY_BACK, 0);
    assert_int_equal(open_inode(), inode);
}

static void test_made_anew(void **state)
{
    (void)state;
    int number = watch.directory;
    assert_int_equal(rmdir(path), 0);
    look(1, DIRECTORY_GONE, -ENOENT);
    assert_int_equal(mkdir(path, 0755), 0);
    look(1, DIRECTORY_FOLLOWED, 0);
    assert_int_equal(watch.directory, number);
    assert_int_equal(open_inode(), inode_at(path));
    assert_int_equal(fcntl(watch.directory, F_GETFD), FD_CLOEXEC);
    look(0, DIRECTORY_BACK, 0);
}

/* Without a moment in which nothing is there. */
static void test_exchanged(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_top("other"), 0755), 0);
    assert_int_equal(renameat2(AT_FDCWD, in_top("other"), AT_FDCWD, path, RENAME_EXCHANGE), 0);
    look(1, DIRECTORY_FOLLOWED, 0);
    assert_int_equal(open_inode(), inode_at(path));
}

static void test_a_link_is_not_followed(void **state)
{
    (void)state;
    ino_t inode = open_inode();
    assert_int_equal(mkdir(in_top("other"), 0755), 0);
    assert_int_equal(rename(path, in_top("away")), 0);
    assert_int_equal(symlink(in_top("other"), path), 0);
    look(1, DIRECTORY_GONE, -ELOOP);
    assert_int_equal(open_inode(), inode);
}

static void test_a_file_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(rename(path, in_top("away")), 0);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
    (void)close(fd);
    look(1, DIRECTORY_GONE, -ENOTDIR);
}

static void test_the_directory_of_another_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    ino_t inode = open_inode();
    assert_int_equal(rename(path, in_top("away")), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chown(path, 12345, 12345), 0);
    look(1, DIRECTORY_REFUSED, -EPERM);
    assert_int_equal(open_inode(), inode);
    assert_int_equal(rmdir(path), 0);
    look(1, DIRECTORY_GONE, -ENOENT);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chown(path, 12345, 12345), 0);
    look(1, DIRECTORY_REFUSED, -EPERM);
    assert_int_equal(chown(path, 0, 0), 0);
    look(1, DIRECTORY_FOLLOWED, 0);
}

/* If the first one was that user's, too, it is followed. */
static void test_the_same_other_user(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    watch.first_owner = 12345;
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(chown(path, 12345, 12345), 0);
    look(1, DIRECTORY_FOLLOWED, 0);
}

static void test_an_entry(void **state)
{
    (void)state;
    watch.entry = "file";
    look(1, DIRECTORY_GONE, -ENOENT);
    assert_int_equal(close(open(in_top("source/file"), O_CREAT | O_WRONLY, 0644)), 0);
    look(1, DIRECTORY_BACK, 0);
    assert_int_equal(unlink(in_top("source/file")), 0);
    look(1, DIRECTORY_GONE, -ENOENT);
}

/* What leads back to this process is not asked anything. */
static void test_the_own_mount(void **state)
{
    struct stat attributes;

    (void)state;
    assert_int_equal(stat(path, &attributes), 0);
    own_mounts_set(&own, "/nowhere", attributes.st_dev);
    look(1, DIRECTORY_REFUSED, -MET_OURSELVES);
}

static void test_the_thread_looks(void **state)
{
    (void)state;
    assert_int_equal(directory_watch_start(&watch), 0);
    assert_int_equal(rename(path, in_top("away")), 0);
    for (int i = 0; i < 20000 && atomic_load(&told) == 0; i++)
        usleep(1000);
    directory_watch_stop(&watch);
    assert_int_equal(atomic_load(&told), 1);
    assert_int_equal(last.event, DIRECTORY_GONE);
}

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) == NULL;
}

static int remove_top(void **state)
{
    (void)state;
    return rmdir(top);
}

#define WATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCH_TEST(test_nothing_new),
        WATCH_TEST(test_gone_and_back),
        WATCH_TEST(test_made_anew),
        WATCH_TEST(test_exchanged),
        WATCH_TEST(test_a_link_is_not_followed),
        WATCH_TEST(test_a_file_is_not_followed),
        WATCH_TEST(test_the_directory_of_another_user),
        WATCH_TEST(test_the_same_other_user),
        WATCH_TEST(test_an_entry),
        WATCH_TEST(test_the_own_mount),
        WATCH_TEST(test_the_thread_looks),
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
