/* What the attributes of a file say of which file it is, and of which content. */
#ifndef BIGFS_CORE_FILE_FILE_IDENTITY_H
#define BIGFS_CORE_FILE_FILE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* What tells one generation from another. Times are in nanoseconds. */
struct file_identity {
    dev_t device;
    ino_t inode;
    uint64_t size; /* bytes */
    struct timespec mtime;
    struct timespec ctime;
    struct timespec birth; /* 0 if it is not known; compared by same_birth alone */
    uint64_t blocks;       /* of 512 bytes; may change by itself when dirty pages are written */
};

/* The identity that attributes tell. The birth time is not known. */
void file_identity_of(const struct stat *attributes, struct file_identity *identity);

/*
 * Looks at an open file, O_PATH included. A file system that caches attributes by itself (FUSE,
 * NFS, CIFS) must ask for them anew. Sets *attributes and *identity; either may be NULL. Blocks as
 * statx(2) does. Thread-safe. Returns 0 or -errno.
 */
int file_look(int fd, struct stat *attributes, struct file_identity *identity);

/*
 * The attributes that the kernel has of `name` in a directory, a final symbolic link not followed.
 * If a file of another file system is bound over the name, that one is not asked anything, so this
 * blocks as the directory's file system does. Thread-safe. Returns 0 or -errno.
 */
int file_recall(int directory, const char *name, struct stat *attributes);

bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b);

/* Whether the birth times are the same, or one is not known: else an inode was used again. */
bool file_identity_same_birth(const struct file_identity *a, const struct file_identity *b);

/* The same file, size and mtime. */
bool file_identity_same_content(const struct file_identity *a, const struct file_identity *b);

/* The same content and ctime: nothing has happened to it. */
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

/* Equal, and as many blocks: holes and data are where they were, as far as attributes tell. */
bool file_identity_same_blocks(const struct file_identity *a, const struct file_identity *b);

/* Whether a file with these attributes can have holes: it has fewer blocks than bytes. */
bool file_may_have_holes(const struct file_identity *now);

/*
 * How many ms must pass until another change is certain to get another time stamp; 0: any change
 * from now on will. Time stamps of whole seconds are told by a ctime without nanoseconds. `fd` is
 * asked then which file system it is: FAT counts in 2 s, and so may a server behind a network.
 * Our clock and that of the file are taken to agree; a time in the future counts as of just now.
 */
int64_t file_identity_unsettled_ms(const struct file_identity *identity, int fd);

#endif
