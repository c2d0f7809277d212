#include "core/mappable.h"

#include <linux/magic.h>
#include <stddef.h>
#include <sys/vfs.h>

enum { UNKNOWN, MAY_BE_MAPPED, MUST_BE_COPIED };

static bool shows_what_reads_give(int fd)
{
    static const unsigned long known[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                          F2FS_SUPER_MAGIC, FUSE_SUPER_MAGIC};
    struct statfs statistics;

    if (fstatfs(fd, &statistics) != 0)
        return false;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if ((unsigned long)statistics.f_type == known[i])
            return true;
    return false;
}

bool mappable_ask(struct mappable *mappable, int fd)
{
    int answer = atomic_load(&mappable->answer);

    if (answer == UNKNOWN) {
        answer = shows_what_reads_give(fd) ? MAY_BE_MAPPED : MUST_BE_COPIED;
        atomic_store(&mappable->answer, answer);
    }
    return answer == MAY_BE_MAPPED;
}
