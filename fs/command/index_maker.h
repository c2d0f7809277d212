/* SPDX-License-Identifier: MIT */
/* Makes the index of one file after the other for `bigfs --index`, and the map if it is compressed.
 */
#ifndef BIGFS_FS_COMMAND_INDEX_MAKER_H
#define BIGFS_FS_COMMAND_INDEX_MAKER_H

#include <stdbool.h>

#include "core/content/source.h"
#include "core/index/index_builder.h"
#include "core/index/index_directory.h"
#include "fs/command/interruption.h"
#include "fs/command/options.h"

/* What is needed to make indexes. */
struct index_maker {
    const struct options *options;
    const struct record_format *format; /* of the file whose turn it is */
    struct index_directory directory;
    struct index_space space;
    struct index_builder builder;
    struct interruption interruption;
    const char *name;  /* of that file, as messages call it */
    const char *shown; /* the same, printable */
    bool told;         /* what is wrong with it */
    bool has_no_plain; /* it is compressed, and can only be read from its start */
    bool was_known;    /* its index was there already */
    bool counts_again; /* to verify the index of a file that changed */
    unsigned percent;  /* how far the count had come when it was last looked at */
};

/*
 * Indexes the source as it is at some moment, even a log that is appended to all the time, and
 * prints the result. For a file that is rewritten all the time a scan cannot be certain of any
 * moment. Returns 0 or -errno: -TRY_AGAIN or -ESTALE if the file changed each time, -ENOENT if the
 * content cannot be had, -KEPT_PART or -CANCELLED if it was interrupted and what was counted is
 * kept, or is not, or as reading_open().
 */
int index_maker_index(struct index_maker *maker, struct source *source);

#endif
