/* SPDX-License-Identifier: MIT */
/* The words at the start of an index file (core/index/index_encoding.h draws the file). */
#ifndef BIGFS_CORE_INDEX_INDEX_HEADER_H
#define BIGFS_CORE_INDEX_INDEX_HEADER_H

#include <endian.h>
#include <stdint.h>

#include "core/index/index_key.h"
#include "core/index/record_index.h"

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

/* Fills in the words of a finished index, but for WORD_BODY and WORD_DIGEST. */
void index_header_fill(struct index_header *header, const struct index_key *key,
                       const struct record_index *index);

#endif
