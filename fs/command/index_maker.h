/* SPDX-License-Identifier: MIT */
/* Makes the index of one file after the other for `bigfs --index`, and the map if it is compressed.
 */
#ifndef BIGFS_FS_COMMAND_INDEX_MAKER_H
#define BIGFS_FS_COMMAND_INDEX_MAKER_H

#include <stdbool.h>

#include "core/content/source.h"
#include "core/index/index_builder.h"
#include "core/index/index_directory.h"
#include "fs/command/option_values.h"

/* What is needed to make indexes. */
struct index_maker {
    const struct options *options;
    const struct record_format *format; /* of the file whose turn it is */
    struct index_directory directory;
    struct index_space space;
    struct index_builder builder;
    const char *shown; /* the name of that file in messages */
    bool told;         /* what is wrong with it */
};

/*
 * Indexes the source as it is at some moment, even a log that is appended to all the time, and
 * prints the result. For a file that is rewritten all the time a scan cannot be certain of any
 * moment. Returns 0 or -errno: -TRY_AGAIN or -ESTALE if the file changed each time, -ENOENT if the
 * content cannot be had, or as reading_open().
 */
int index_maker_index(struct index_maker *maker, struct source *source);

#endif
