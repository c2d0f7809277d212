/* SPDX-License-Identifier: MIT */
#include "core/file/file_system_id.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

/* Linux 6.9; not in the headers of Debian 12. */
struct file_system_uuid {
    uint8_t length;
    uint8_t bytes[16];
};
#define GET_FILE_SYSTEM_UUID _IOR(0x15, 0, struct file_system_uuid)

/* The f_fsid of statfs(2) combined with the type, as few file systems make it unique. */
static struct file_system_id id_of_statfs(const struct statfs *attributes)
{
    struct file_system_id id = {{0, 0}};

    _Static_assert(sizeof(attributes->f_fsid) == sizeof(id.words[0]), "f_fsid has 64 bits");
    memcpy(&id.words[0], &attributes->f_fsid, sizeof(id.words[0]));
    if (id.words[0] != 0)
        id.words[1] = (uint64_t)attributes->f_type;
    return id;
}

struct file_system_id file_system_id_of(int fd)
{
    struct file_system_uuid uuid = {.length = 0};
    struct file_system_id id = {{0, 0}};
    struct statfs attributes;
    bool known = fstatfs(fd, &attributes) == 0;

    if (known && attributes.f_type == BTRFS_SUPER_MAGIC)
        return id_of_statfs(&attributes);
    if (ioctl(fd, GET_FILE_SYSTEM_UUID, &uuid) == 0 && uuid.length == sizeof(uuid.bytes)) {
        memcpy(id.words, uuid.bytes, sizeof(uuid.bytes));
        return id;
    }
    return known ? id_of_statfs(&attributes) : id;
}

bool file_system_id_equal(const struct file_system_id *a, const struct file_system_id *b)
{
    return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}
