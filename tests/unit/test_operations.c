/* SPDX-License-Identifier: MIT */
/* operations: the table is whole, and the kernel's requests go to what is in it. */
#include "tests/unit/support.h"

#include <ctype.h>
#include <string.h>

#include "fs/operation/operations.h"
#include "fs/serve/reply.h"
#include "fs/serve/server.h"

static size_t count_operations(void)
{
    size_t count = 0;
    while (operations[count] != NULL)
        count++;
    return count;
}

static void test_all_are_counted(void **state)
{
    (void)state;
    assert_in_range(count_operations(), 1, MOST_OPERATIONS);
}

/* As metrics and the log write them. */
static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; operations[i] != NULL; i++) {
        const char *name = operations[i]->name;
        assert_true(name[0] != '\0');
        for (size_t k = 0; name[k] != '\0'; k++)
            assert_true(islower((unsigned char)name[k]));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(name, operations[k]->name);
    }
}

static bool is_named(const struct operation *operation, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(operation->name, names[i]) == 0)
            return true;
    return false;
}

/* What may stand in line can be run and refused. What never does needs neither. */
static void test_run_and_refuse(void **state)
{
    static const char *const never_in_line[] = {"forget", "opendir", "change"};
    (void)state;

    for (size_t i = 0; operations[i] != NULL; i++) {
        const struct operation *operation = operations[i];
        bool may_wait = !is_named(operation, never_in_line, LENGTH_OF(never_in_line));
        if (may_wait != (operation->run != NULL) || may_wait != (operation->refuse != NULL))
            fail_msg("%s", operation->name);
    }
}

/* What closes something closes it also if it is interrupted: nobody will ask again. */
static void test_closing_cannot_be_refused(void **state)
{
    static const char *const closing[] = {"release", "releasedir"};
    unsigned found = 0;
    (void)state;

    for (size_t i = 0; operations[i] != NULL; i++) {
        if (!is_named(operations[i], closing, LENGTH_OF(closing)))
            continue;
        assert_true(operations[i]->refuse != reply_error);
        found++;
    }
    assert_int_equal(found, LENGTH_OF(closing));
}

/* If a mount is made writable by hand, each change still has an answer of ours. */
static void test_changes_have_receivers(void **state)
{
    const struct fuse_lowlevel_ops *receivers = &operation_receivers;
    (void)state;

    assert_non_null(receivers->setattr);
    assert_non_null(receivers->mknod);
    assert_non_null(receivers->mkdir);
    assert_non_null(receivers->unlink);
    assert_non_null(receivers->rmdir);
    assert_non_null(receivers->symlink);
    assert_non_null(receivers->rename);
    assert_non_null(receivers->link);
    assert_non_null(receivers->create);
    assert_non_null(receivers->write);
    assert_non_null(receivers->setxattr);
    assert_non_null(receivers->removexattr);
    assert_non_null(receivers->fallocate);
    assert_null(receivers->write_buf); /* would come before `write` */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_counted),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_run_and_refuse),
        cmocka_unit_test(test_closing_cannot_be_refused),
        cmocka_unit_test(test_changes_have_receivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
