#include "core/file_identity.h"

#include "core/clock.h"

void file_identity_of(const struct stat *attributes, struct file_identity *identity)
{
    *identity = (struct file_identity){
        .device = attributes->st_dev,
        .inode = attributes->st_ino,
        .size = (uint64_t)attributes->st_size,
        .mtime = attributes->st_mtim,
        .ctime = attributes->st_ctim,
        .blocks = (uint64_t)attributes->st_blocks,
    };
}

bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode;
}

bool file_identity_same_content(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_file(a, b) && a->size == b->size && time_equal(a->mtime, b->mtime);
}

bool file_identity_equal(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_content(a, b) && time_equal(a->ctime, b->ctime);
}

bool file_identity_same_layout(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_equal(a, b) && a->blocks == b->blocks;
}
