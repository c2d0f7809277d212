/* What the attributes of a file say of which file it is, and of which content. */
#ifndef BIGFS_CORE_FILE_IDENTITY_H
#define BIGFS_CORE_FILE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What tells one generation from another, times in nanoseconds; and one layout from another. */
struct file_identity {
    dev_t device;
    ino_t inode;
    uint64_t size; /* bytes */
    struct timespec mtime;
    struct timespec ctime;
    uint64_t blocks; /* of 512 bytes; may change by itself when dirty pages are written */
};

void file_identity_of(const struct stat *attributes, struct file_identity *identity);

bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b);

/* The same file, size and mtime. */
bool file_identity_same_content(const struct file_identity *a, const struct file_identity *b);

/* The same content and ctime: nothing has happened to it. */
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

/* Equal, and as many blocks: holes and data are where they were. */
bool file_identity_same_layout(const struct file_identity *a, const struct file_identity *b);

#endif
