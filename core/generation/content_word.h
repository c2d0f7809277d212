/* SPDX-License-Identifier: MIT */
/*
 * A content word: one word that names a content.
 *
 *     1048576000-3f0c9a8e5d2b41760f1e2d3c4b5a6978
 *     size       digest: XXH3 of 128 bits
 *
 * The blocks are the first and the last CONTENT_BLOCK bytes and the sample between them
 * (core/generation/content_digests.h). Their places depend on the size alone, and nothing else goes
 * into the digest. So all hosts and all copies have the same word, and a change of a sampled block
 * gives another. A word has only digits, letters and '-', and is written in one way.
 *
 * All functions are pure and thread-safe.
 */
#ifndef BIGFS_CORE_GENERATION_CONTENT_WORD_H
#define BIGFS_CORE_GENERATION_CONTENT_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/generation/content_digests.h"

struct content_word {
    uint64_t size; /* bytes, 1 to OFFSET_MAX; 0: it names no content */
    uint64_t high; /* the digest */
    uint64_t low;
};

/* The longest text of a word: 19 digits, '-', 32 hexadecimal digits. */
enum { CONTENT_WORD_MOST = 19 + 1 + 32 };

/* Reads the `length` bytes at `text`. Returns whether they are a word; else *word is left alone. */
bool content_word_parse(const char *text, size_t length, struct content_word *word);

/* Writes a word to `text`, which has room for CONTENT_WORD_MOST + 1 bytes. Returns its length. */
size_t content_word_write(const struct content_word *word, char *text);

bool content_word_equal(const struct content_word *a, const struct content_word *b);

/* The most blocks that go into a word: the ends and the sample. */
enum { CONTENT_WORD_BLOCKS = CONTENT_SAMPLES + 2 };

/* How many blocks of a content of `size` bytes (at least 1) go into its word. */
unsigned content_word_blocks(uint64_t size);

/*
 * Where block `index`, less than content_word_blocks(size), begins; *length, at most CONTENT_BLOCK,
 * is how long it is.
 */
uint64_t content_word_place(uint64_t size, unsigned index, size_t *length);

uint64_t content_word_digest(const void *block, size_t length);

/* The word of a content of `size` bytes, from the digests of its blocks in their order. */
struct content_word content_word_of(uint64_t size, const uint64_t *digests);

#endif
