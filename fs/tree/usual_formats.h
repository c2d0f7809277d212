/* SPDX-License-Identifier: MIT */
/*
 * The record formats of files by their extensions, as --format EXT=FORMAT gives them.
 *
 * Constant once the options are read, so any thread may read it without a lock.
 */
#ifndef BIGFS_FS_TREE_USUAL_FORMATS_H
#define BIGFS_FS_TREE_USUAL_FORMATS_H

#include <stddef.h>

#include "core/format/patterns.h"
#include "core/format/record_format.h"

struct usual_format {
    char *text;            /* owned; the two others are parts of it */
    const char *extension; /* without its dot */
    const char *name;      /* of the format */
    const struct record_format *format;
};

struct usual_formats {
    struct usual_format *rows; /* owned; a later row for the same extension wins */
    size_t count;
};

/*
 * Adds what `text` says: EXT=FORMAT, where EXT may begin with a dot. Returns 0, -EINVAL if it is
 * not of this form, or -ENOMEM.
 */
int usual_formats_add(struct usual_formats *formats, const char *text);

/*
 * Finds the formats by their names, which may be those of patterns. To be called once all were
 * added. Returns NULL, or the first that names no format.
 */
const struct usual_format *usual_formats_resolve(struct usual_formats *formats,
                                                 const struct patterns *patterns);

/* The format of files with this extension, which begins with its dot or is empty. Else lines. */
const struct record_format *usual_formats_find(const struct usual_formats *formats,
                                               const char *extension);

/* Frees what was added. */
void usual_formats_destroy(struct usual_formats *formats);

#endif
