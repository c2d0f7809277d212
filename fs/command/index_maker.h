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
#include "fs/command/option_values.h"
#include "fs/command/progress.h"

/* What is needed to make indexes. */
struct index_maker {
    const struct options *options;
    const struct record_format *format; /* of the file whose turn it is */
    struct index_directory directory;
    struct index_space space;
    struct index_builder builder;
    struct interruption interruption;
    struct cancel cancel; /* of the reading: the interruption, and since when it is wanted */
    const char *name;     /* of that file, as messages call it */
    const char *shown;    /* the same, printable */
    bool told;            /* what is wrong with it */
    bool has_no_plain;    /* it is compressed, and can only be read from its start */
    bool was_known;       /* its index was there already */
    bool counts_again;    /* to verify the index of a file that changed */
    unsigned too_large;   /* directory.too_large before that file */
    unsigned percent;     /* how far the count had come when it was last looked at */
};

/*
 * Starts the threads that make indexes. `least`, in bytes: indexes of smaller files are not kept.
 * `strict`: only indexes that are certain are used and kept, and signals interrupt the making;
 * without it, they end the process as usual. The maker keeps the options, and must stay where it
 * is. Returns 0, or EXIT_FAILURE after one line on standard error: then there is nothing to stop.
 */
int index_maker_start(struct index_maker *maker, const struct options *options, uint64_t least,
                      bool strict);

/*
 * Says on standard error what is wrong with a file of the pool, as that is found, and then sets
 * maker->told. Messages call the file maker->name. To be called before the pool is used.
 */
void index_maker_watch(struct index_maker *maker, struct source_pool *pool);

/*
 * Ends the threads, and removes indexes if they take too much space. Blocks until all is done. If a
 * signal came, ends the process by it.
 */
void index_maker_stop(struct index_maker *maker);

/*
 * Opens a source and pins what is there; if it is compressed, its map is made or found. Returns 0,
 * -TRY_AGAIN if the file changed meanwhile, -EISDIR if it is no regular file, -ENOENT if the
 * content cannot be had, or as reading_open(). Blocks until the map is there.
 */
int index_maker_open(struct index_maker *maker, struct source *source, struct progress *progress,
                     struct reading *reading);

/*
 * Waits until the index of maker->format is made that a reading lacks (-AWAITS_INDEX), and shows
 * the progress. Returns 0 if it is to be asked for again, or -errno. Blocks.
 */
int index_maker_wait(struct index_maker *maker, const struct reading *reading,
                     struct progress *progress);

/*
 * What is tried with a source. Returns 0 or -errno: -TRY_AGAIN or -ESTALE if the file changed
 * meanwhile, -HELD_BY_LEASE or -NO_DESCRIPTOR if waiting helps.
 */
typedef int index_attempt(struct index_maker *maker, struct source *source, void *argument);

/*
 * Tries it, again and again as long as that helps, but not for ever. Returns what it returned, or
 * -CANCELLED if it was interrupted.
 */
int index_maker_try(struct index_maker *maker, struct source *source, index_attempt *attempt,
                    void *argument);

/*
 * Indexes the source as it is at some moment, even a log that is appended to all the time, and
 * prints the result. For a file that is rewritten all the time a scan cannot be certain of any
 * moment. Returns 0 or -errno: -TRY_AGAIN or -ESTALE if the file changed each time, -ENOENT if the
 * content cannot be had, -KEPT_PART or -CANCELLED if it was interrupted and what was counted is
 * kept, or is not, -OVER_SPACE after a message if it is larger than all the space, or as
 * reading_open().
 */
int index_maker_index(struct index_maker *maker, struct source *source);

#endif
