/* SPDX-License-Identifier: MIT */
/*
 * VIEW.json: the pieces of a view as an fsspec reference, version 1. Programs that read it get the
 * pieces from the file itself, without a mount:
 *
 *     {"version": 1, "refs": {
 *     "000000.log": ["file:///data/app.log", 0, 67108891]
 *     ,"000001.log": ["file:///data/app.log", 67108891, 67108857]
 *     }}
 *
 * A line is made without a look at the next one, so a comma stands at the start of a line.
 *
 * The path is not encoded as in other URLs, since fsspec does not decode it. There is no VIEW.json
 * if the path is not UTF-8, which JSON cannot write, or if it is longer than TEXT_PATH_MOST, nor of
 * a view with a header, as such a piece is no range of the file.
 */
#ifndef BIGFS_FS_GENERATED_REFERENCES_H
#define BIGFS_FS_GENERATED_REFERENCES_H

#include "fs/tree/generated_type.h"

extern const struct generated_type references_text;

#endif
