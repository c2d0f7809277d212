/* SPDX-License-Identifier: MIT */
/*
 * Record formats define where records end. Each format is a pair of files and a row of the table in
 * core/format/record_formats.h.
 *
 * A record starts at 0 and after every record end, so the bytes around a place show where the next
 * one starts. The functions are pure and touch exactly the given bytes.
 */
#ifndef BIGFS_CORE_FORMAT_RECORD_FORMAT_H
#define BIGFS_CORE_FORMAT_RECORD_FORMAT_H

#include <stddef.h>
#include <stdint.h>

struct record_format {
    const char *name; /* in paths and in names of index files */
    uint32_t number;  /* in index files: never changes, and never means another format */

    /* The first of the `length` bytes that ends a record, or NULL. */
    const uint8_t *(*find_end)(const uint8_t *bytes, size_t length);

    /* How many of the bytes end a record. */
    uint64_t (*count_ends)(const uint8_t *bytes, size_t length);

    /* The index of the `nth` byte (from 1) that ends a record, or `length` if there are fewer. */
    size_t (*find_nth_end)(const uint8_t *bytes, size_t length, uint64_t nth);
};

#endif
