/* SPDX-License-Identifier: MIT */
/* What the attributes of a file tell about which file it is, and which content it has. */
#ifndef BIGFS_CORE_FILE_FILE_IDENTITY_H
#define BIGFS_CORE_FILE_FILE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Distinguishes one generation from another. Times are in nanoseconds. */
struct file_identity {
    dev_t device;
    ino_t inode;
    uint64_t size; /* bytes */
    struct timespec mtime;
    struct timespec ctime;
    struct timespec birth; /* 0 if not known; compared by same_birth only */
    uint64_t blocks;       /* of 512 bytes; may change by itself when dirty pages are written */
};

/* Sets *identity from attributes. The birth time is not known. */
void file_identity_of(const struct stat *attributes, struct file_identity *identity);

/*
 * Looks at an open file, O_PATH included. A file system that caches attributes (FUSE, NFS, CIFS) is
 * made to fetch them again. Sets *attributes and *identity; either may be NULL. Blocks as statx(2)
 * does. Thread-safe. Returns 0 or -errno.
 */
int file_look(int fd, struct stat *attributes, struct file_identity *identity);

/*
 * Gets the attributes that the kernel has cached of `name` in a directory ("": of what the
 * descriptor is of, which may be open with O_PATH), without following a final symbolic link. If a
 * file of another file system is bound over the name, that file system is not asked, so this blocks
 * only as the directory's file system does. Thread-safe. Returns 0 or -errno.
 */
int file_recall(int directory, const char *name, struct stat *attributes);

bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b);

/* Whether the birth times are the same or one is not known. If not, the inode number was reused. */
bool file_identity_same_birth(const struct file_identity *a, const struct file_identity *b);

/* The same file, size and mtime. */
bool file_identity_same_content(const struct file_identity *a, const struct file_identity *b);

/* The same content and ctime: the file has not changed. */
bool file_identity_equal(const struct file_identity *a, const struct file_identity *b);

/* Equal, with as many blocks: as far as attributes tell, holes and data are where they were. */
bool file_identity_same_blocks(const struct file_identity *a, const struct file_identity *b);

/* Whether a change at this ctime is less than 3 s old, so that the file may change again soon. */
bool file_changed_recently(struct timespec ctime);

/* About how many bytes of the file are no holes: what its blocks hold. */
uint64_t file_data(const struct file_identity *identity);

/* Whether a file with these attributes can have holes: it has fewer blocks than bytes. */
bool file_may_have_holes(const struct file_identity *now);

/*
 * How many ms must pass until another change is certain to get another time stamp; 0: any change
 * from now on will. A ctime without nanoseconds is taken for a time stamp of whole seconds. In that
 * case the kind of file system of `fd` is looked up: FAT counts in steps of 2 s, and a network
 * server may too. The local clock and that of the file are assumed to agree; a time in the future
 * counts as just now.
 */
int64_t file_identity_unsettled_ms(const struct file_identity *identity, int fd);

#endif
