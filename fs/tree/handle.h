/* SPDX-License-Identifier: MIT */
/*
 * Open files: a piece, a text of a view, or a report.
 *
 * A handle reads the generation that was there when it was opened. It has no offset, so any number
 * of requests may read from it at once.
 */
#ifndef BIGFS_FS_TREE_HANDLE_H
#define BIGFS_FS_TREE_HANDLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/piece.h"
#include "core/content/reading.h"
#include "core/generation/content_word.h"
#include "fs/serve/crew.h"
#include "fs/serve/prefetch.h"
#include "fs/tree/driver.h"
#include "fs/tree/text_file.h"

struct handle;

/* Who opens a node, and how. */
struct opener {
    uid_t user;
    bool accepts_growth; /* the file as it was looked up is acceptable if it has only grown since */
    const struct cancel *cancel;
};

/* The kinds of open files. Each is defined beside the node type that opens it. */
struct handle_type {
    bool is_piece;  /* its reads may be answered at once and prefetched */
    bool is_report; /* its reads need no source, and so no lane */
    enum lane lane; /* of its reads */

    /* As handle_read(). */
    int (*read)(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got);

    /* As handle_seek(). */
    int (*seek)(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found);

    /* Releases what it has besides its reading. NULL: nothing. */
    void (*close)(struct handle *handle);
};

struct handle {
    struct list link;               /* protected by driver.handles_lock */
    const struct handle_type *type; /* the rest is constant; NULL: it is not open */
    struct node *node;      /* held: the kernel may forget it before it says that this is closed */
    struct reading reading; /* owned, pinned; closed in a report */
    struct piece piece;     /* of a piece */
    struct content_word word; /* of a piece of a pinned view: of which content; else size 0 */
    bool prefetches;          /* a piece whose reads all reach the driver */
    struct prefetch prefetch; /* if it does */
    struct text_file text;    /* of a text of a view */
    struct text *report;      /* of a report: its node's, which lives as long as the handle */
};

/*
 * Opens a node. A report shows paths and names only to users who may know them
 * (fs/tree/report_node.h). Returns 0 and a handle, or -errno: -ESTALE if the name now means another
 * generation, which makes the kernel look the name up again; -CANCELLED; -AWAITS_INDEX if an index
 * must be waited for; or why the file cannot be opened.
 */
int handle_open(struct driver *driver, struct node *node, const struct opener *opener,
                struct handle **handle);
void handle_close(struct driver *driver, struct handle *handle);

/* Closes the handles that the kernel left open when the mount ended. */
void handle_close_all(struct driver *driver);

/* Queues the sample of what was just opened. For node types. */
void handle_sample(struct driver *driver, const struct handle *handle, bool while_open);

/*
 * Reads up to `size` bytes at `offset` into `buffer`. *got is less than `size` only at the end of
 * the file. Returns 0, -ESTALE, -EIO, -CANCELLED.
 */
int handle_read(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got);

/*
 * The same without waiting, for pieces only. -NOT_AT_ONCE: call handle_read() instead. Hardly ever
 * blocks (content_read_at_once).
 */
int handle_read_at_once(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                        size_t *got);

/*
 * The same, for later. The bytes are those of the file as it was in *then, and may be handed on as
 * long as handle_is_still() returns true. (The generation alone is not enough: it continues if the
 * file grows or only its ctime moves, and the bytes may have changed.)
 */
int handle_prefetch(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                    size_t *got, struct file_identity *then);
bool handle_is_still(const struct handle *handle, const struct file_identity *then);

/* Finds data or a hole from `offset` on. Returns as piece_seek(). */
int handle_seek(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found);

#endif
