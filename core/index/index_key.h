/* SPDX-License-Identifier: MIT */
/*
 * What ties an index, or a map, to its content, in memory and on disk.
 *
 * The file: the identity of its file system, inode and birth time. The device number is left out,
 * so that hosts that share a file system can share an index. The content: size, mtime, ctime,
 * digests of both ends and of a sample. The ctime is needed because only it reveals a file that was
 * rewritten in its middle and got its old mtime back.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_KEY_H
#define BIGFS_CORE_INDEX_INDEX_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "core/file/file_identity.h"
#include "core/file/file_system_id.h"
#include "core/format/record_format.h"
#include "core/generation/content_digests.h"

struct index_key {
    const struct record_format *format; /* NULL: the key is of a map */
    uint16_t content; /* the number of the kind of content (content_type.number) */
    struct file_system_id file_system;
    uint64_t inode;
    struct timespec birth; /* 0 if not known */
    uint64_t size;         /* bytes */
    struct timespec mtime;
    struct timespec ctime;
    struct content_ends ends; /* of the first `size` bytes */
    uint64_t sample;          /* content_sample_sum() of them; made by index_key_add_sample() */
    bool verified;            /* all was counted and certainly belongs to this one content */
    bool unfinished;  /* it was interrupted: it is of a first part of the content, or not certain */
    uint64_t covered; /* bytes of content that it is of; only set if it was read from a file */
    bool settled;     /* a change since moves mtime or ctime for certain; not kept in a file */
};

/* How an index with this key relates to a file as it is now. */
enum index_match {
    INDEX_OTHER,  /* nothing */
    INDEX_BEGINS, /* the index of its first part: it has grown since */
    INDEX_SAME,   /* its index */
};

/*
 * Makes the key of a file with the attributes `now`, for a record format (or NULL) and a kind of
 * content, without the sample. Reads both ends. Returns as content_ends_read.
 */
int index_key_make(int fd, const struct record_format *format, uint16_t content,
                   const struct file_identity *now, struct index_key *key);

/* Adds the sample. Returns as content_sample_read; also -EIO if a block of it cannot be read. */
int index_key_add_sample(int fd, struct index_key *key);

/*
 * Whether both belong to one kind of content of one file. Inode numbers are reused, and file
 * systems share the same ones.
 */
bool index_key_same_file(const struct index_key *a, const struct index_key *b);

/*
 * Compares a key with a file with the attributes `now`, and its ends with the digests. Returns an
 * enum index_match, or an error as content_ends_read.
 */
int index_key_match(const struct index_key *key, int fd, const struct file_identity *now);

/*
 * Compares the sample. Returns `match` if it is equal, else INDEX_OTHER, or an error as
 * index_key_add_sample.
 */
int index_key_match_sample(const struct index_key *key, int fd, int match);

#endif
