/*
 * VIEW.tsv: a view's table of contents, a line per piece behind a heading line:
 *
 *     name <TAB> offset <TAB> length <TAB> data_bytes [<TAB> first_line <TAB> lines]
 *
 * Offset and length are those of the piece's data in the source, without a repeated header;
 * data_bytes is how many of them are no hole. In `rows` there is also the number of the first line,
 * from 1, and how many lines they are. The text is made as it is read, so a table of
 * millions of pieces needs no memory. A table remembers one place, the line where the last read
 * ended; a read from before it begins anew.
 */
#ifndef BIGFS_FS_TABLE_H
#define BIGFS_FS_TABLE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cancel.h"
#include "core/source.h"
#include "fs/view.h"

/* A line of the table and where its text starts. Line 0 is the heading. */
struct table_place {
    uint64_t line;
    uint64_t offset;
    uint64_t cursor; /* of view_next() */
};

struct table {
    const struct view *view; /* constant, as all up to the lock */
    struct view_file file;   /* as it was when the table was opened; `cancel` is not used */
    const char *extension;
    pthread_mutex_t lock;
    struct table_place last; /* protected by lock */
};

/* What is pointed to stays the caller's and must live as long as the table. */
void table_init(struct table *table, const struct view *view, const struct view_file *file,
                const char *extension);
void table_destroy(struct table *table);

/*
 * Writes up to `size` bytes of the text from `offset` on to `buffer`. Returns 0 and the bytes
 * written (*got < size: the end), -EINTR, or what view_resolve does. Thread-safe; no lock
 * is held while the source is read.
 */
int table_read(struct table *table, uint64_t offset, char *buffer, size_t size,
               const struct cancel *cancel, size_t *got);

#endif
