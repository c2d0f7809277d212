/* SPDX-License-Identifier: MIT */
/*
 * fs/command/index_place: where line indexes are kept by default.
 *
 * This program is linked with --wrap=getpwuid, so that the test chooses what the user database
 * says, and --wrap=asprintf and __asprintf_chk, so that memory can run out.
 */
#include "tests/unit/support.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/command/index_place.h"

enum { NOBODY = 65534 };

/* The user database */

static struct passwd user; /* pw_dir NULL: the user is unknown */
static unsigned questions;

struct passwd *__wrap_getpwuid(uid_t id);

struct passwd *__wrap_getpwuid(uid_t id)
{
    assert_int_equal(id, geteuid());
    questions++;
    return user.pw_dir != NULL ? &user : NULL;
}

/* Memory */

static bool memory_is_short;

int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int print(char **text, const char *format, va_list arguments)
{
    return memory_is_short ? -1 : vasprintf(text, format, arguments);
}

int __wrap_asprintf(char **text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = print(text, format, arguments);
    va_end(arguments);
    return length;
}

/* What _FORTIFY_SOURCE calls instead. */
int __wrap___asprintf_chk(char **text, int flag, const char *format, ...)
{
    va_list arguments;
    (void)flag;
    va_start(arguments, format);
    int length = print(text, format, arguments);
    va_end(arguments);
    return length;
}

/* Places */

static const struct scratch *scratch;

/* The absolute path of a name in the scratch directory; it stays for a few more calls. */
static const char *at(const char *name)
{
    static char paths[16][2 * PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % LENGTH_OF(paths)];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", scratch->path, name);
    return path;
}

static void set(const char *variable, const char *value)
{
    assert_int_equal(value != NULL ? setenv(variable, value, 1) : unsetenv(variable), 0);
}

/* What is chosen with these three, each of which may be NULL. */
static void assert_chosen(const char *cache_home, const char *home, const char *in_database,
                          const char *wanted)
{
    char *path = NULL;

    set("XDG_CACHE_HOME", cache_home);
    set("HOME", home);
    user.pw_dir = (char *)(uintptr_t)in_database;
    questions = 0;
    assert_int_equal(index_place_choose(&path), 0);
    if (wanted == NULL)
        assert_null(path);
    else
        assert_string_equal(path, wanted);
    free(path);
}

static int setup(void **state)
{
    if (scratch_setup(state) != 0)
        return -1;
    scratch = *state;
    memory_is_short = false;
    return mkdirat(scratch->directory, "cache", 0755) != 0 ||
                   mkdirat(scratch->directory, "home", 0755) != 0 ||
                   mkdirat(scratch->directory, "other", 0755) != 0
               ? -1
               : 0;
}

/* Makes a directory of the scratch directory another user's, which only root can. */
static void give_away(const char *name)
{
    if (geteuid() != 0)
        skip();
    assert_int_equal(chown(at(name), NOBODY, NOBODY), 0);
}

/* Tests */

static void test_the_first_of_three(void **state)
{
    (void)state;
    assert_chosen(at("cache"), at("home"), at("other"), at("cache/bigfs"));
    assert_chosen(NULL, at("home"), at("other"), at("home/.cache/bigfs"));
    assert_int_equal(questions, 0); /* the database may be far away */
    assert_chosen(NULL, NULL, at("other"), at("other/.cache/bigfs"));
    assert_int_equal(questions, 1);
    assert_chosen(NULL, NULL, NULL, NULL);
}

/* What is not absolute counts for nothing, as the XDG specification has it. */
static void test_relative_paths(void **state)
{
    (void)state;
    assert_chosen("cache", at("home"), NULL, at("home/.cache/bigfs"));
    assert_chosen("", "", at("other"), at("other/.cache/bigfs"));
    assert_chosen("./cache", "~", "home", NULL);
}

/* What is missing can be made later. */
static void test_missing_directories(void **state)
{
    (void)state;
    assert_chosen(at("no/such/cache"), at("home"), NULL, at("no/such/cache/bigfs"));
    assert_chosen(NULL, at("no/home"), NULL, at("no/home/.cache/bigfs"));
    struct stat attributes;
    assert_int_equal(stat(at("no"), &attributes), -1); /* nothing is made yet */
    assert_int_equal(stat(at("home/.cache"), &attributes), -1);
}

/* A file in the way, or a link to one. */
static void test_no_directory(void **state)
{
    (void)state;
    scratch_write(scratch, "file", "x", 1);
    assert_chosen(at("file"), at("home"), NULL, at("home/.cache/bigfs"));
    assert_int_equal(symlinkat("../file", scratch->directory, "cache/bigfs"), 0);
    assert_chosen(at("cache"), at("home"), NULL, at("home/.cache/bigfs"));
    scratch_write(scratch, "home/.cache", "x", 1);
    assert_chosen(at("cache"), at("home"), at("other"), at("other/.cache/bigfs"));
}

/* Links of one's own lead on. */
static void test_own_links(void **state)
{
    (void)state;
    assert_int_equal(symlinkat("cache", scratch->directory, "link"), 0);
    assert_int_equal(symlinkat("../other", scratch->directory, "home/.cache"), 0);
    assert_chosen(at("link"), NULL, NULL, at("link/bigfs"));
    assert_chosen(NULL, at("home"), NULL, at("home/.cache/bigfs"));
}

/* A directory of another user is passed over, wherever on the path it is. (sudo keeps HOME.) */
static void test_another_users_directory(void **state)
{
    (void)state;
    give_away("cache");
    assert_chosen(at("cache"), at("home"), NULL, at("home/.cache/bigfs"));
    assert_chosen(at("cache/below/it"), at("home"), NULL, at("home/.cache/bigfs"));
    give_away("home");
    assert_chosen(at("cache"), at("home"), at("other"), at("other/.cache/bigfs"));
    give_away("other");
    assert_chosen(at("cache"), at("home"), at("other"), NULL);
}

static void test_another_users_link(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(symlinkat("cache", scratch->directory, "link"), 0);
    assert_chosen(at("link"), at("home"), NULL, at("link/bigfs"));
    assert_int_equal(lchown(at("link"), NOBODY, NOBODY), 0);
    assert_chosen(at("link"), at("home"), NULL, at("home/.cache/bigfs"));
}

static void test_no_memory(void **state)
{
    char *path = (char *)"";
    (void)state;

    set("XDG_CACHE_HOME", at("cache"));
    memory_is_short = true;
    int error = index_place_choose(&path);
    memory_is_short = false;
    assert_int_equal(error, -ENOMEM);
    assert_null(path);
}

#define PLACE_TEST(function) cmocka_unit_test_setup_teardown(function, setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_the_first_of_three),  PLACE_TEST(test_relative_paths),
        PLACE_TEST(test_missing_directories), PLACE_TEST(test_no_directory),
        PLACE_TEST(test_own_links),           PLACE_TEST(test_another_users_directory),
        PLACE_TEST(test_another_users_link),  PLACE_TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
