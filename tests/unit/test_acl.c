/* SPDX-License-Identifier: MIT */
/* acl: for every mask and entry, a user has the rights of the source, in the node's form. */
#include "tests/unit/support.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fs/tree/acl.h"

enum { RIGHTS = 8, READ = ACL_READ, WRITE = ACL_WRITE, SEARCH = ACL_EXECUTE };

struct line {
    unsigned tag;
    unsigned rights;
    uint32_t id;
};

/* The attribute with these entries, in memory of just its size. */
static uint8_t *make(const struct line *lines, size_t count, size_t *size)
{
    const struct posix_acl_xattr_header header = {.a_version = htole32(POSIX_ACL_XATTR_VERSION)};
    *size = sizeof(header) + count * sizeof(struct posix_acl_xattr_entry);
    uint8_t *value = malloc(*size);
    assert_non_null(value);
    memcpy(value, &header, sizeof(header));
    for (size_t i = 0; i < count; i++) {
        const struct posix_acl_xattr_entry entry = {
            .e_tag = htole16((uint16_t)lines[i].tag),
            .e_perm = htole16((uint16_t)lines[i].rights),
            .e_id = htole32(lines[i].id),
        };
        memcpy(value + sizeof(header) + i * sizeof(entry), &entry, sizeof(entry));
    }
    return value;
}

static unsigned rights_at(const uint8_t *value, size_t index)
{
    struct posix_acl_xattr_entry entry;
    memcpy(&entry, value + sizeof(struct posix_acl_xattr_header) + index * sizeof(entry),
           sizeof(entry));
    return le16toh(entry.e_perm);
}

/* What a user gets of a node that has these rights in the source. */
static unsigned expected(enum acl_form form, unsigned rights)
{
    if (form == ACL_OF_DIRECTORY)
        return (rights & READ) != 0 ? READ | SEARCH : 0U;
    return rights & (form == ACL_OF_GENERATED ? READ : READ | SEARCH);
}

static void check(enum acl_form form, unsigned mask, unsigned rights)
{
    const struct line lines[] = {
        {ACL_USER_OBJ, READ | WRITE, UINT32_MAX},
        {ACL_USER, rights, 1000},
        {ACL_GROUP_OBJ, rights, UINT32_MAX},
        {ACL_GROUP, rights, 1001},
        {ACL_MASK, mask, UINT32_MAX},
        {ACL_OTHER, READ, UINT32_MAX},
    };
    size_t size = 0;
    uint8_t *value = make(lines, 6, &size);

    assert_int_equal(acl_take_form(value, size, form), 0);
    const unsigned shown = rights_at(value, 4);
    for (size_t i = 1; i < 4; i++)
        if ((rights_at(value, i) & shown) != expected(form, rights & mask))
            fail_msg("form %d, mask %u, rights %u: entry %zu is %u under %u", (int)form, mask,
                     rights, i, rights_at(value, i), shown);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(rights_at(value, i) & WRITE, 0);
    assert_int_equal(shown != 0, mask != 0); /* otherwise the kernel would ignore the ACL */
    assert_int_equal(rights_at(value, 0), form == ACL_OF_DIRECTORY ? READ | SEARCH : READ);
    assert_int_equal(rights_at(value, 5), form == ACL_OF_DIRECTORY ? READ | SEARCH : READ);
    free(value);
}

static void test_every_mask_and_entry(void **state)
{
    (void)state;
    for (unsigned form = ACL_AS_IT_IS; form <= ACL_OF_GENERATED; form++)
        for (unsigned mask = 0; mask < RIGHTS; mask++)
            for (unsigned rights = 0; rights < RIGHTS; rights++)
                check((enum acl_form)form, mask, rights);
}

static void test_without_mask(void **state)
{
    const struct line lines[] = {
        {ACL_USER_OBJ, READ | WRITE | SEARCH, UINT32_MAX},
        {ACL_GROUP_OBJ, READ, UINT32_MAX},
        {ACL_OTHER, SEARCH, UINT32_MAX},
    };
    size_t size = 0;
    uint8_t *value = make(lines, 3, &size);

    (void)state;
    assert_int_equal(acl_take_form(value, size, ACL_OF_DIRECTORY), 0);
    assert_int_equal(rights_at(value, 0), READ | SEARCH);
    assert_int_equal(rights_at(value, 1), READ | SEARCH);
    assert_int_equal(rights_at(value, 2), SEARCH);
    free(value);
}

static void test_not_an_acl(void **state)
{
    const struct line line = {ACL_USER_OBJ, READ, UINT32_MAX};
    size_t size = 0;
    uint8_t *value = make(&line, 1, &size);

    (void)state;
    assert_int_equal(acl_take_form(value, size, ACL_AS_IT_IS), 0);
    for (size_t shorter = 0; shorter < size; shorter++)
        if (shorter != sizeof(struct posix_acl_xattr_header))
            assert_int_equal(acl_take_form(value, shorter, ACL_AS_IT_IS), -EINVAL);
    value[0] = POSIX_ACL_XATTR_VERSION + 1;
    assert_int_equal(acl_take_form(value, size, ACL_AS_IT_IS), -EINVAL);
    free(value);
}

static void test_of_mode(void **state)
{
    uint8_t value[ACL_MINIMAL_SIZE];

    (void)state;
    acl_of_mode(0100541, value);
    assert_int_equal(rights_at(value, 0), 5);
    assert_int_equal(rights_at(value, 1), 4);
    assert_int_equal(rights_at(value, 2), 1);
    assert_int_equal(acl_take_form(value, sizeof(value), ACL_AS_IT_IS), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mask_and_entry),
        cmocka_unit_test(test_without_mask),
        cmocka_unit_test(test_not_an_acl),
        cmocka_unit_test(test_of_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
