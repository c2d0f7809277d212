/* SPDX-License-Identifier: MIT */
/*
 * Open files: a piece, a text of a view, or a report.
 *
 * A handle reads one generation, the one at the time of the open. It has no offset of its own, so
 * any number of requests may read from it at once.
 */
#ifndef BIGFS_FS_TREE_HANDLE_H
#define BIGFS_FS_TREE_HANDLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "core/content/piece.h"
#include "core/content/reading.h"
#include "fs/serve/crew.h"
#include "fs/serve/prefetch.h"
#include "fs/tree/driver.h"
#include "fs/tree/text_file.h"

struct handle;

/* Who opens a node, and how. */
struct opener {
    uid_t user;
    bool accepts_growth; /* what a look-up showed is good enough if the file has only grown since */
    const struct cancel *cancel;
};

/* What a kind of open file can do. */
struct handle_type {
    bool is_piece;  /* its reads may be answered at once and prefetched */
    bool is_report; /* its reads need no source, so no lane */
    enum lane lane; /* of its reads */

    /* As handle_read(). */
    int (*read)(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got);

    /* As handle_seek(). */
    int (*seek)(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found);

    /* Gives back what the handle has besides its reading. NULL: nothing. */
    void (*close)(struct handle *handle);
};

struct handle {
    struct list link;               /* protected by driver.handles_lock */
    const struct handle_type *type; /* the rest is constant; NULL: it is not open */
    struct reading reading;         /* owned, pinned; closed in a report */
    struct piece piece;             /* of a piece */
    bool prefetches;                /* it is a piece whose reads all reach bigfs */
    struct prefetch prefetch;       /* if it does */
    struct text_file text;          /* of a text of a view */
    struct text *report;            /* of a report: owned by its node, which the kernel knows */
};

/*
 * Opens a node. A report shows paths and names only to users who may know them
 * (fs/tree/report_node.h). Returns 0 and a handle, or -errno: -ESTALE if the node's generation is
 * not what its name means now, which makes the kernel look the name up again; -CANCELLED;
 * -AWAITS_INDEX if an index must be waited for; or the reason why the file cannot be opened.
 */
int handle_open(struct driver *driver, struct node *node, const struct opener *opener,
                struct handle **handle);
void handle_close(struct driver *driver, struct handle *handle);

/* Closes the handles that the kernel left open when the mount ended. */
void handle_close_all(struct driver *driver);

/* Has a sample taken soon of what was just opened. For node types. */
void handle_sample(struct driver *driver, const struct handle *handle, bool while_open);

/*
 * Reads up to `size` bytes at `offset` into `buffer`. *got is less than `size` only at the end of
 * the file. Returns 0, -ESTALE, -EIO, -CANCELLED.
 */
int handle_read(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got);

/*
 * The same, only for a piece, without waiting. -NOT_AT_ONCE means that handle_read() must be
 * called, for whatever reason. Hardly ever blocks (content_read_at_once).
 */
int handle_read_at_once(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                        size_t *got);

/*
 * The same, for later use. The bytes are those of the file as described in *then, and may be handed
 * on as long as handle_is_still() says that the file is unchanged. (The generation alone is not
 * enough: it continues if the file grows or only its ctime changes, and the bytes may be
 * different.)
 */
int handle_prefetch(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                    size_t *got, struct file_identity *then);
bool handle_is_still(const struct handle *handle, const struct file_identity *then);

/* Finds data or a hole from `offset` on. Returns as piece_seek(). */
int handle_seek(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found);

#endif
