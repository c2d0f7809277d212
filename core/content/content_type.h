/* SPDX-License-Identifier: MIT */
/*
 * What a kind of content can do. Each kind is a pair of files and a row of the table in
 * core/content/contents.h. core/content/content.h has what the rest of bigfs calls.
 */
#ifndef BIGFS_CORE_CONTENT_CONTENT_TYPE_H
#define BIGFS_CORE_CONTENT_CONTENT_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/extent/extent_probe.h"
#include "core/file/window.h"

struct codec;
struct codec_file;
struct reading;

/* How a read may behave. */
enum content_way {
    CONTENT_READS,   /* waits; more will be read there */
    CONTENT_PROBES,  /* waits; what it brings into the page cache leaves it at once */
    CONTENT_AT_ONCE, /* does not wait: -NOT_AT_ONCE if it would have to */
};

/* Bytes lent to a scan. */
struct content_loan {
    const uint8_t *bytes;
    size_t length;
    bool mapped;               /* they are touched inside fault_guard_call() only */
    struct window_loan window; /* if they are mapped */
};

/* Both ends of a file. They tell what the file holds. */
struct file_ends {
    const struct codec_file *file; /* the file itself */
    const uint8_t *head;           /* its first bytes: 32 KiB, or all */
    const uint8_t *tail;           /* its last bytes, as many */
    size_t length;                 /* of each */
};

/* What a kind of content can do. What a descriptor gives is believed after a check alone. */
struct content_type {
    const char *name;
    uint16_t number; /* in index files: never changes, and never means another kind */

    const struct codec *codec; /* what decodes it, with a map; NULL: nothing does */

    /*
     * Whether a file with these ends holds it besides its own bytes, and whether it is *certain
     * that it can be read. NULL: it is the file itself. Blocks as reads of the file do.
     */
    bool (*is_held_by)(const struct content_type *type, const struct file_ends *ends,
                       bool *certain);

    /*
     * Whether all is known that reading needs, its size among it. Returns 0; -AWAITS_INDEX if a map
     * must be made first (core/content/map_walk.h); -ENOENT if it is known that the file cannot be
     * read so; or -ENOMEM. NULL: always 0. Does not block.
     */
    int (*is_ready)(const struct reading *reading);

    /*
     * Finds out what reads that may not wait must know. Called when a reading has been pinned.
     * NULL: nothing.
     */
    void (*prepare)(const struct reading *reading, int fd);

    /*
     * How many bytes the content has, which need not be as many as the file has. If the file grows,
     * they are the beginning of what it holds then. Does not block.
     */
    uint64_t (*size_of)(const struct reading *reading);

    /*
     * How many bytes of the file, from its start, hold that content. NULL: all. Does not block.
     */
    uint64_t (*covered)(const struct reading *reading);

    /* Copies all of `length` bytes at `offset`. Returns 0 or -errno. */
    int (*copy)(const struct reading *reading, int fd, void *buffer, size_t length, uint64_t offset,
                enum content_way way);

    /* Whether there may be holes, as last seen. NULL: there are none. Does not block. */
    bool (*may_have_holes)(const struct reading *reading);

    /* The extent around `offset`. NULL if may_have_holes is. */
    struct extent (*extent_at)(const struct reading *reading, int fd, uint64_t offset);

    /*
     * Lends up to `most` bytes at `offset` to a scan: mapped, or in `scratch`, which has room for
     * `most` bytes, or for CONTENT_SCRATCH if these are fewer. Returns 0 or -errno.
     */
    int (*lend)(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                uint8_t *scratch, struct content_loan *loan);

    /* Takes a loan back after the scan has looked at it. NULL: nothing is to be done. */
    void (*take_back)(const struct reading *reading, int fd, const struct content_loan *loan);
};

/* Whether it is what a file holds, and not the file itself. */
static inline bool content_is_held(const struct content_type *type)
{
    return type->is_held_by != NULL;
}

/* Stays in the processor's cache until it is scanned. */
enum { CONTENT_SCRATCH = 256 * 1024 };

#endif
