/*
 * Content: the only way to a file's bytes.
 *
 * The plain content of a file is its bytes. A compressed file may also hold another content: what
 * it was compressed from. Each kind of content is a pair of files and a row of the table in
 * core/content/contents.h. Everything above reads through the functions below, and so works on all
 * kinds.
 *
 * All functions are thread-safe, and block as reads of the file do unless they say otherwise.
 */
#ifndef BIGFS_CORE_CONTENT_CONTENT_H
#define BIGFS_CORE_CONTENT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/reading.h"
#include "core/extent/extent_probe.h"
#include "core/file/window.h"

/* How a read may behave. */
enum content_way {
    CONTENT_READS,   /* waits; more will be read there */
    CONTENT_PROBES,  /* waits; what it brings into the page cache is dropped at once */
    CONTENT_AT_ONCE, /* does not wait: returns -NOT_AT_ONCE instead */
};

/* Bytes lent to a scan. */
struct content_loan {
    const uint8_t *bytes;
    size_t length;
    bool mapped;               /* `bytes` is touched only inside fault_guard_call() */
    struct window_loan window; /* if they are mapped */
};

/* What a kind of content can do. Callers trust what a descriptor returns only after a check. */
struct content_type {
    const char *name;
    uint16_t number; /* in index files: never changes, and never means another kind */

    /*
     * Whether a file holds this kind of content. Reads at most 64 KiB at either end. NULL: every
     * file does.
     */
    bool (*recognises)(const struct reading *file);

    /*
     * Finds out what reads that may not wait need to know. Called after a reading was pinned. NULL:
     * nothing to do.
     */
    void (*prepare)(const struct reading *reading, int fd);

    /* How many bytes the content has. Does not block. */
    uint64_t (*size_of)(const struct reading *reading);

    /* Copies all of `length` bytes at `offset`. Returns 0 or -errno. */
    int (*copy)(const struct reading *reading, int fd, void *buffer, size_t length, uint64_t offset,
                enum content_way way);

    /* Whether there may be holes, as last seen. NULL: there are none. Does not block. */
    bool (*may_have_holes)(const struct reading *reading);

    /* The extent around `offset`. NULL if may_have_holes is NULL. */
    struct extent (*extent_at)(const struct reading *reading, int fd, uint64_t offset);

    /*
     * Lends up to `most` bytes at `offset` to a scan: mapped, or in `scratch`, which has room for
     * CONTENT_SCRATCH bytes. Returns 0 or -errno.
     */
    int (*lend)(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                uint8_t *scratch, struct content_loan *loan);

    /* Takes a loan back. `done`: the scan has looked at all of it. NULL: nothing to do. */
    void (*take_back)(const struct reading *reading, int fd, const struct content_loan *loan,
                      bool done);
};

/* Bytes. Small enough to stay in the processor's cache until scanned. */
enum { CONTENT_SCRATCH = 256 * 1024 };

/*
 * Copies exactly `length` bytes at `offset` of the generation into `buffer`, or fails. Known holes
 * are filled with zeros instead of read. Returns 0, -ESTALE if the file is no longer of this
 * generation, -EIO if its disk fails, or why it cannot be opened.
 */
int content_read(const struct reading *reading, void *buffer, size_t length, uint64_t offset);

/*
 * The same for a few bytes, to find where a record ends. The pages it touches are dropped from the
 * page cache if none of them was there. (What the kernel reads ahead stays, if such probes follow
 * one another.)
 */
int content_probe(const struct reading *reading, void *buffer, size_t length, uint64_t offset);

/*
 * Like content_read(), if it need not wait: the file is open, nothing has changed, and the bytes
 * are in the page cache. Otherwise returns -NOT_AT_ONCE; content_read() finds out more. Hardly ever
 * blocks: the kernel may begin to read ahead, and a file system may read its own blocks for that.
 */
int content_read_at_once(const struct reading *reading, void *buffer, size_t length,
                         uint64_t offset);

/* Whether the content, as last seen, may have holes that can be looked for. Does not block. */
bool content_may_have_holes(const struct reading *reading);

/*
 * The extent around `offset`, for a caller that has borrowed the descriptor. It may start before
 * `offset`, and may end before the file's extent does. It is data if holes cannot be found. Like
 * bytes, it may be trusted only after a check.
 */
struct extent content_extent_at(const struct reading *reading, int fd, uint64_t offset);

#endif
