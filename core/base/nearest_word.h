/* SPDX-License-Identifier: MIT */
/* The word that was probably meant by one that does not exist, for messages. */
#ifndef BIGFS_CORE_BASE_NEAREST_WORD_H
#define BIGFS_CORE_BASE_NEAREST_WORD_H

#include <stddef.h>

struct nearest_word {
    const char *wanted; /* `length` bytes; borrowed */
    size_t length;
    const char *word; /* the nearest until now, as it was offered; NULL: none is near */
    size_t distance;
};

/* Begins a search. Nothing is near a word of less than 2 or more than 64 bytes. */
struct nearest_word nearest_word_begin(const char *wanted, size_t length);

/*
 * Offers a word, which the caller keeps. It is near if at most two letters (one if the wanted word
 * has fewer than four) are missing, too many, or others. The first of the nearest ones counts.
 */
void nearest_word_offer(struct nearest_word *nearest, const char *word);

#endif
