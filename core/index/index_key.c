/* SPDX-License-Identifier: MIT */
#include "core/index/index_key.h"

#include <errno.h>

#include "core/base/clock.h"

/* Identifies the file. Asks for the birth time, which not every look returns. */
static int fill_file(int fd, const struct file_identity *now, struct index_key *key)
{
    struct file_identity seen;
    int error = file_look(fd, NULL, &seen);

    key->file_system = file_system_id_of(fd);
    key->inode = (uint64_t)now->inode;
    key->birth = seen.birth;
    return error;
}

int index_key_make(int fd, const struct record_format *format, uint16_t content,
                   const struct file_identity *now, struct index_key *key)
{
    *key = (struct index_key){
        .format = format,
        .content = content,
        .size = now->size,
        .mtime = now->mtime,
        .ctime = now->ctime,
    };
    int error = fill_file(fd, now, key);
    return error != 0 ? error : content_ends_read(fd, now->size, &key->ends);
}

static int read_sample_sum(int fd, uint64_t size, uint64_t *sum)
{
    struct content_digests digests = {.ends = {.readable = true}};
    int error = content_sample_read(fd, size, &digests.sample);

    if (error == 0 && !content_digests_complete(&digests, size))
        error = -EIO;
    *sum = content_sample_sum(&digests.sample, size);
    return error;
}

int index_key_add_sample(int fd, struct index_key *key)
{
    return read_sample_sum(fd, key->size, &key->sample);
}

bool index_key_same_file(const struct index_key *a, const struct index_key *b)
{
    return a->content == b->content && a->inode == b->inode && time_equal(a->birth, b->birth) &&
           file_system_id_equal(&a->file_system, &b->file_system);
}

/* Whether size and times are the same. */
static bool has_attributes(const struct index_key *key, const struct file_identity *now)
{
    return key->size == now->size && time_equal(key->mtime, now->mtime) &&
           time_equal(key->ctime, now->ctime);
}

int index_key_match(const struct index_key *key, int fd, const struct file_identity *now)
{
    struct index_key file = {.content = key->content};
    struct content_ends ends;

    if (now->size <= key->size && !has_attributes(key, now))
        return INDEX_OTHER;
    int error = fill_file(fd, now, &file);
    if (error == 0 && !index_key_same_file(key, &file))
        return INDEX_OTHER;
    if (error == 0)
        error = content_ends_read(fd, key->size, &ends);
    if (error == -ESTALE)
        return INDEX_OTHER;
    if (error != 0)
        return error;
    if (!content_ends_equal(&ends, &key->ends))
        return INDEX_OTHER;
    return now->size > key->size ? INDEX_BEGINS : INDEX_SAME;
}

int index_key_match_sample(const struct index_key *key, int fd, int match)
{
    uint64_t sum = 0;

    if (match <= INDEX_OTHER)
        return match;
    int error = read_sample_sum(fd, key->size, &sum);
    if (error == -ESTALE)
        return INDEX_OTHER;
    if (error != 0)
        return error;
    return sum == key->sample ? match : INDEX_OTHER;
}
