/* SPDX-License-Identifier: MIT */
/*
 * The names of ranges of keys:
 *
 *     FROM..TO     from FROM on, and below TO; one of them may be empty, which is no limit
 *     PREFIX       all that begins with PREFIX
 *
 * A name is split at its first "..". Then each %XX is the byte XX, in hexadecimal digits of either
 * case, so that a key can have any byte: %2F, %2E, %25. Another % fits no rule.
 */
#ifndef BIGFS_CORE_VIEW_KEY_NAME_H
#define BIGFS_CORE_VIEW_KEY_NAME_H

#include <stdbool.h>

#include "core/record/key_search.h"

struct key_range {
    bool has_from;
    bool has_to;
    struct sort_key from;
    struct sort_key to;
};

/* Reads a name. Returns whether it fits the rules; "" and ".." do not. */
bool key_name_read(const char *name, struct key_range *range);

#endif
