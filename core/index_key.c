#include "core/index_key.h"

#include <errno.h>

#include "core/clock.h"

int index_key_make(int fd, const struct file_identity *now, struct index_key *key)
{
    key->size = now->size;
    key->mtime = now->mtime;
    key->ctime = now->ctime;
    key->inode = (uint64_t)now->inode;
    return content_ends_read(fd, now->size, &key->ends);
}

/* Whether size and times are the same. */
static bool has_attributes(const struct index_key *key, const struct file_identity *now)
{
    return key->size == now->size && time_equal(key->mtime, now->mtime) &&
           time_equal(key->ctime, now->ctime);
}

int index_key_match(const struct index_key *key, int fd, const struct file_identity *now)
{
    struct content_ends ends;

    if (now->size <= key->size && !has_attributes(key, now))
        return INDEX_OTHER;
    int error = content_ends_read(fd, key->size, &ends);
    if (error == -ESTALE)
        return INDEX_OTHER;
    if (error != 0)
        return error;
    if (!content_ends_equal(&ends, &key->ends))
        return INDEX_OTHER;
    return now->size > key->size ? INDEX_BEGINS : INDEX_SAME;
}
