/*
 * Open files: a piece, a table or a report.
 *
 * A handle reads one generation: the one that was there when it was opened. It has no offset of its
 * own, so any number of requests may read from it at once.
 */
#ifndef BIGFS_FS_TREE_HANDLE_H
#define BIGFS_FS_TREE_HANDLE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "fs/generated/table_file.h"
#include "fs/serve/ahead.h"
#include "fs/tree/driver.h"

enum handle_kind {
    HANDLE_PIECE,
    HANDLE_TABLE,
    HANDLE_REPORT,
};

struct handle {
    struct list link;              /* protected by driver.handles_lock */
    enum handle_kind kind;         /* the rest is constant */
    struct source *source;         /* a reference; NULL in a report */
    struct generation *generation; /* a reference, pinned; NULL in a report */
    struct piece piece;            /* HANDLE_PIECE */
    bool reads_ahead;              /* HANDLE_PIECE whose reads all come to the driver */
    struct ahead ahead;            /* if it does */
    struct table_file table;       /* HANDLE_TABLE */
    struct generated *report;      /* HANDLE_REPORT: its node's, which the kernel knows */
};

/*
 * Opens a node for the thread and user `reader`. If a moment ago that thread was told to look the
 * name up again (fs/serve/retries.h), a piece of a file that only grew since is opened as that
 * look-up showed it. A report tells paths and names only to users who may know them
 * (fs/generated/report.h). Returns 0 and a handle, or -errno: -ESTALE if the node's generation is
 * not what its name means now, which makes the kernel look the name up again; -CANCELLED;
 * -AWAITS_INDEX if a line index must be waited for; or why the file cannot be opened.
 */
int handle_open(struct driver *driver, struct node *node, const struct fuse_ctx *reader,
                const struct cancel *cancel, struct handle **handle);
void handle_close(struct driver *driver, struct handle *handle);

/* Closes what the kernel left open when the mount ended. */
void handle_close_all(struct driver *driver);

/*
 * Reads up to `size` bytes at `offset` into `buffer`. *got is less than `size` only at the end of
 * the file. Returns 0, -ESTALE, -EIO, -CANCELLED.
 */
int handle_read(struct handle *handle, uint64_t offset, char *buffer, size_t size,
                const struct cancel *cancel, size_t *got);

/*
 * The same for a piece alone, and only where nothing has to be waited for: -NOT_AT_ONCE says that
 * handle_read must be asked, for whatever reason. Hardly ever blocks (see source_read_at_once).
 */
int handle_read_at_once(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                        size_t *got);

/*
 * The same, for later: the bytes are those of the file as it was in *then, and may be handed on as
 * long as handle_is_still says that nothing has happened to it. (The generation alone does not
 * tell: it goes on where the file grows, or only its ctime moves, and the bytes may be others.)
 */
int handle_read_ahead(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                      size_t *got, struct file_identity *then);
bool handle_is_still(const struct handle *handle, const struct file_identity *then);

/*
 * Finds data or a hole from `offset` on; generated files have no holes. Returns as piece_seek does.
 */
int handle_seek(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                const struct cancel *cancel, uint64_t *found);

#endif
