/* SPDX-License-Identifier: MIT */
/*
 * Record formats define where records end. Each format is a pair of files and a row of the table in
 * core/format/record_formats.h.
 *
 * A format is a machine with a few states. It reads bytes in order, and some of the bytes end a
 * record. The first record starts at 0, the others where the record before them ends:
 *
 *     lines, one state      a b \n c d \n      the byte that ends a record is its last
 *     fasta, two states     > a \n > b \n      it is the first of the next: ends_before
 *     csv, four states      " \n " \n          the state decides whether a byte ends a record
 *
 * State 0 is the state at the start of a content, and of each record. If the few bytes before a
 * place tell the state there, boundaries are found from the bytes around a place. Otherwise the
 * format needs an index, which has the state at each block.
 *
 * A format that looks ahead is no such machine: up to `reach` bytes from a place on tell whether a
 * record ends there (core/format/pattern.h). It has `find_ahead` instead of the functions of a
 * machine, and no index.
 *
 * The functions are pure and touch exactly the given bytes.
 */
#ifndef BIGFS_CORE_FORMAT_RECORD_FORMAT_H
#define BIGFS_CORE_FORMAT_RECORD_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECORD_STATES = 4,  /* the most that a format has: two bits for each block of an index */
    RECORD_CONTEXT = 1, /* the most bytes that `context` says */
};

/* What a stretch of bytes does, for each state that it may begin in. */
struct record_effect {
    uint8_t to[RECORD_STATES];    /* the state after it */
    uint64_t ends[RECORD_STATES]; /* how many of its bytes end a record */
};

/* The effect of no bytes. */
static const struct record_effect record_effect_none = {.to = {0, 1, 2, 3}};

struct pattern_automaton;

/* A stretch of a content, for formats that look ahead. */
struct record_text {
    const uint8_t *bytes;
    size_t length;
    size_t limit; /* at most `length`: a record end at this index or after it is not wanted */
    bool ends;    /* the content ends with these bytes */
};

struct record_format {
    const char *name;  /* in names of index files; of a pattern, its own */
    uint32_t number;   /* in index files: never changes, and never means another format */
    unsigned states;   /* 1 to RECORD_STATES */
    uint8_t delimiter; /* of csv: between fields */
    uint32_t reach;    /* how many bytes it looks ahead; 0: it is a machine */
    const struct pattern_automaton *automaton; /* of patterns */
    const char *expression;                    /* of patterns: the regular expression */

    bool needs_index; /* a boundary depends on all bytes before it */
    bool ends_before; /* the byte that ends a record is the first of the next */

    /* Without an index: how many bytes before a place tell the state there. Before them it is 0. */
    uint8_t context;

    bool zeros_end; /* a zero byte ends a record; so holes are full of record ends */
    uint8_t after_zeros[RECORD_STATES]; /* by the state before: the one after any zero bytes */

    /*
     * Finds the `nth` byte (from 1) that ends a record. Returns its index, or `length` if there are
     * fewer. Moves *state past that byte, or past all.
     */
    size_t (*find_end)(const struct record_format *format, const uint8_t *bytes, size_t length,
                       uint8_t *state, uint64_t nth);

    /* Counts the bytes that end a record. Moves *state past all. */
    uint64_t (*count_ends)(const struct record_format *format, const uint8_t *bytes, size_t length,
                           uint8_t *state);

    /* Adds what the bytes do to an effect. NULL: each state is counted for itself. */
    void (*pass)(const struct record_format *format, const uint8_t *bytes, size_t length,
                 struct record_effect *effect);

    /* Whether a content that ends with the byte `last` in this state ends with a record end. */
    bool (*is_complete)(uint8_t last, uint8_t state);

    /*
     * Of formats that look ahead: finds the first byte that ends a record, from index 1 on; the
     * byte before is only context. Returns true and its index *at. Returns false if none is in
     * [1, *at): either *at is the limit, or more bytes must follow to tell about the one at *at,
     * which `reach` bytes always do.
     */
    bool (*find_ahead)(const struct record_format *format, const struct record_text *text,
                       size_t *at);
};

/* Whether an index can be made of its records, so that they can be counted. */
static inline bool record_format_is_indexed(const struct record_format *format)
{
    return format->reach == 0;
}

/* Adds what `length` bytes do to an effect. */
void record_format_pass(const struct record_format *format, const uint8_t *bytes, size_t length,
                        struct record_effect *effect);

/* Adds what `length` zero bytes do to an effect. */
void record_format_pass_zeros(const struct record_format *format, uint64_t length,
                              struct record_effect *effect);

/* Where the record starts that follows a record end at `end`. */
static inline uint64_t record_format_start_after(const struct record_format *format, uint64_t end)
{
    return end + (format->ends_before ? 0 : 1);
}

#endif
