/* SPDX-License-Identifier: MIT */
/* The words at the start of an index file (core/index/index_encoding.h draws the file). */
#ifndef BIGFS_CORE_INDEX_INDEX_HEADER_H
#define BIGFS_CORE_INDEX_INDEX_HEADER_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/index/index_key.h"

enum header_word {
    WORD_MAGIC,
    WORD_VERSION,
    WORD_SIZE,
    WORD_MTIME,
    WORD_MTIME_NS,
    WORD_CTIME,
    WORD_CTIME_NS,
    WORD_HEAD,
    WORD_TAIL,
    WORD_ENDS_OPEN,
    WORD_RECORD_ENDS,
    WORD_HOLES,
    WORD_GROUPS,
    WORD_BODY,
    WORD_INODE,
    WORD_BIRTH,
    WORD_BIRTH_NS,
    WORD_FILE_SYSTEM,
    WORD_FILE_SYSTEM_2,
    WORD_SAMPLE,
    WORD_VERIFIED,
    WORD_CONTENT,
    WORD_STATES,
    WORD_DIGEST,
    WORDS,
};

struct index_header {
    uint64_t words[WORDS]; /* as in the file */
};

static inline uint64_t index_header_word(const struct index_header *header, enum header_word word)
{
    return le64toh(header->words[word]);
}

static inline void index_header_set(struct index_header *header, enum header_word word,
                                    uint64_t value)
{
    header->words[word] = htole64(value);
}

/* Reads a part of a file. -WRONG_INDEX: the file is too short. Other results are read errors. */
int index_header_read_part(int fd, void *buffer, size_t length, uint64_t offset);

/*
 * Reads the words and the key that they have, neither of which must be trusted before the digest is
 * verified. Returns 0, -WRONG_INDEX if they are not those of an index, or a read error.
 */
int index_header_read(int fd, struct index_header *header, struct index_key *key);

/* Fills in the magic, the version and the key. */
void index_header_fill(struct index_header *header, const struct index_key *key);

/* Whether the file has the length that its header says. Returns 0, -WRONG_INDEX or -errno. */
int index_header_check_length(int fd, const struct index_header *header);

/* Writes a part of a file. Returns 0 or a write error. */
int index_header_write_part(int fd, const void *bytes, size_t length, uint64_t offset);

/*
 * The digest of what follows the words, which `digest` has already, and of all words but the last.
 * The words are digested last, as they are known last when they are written.
 */
uint64_t index_header_finish_digest(XXH3_state_t *digest, const struct index_header *header);

#endif
