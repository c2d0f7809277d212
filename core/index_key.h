/*
 * What ties a line index to the content that it is of, in memory and on disk.
 *
 * Size, mtime, and digests of the first and last block, so that hosts that share a file system can
 * share an index; not device and inode. The ctime too: a file that was rewritten in its
 * middle and got its mtime back can be told by nothing else.
 */
#ifndef BIGFS_CORE_INDEX_KEY_H
#define BIGFS_CORE_INDEX_KEY_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "core/content_digests.h"
#include "core/file_identity.h"

/* An errno of our own, for an index of another content: no file system gives it. */
enum { WRONG_INDEX = EBADRQC };

struct index_key {
    uint64_t size; /* bytes */
    struct timespec mtime;
    struct timespec ctime;
    struct content_ends ends; /* of the first `size` bytes */
    uint64_t inode;          /* not compared: tells whose index it is, so that it may be removed */
};

/* What an index with this key is to a file as it is now. */
enum index_match {
    INDEX_OTHER,  /* nothing */
    INDEX_BEGINS, /* the index of its first part: it has grown since */
    INDEX_SAME,   /* its index */
};

/* Makes the key of a file that has the attributes `now`. Returns as content_ends_read. */
int index_key_make(int fd, const struct file_identity *now, struct index_key *key);

/*
 * Compares a key with a file that has the attributes `now`, and its ends with the digests. Returns
 * an enum index_match, or an error as content_ends_read.
 */
int index_key_match(const struct index_key *key, int fd, const struct file_identity *now);

#endif
