/*
 * A line index as a file:
 *
 *     words   0          magic
 *             1          version, record format << 32
 *             2 … 8      the key: size, mtime, ctime (s, ns each), digests of head and tail
 *             9          1 if the last line has no end
 *             10         line ends in all
 *             11         1 if holes were passed
 *             12         inode of the file, to tell it from its copies
 *             13, 14     0
 *             15         XXH3 of all other words and of the counts
 *     then               the counts, 4 bytes for each block of 256 KiB
 *
 * Words have 8 bytes; all numbers are little-endian. A reader believes nothing before the digest,
 * so damage, a cut and another version are told from each other by nothing and treated alike.
 */
#ifndef BIGFS_CORE_INDEX_FILE_H
#define BIGFS_CORE_INDEX_FILE_H

#include "core/index_key.h"
#include "core/line_index.h"

/*
 * Reads the key alone, to see whether the rest is wanted. It is not to be trusted before
 * index_file_read() has succeeded. Returns 0, -WRONG_INDEX where it is no index, or a read error.
 */
int index_file_read_key(int fd, struct index_key *key);

/*
 * Reads the whole. Returns 0 and an index with a reference for the caller, -WRONG_INDEX where it is
 * damaged, -ENOMEM, or a read error.
 */
int index_file_read(int fd, struct index_key *key, struct line_index **index);

/* Writes an index to an empty file. Returns 0 or a write error. Does not sync. */
int index_file_write(int fd, const struct index_key *key, const struct line_index *index);

#endif
