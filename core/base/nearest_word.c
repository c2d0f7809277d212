/* SPDX-License-Identifier: MIT */
#include "core/base/nearest_word.h"

#include <string.h>

#include "core/base/checked.h"

enum { WORD_MOST = 64, SHORT_WORD = 4 };

struct nearest_word nearest_word_begin(const char *wanted, size_t length)
{
    const size_t near = length < SHORT_WORD ? 1 : 2;
    const size_t none = length < 2 || length > WORD_MOST ? 0 : near + 1;
    return (struct nearest_word){.wanted = wanted, .length = length, .distance = none};
}

/* The distance of Levenshtein, one row of its table after the other. */
static size_t word_distance(const char *a, size_t length, const char *b)
{
    size_t row[WORD_MOST + 1];

    for (size_t i = 0; i <= length; i++)
        row[i] = i;
    for (size_t k = 0; b[k] != '\0'; k++) {
        size_t diagonal = row[0];
        row[0] = k + 1;
        for (size_t i = 1; i <= length; i++) {
            size_t other = diagonal + (a[i - 1] != b[k] ? 1 : 0);
            diagonal = row[i];
            row[i] = min_u64(other, min_u64(row[i], row[i - 1]) + 1);
        }
    }
    return row[length];
}

void nearest_word_offer(struct nearest_word *nearest, const char *word)
{
    if (nearest->distance == 0)
        return;
    size_t distance = word_distance(nearest->wanted, nearest->length, word);
    if (distance >= nearest->distance)
        return;
    nearest->distance = distance;
    nearest->word = word;
}
