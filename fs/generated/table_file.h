/*
 * An open table: its text as its node has it (fs/generated/generated.h), made by the first that
 * opens it.
 */
#ifndef BIGFS_FS_GENERATED_TABLE_FILE_H
#define BIGFS_FS_GENERATED_TABLE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/cancel.h"
#include "fs/tree/driver.h"

struct table_file {
    const struct node *node; /* NODE_TABLE, which the kernel knows as long as this is open */
    struct source *source;   /* of the large file; pinned by what opens this */
    struct generation *generation;
    struct index_store *store; /* of the driver */
    struct line_index *index;  /* of rows: a reference; else NULL */
};

/*
 * Opens a table of a pinned generation, and makes its text if that is not made yet. `second_try`: a
 * table of the file as it was before it grew will do. Scans as view_resolve does. Returns 0, or
 * -errno as handle_open(): -ESTALE if the text is not what the name means by now, -EFBIG if it
 * would be longer than a file can be.
 */
int table_file_open(struct table_file *open, struct driver *driver, const struct node *node,
                    struct generation *generation, bool second_try, const struct cancel *cancel);
void table_file_close(struct table_file *open);

/*
 * Copies up to `size` bytes of the text at `offset`. *got < size: the end. Returns 0, -ESTALE where
 * the file has been rewritten meanwhile, -CANCELLED, or what view_resolve does. Thread-safe.
 */
int table_file_read(const struct table_file *open, uint64_t offset, char *buffer, size_t size,
                    const struct cancel *cancel, size_t *got);

#endif
