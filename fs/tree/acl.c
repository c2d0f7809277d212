/* SPDX-License-Identifier: MIT */
#include "fs/tree/acl.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct posix_acl_xattr_header header;
typedef struct posix_acl_xattr_entry entry;

enum { MINIMAL_ENTRIES = 3, ALL_RIGHTS = ACL_READ | ACL_WRITE | ACL_EXECUTE };

static_assert(sizeof(header) + MINIMAL_ENTRIES * sizeof(entry) == ACL_MINIMAL_SIZE,
              "an ACL has another size than the header says");

/* Copies an entry, as entries need not be aligned. */
static entry entry_at(const uint8_t *entries, size_t index)
{
    entry found;
    memcpy(&found, entries + index * sizeof(found), sizeof(found));
    return found;
}

static void set_entry(uint8_t *entries, size_t index, unsigned tag, unsigned rights, uint32_t id)
{
    const entry made = {
        .e_tag = htole16((uint16_t)tag),
        .e_perm = htole16((uint16_t)rights),
        .e_id = htole32(id),
    };
    memcpy(entries + index * sizeof(made), &made, sizeof(made));
}

/* The mask, which limits the named users and all groups. */
static unsigned mask_of(const uint8_t *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const entry at = entry_at(entries, i);
        if (le16toh(at.e_tag) == ACL_MASK)
            return le16toh(at.e_perm);
    }
    return ALL_RIGHTS;
}

/* The rights of the owner, others and the mask, as in the mode. */
static unsigned plain_rights(enum acl_form form, unsigned rights)
{
    if (form == ACL_OF_GENERATED)
        return rights & ACL_READ;
    rights &= ACL_READ | ACL_EXECUTE;
    return form == ACL_OF_DIRECTORY && (rights & ACL_READ) != 0 ? rights | ACL_EXECUTE : rights;
}

static unsigned shown_mask(enum acl_form form, unsigned mask)
{
    const unsigned shown = plain_rights(form, mask);
    return shown == 0 && mask != 0 ? ACL_EXECUTE : shown;
}

/* The rights that an entry limited by the mask grants. */
static unsigned masked_rights(enum acl_form form, unsigned rights, unsigned mask)
{
    const bool reads = (rights & mask & ACL_READ) != 0;

    if (form == ACL_OF_DIRECTORY)
        return (rights & ACL_READ) | (reads ? ACL_EXECUTE : 0U);
    rights = plain_rights(form, rights);
    return plain_rights(form, mask) == 0 ? rights & ~(unsigned)ACL_EXECUTE : rights;
}

static unsigned rights_in(enum acl_form form, unsigned tag, unsigned rights, unsigned mask)
{
    if (tag == ACL_USER || tag == ACL_GROUP || tag == ACL_GROUP_OBJ)
        return masked_rights(form, rights, mask);
    return tag == ACL_MASK ? shown_mask(form, rights) : plain_rights(form, rights);
}

int acl_take_form(void *value, size_t size, enum acl_form form)
{
    uint8_t *entries = (uint8_t *)value + sizeof(header);
    header head;

    if (size < sizeof(head) || (size - sizeof(head)) % sizeof(entry) != 0)
        return -EINVAL;
    memcpy(&head, value, sizeof(head));
    if (le32toh(head.a_version) != POSIX_ACL_XATTR_VERSION)
        return -EINVAL;
    const size_t count = (size - sizeof(head)) / sizeof(entry);
    const unsigned mask = mask_of(entries, count);
    for (size_t i = 0; i < count; i++) {
        const entry at = entry_at(entries, i);
        const unsigned tag = le16toh(at.e_tag);
        set_entry(entries, i, tag, rights_in(form, tag, le16toh(at.e_perm), mask),
                  le32toh(at.e_id));
    }
    return 0;
}

void acl_of_mode(mode_t mode, void *value)
{
    const header head = {.a_version = htole32(POSIX_ACL_XATTR_VERSION)};
    uint8_t *entries = (uint8_t *)value + sizeof(head);
    const uint32_t nobody = (uint32_t)ACL_UNDEFINED_ID;

    memcpy(value, &head, sizeof(head));
    set_entry(entries, 0, ACL_USER_OBJ, mode >> 6 & ALL_RIGHTS, nobody);
    set_entry(entries, 1, ACL_GROUP_OBJ, mode >> 3 & ALL_RIGHTS, nobody);
    set_entry(entries, 2, ACL_OTHER, mode & ALL_RIGHTS, nobody);
}
