/* SPDX-License-Identifier: MIT */
/*
 * The names in an index directory, DIR/PART/REST.FORMAT, and how it is opened. PART and REST are 16
 * hexadecimal digits, FORMAT is the name of a record format, or "map". One that is unfinished is
 * DIR/PART/REST-part.FORMAT.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_NAMES_H
#define BIGFS_CORE_INDEX_INDEX_NAMES_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/format/record_format.h"

/* Room for any name, with its NUL. */
enum { INDEX_NAME_MOST = 96 };

/* The name of an index. */
struct index_name {
    uint64_t part;
    uint64_t rest;
    const struct record_format *format; /* NULL: it is a map */
    bool unfinished;                    /* the making was interrupted */
};

/* Writes PART, REST.FORMAT, or both with a slash between; the latter needs room for two names. */
void index_part_name(uint64_t part, char *text);
void index_file_name(const struct index_name *name, char *text);
void index_path(const struct index_name *name, char *text);

/* Write the name of a temporary file; `number` makes it unique in this process. Another host, or a
 * container, may have a process with the same number. The second is in DIR itself
 * (core/index/index_probe.h).
 */
void index_temporary_name(const struct index_name *name, unsigned number, char *text);
void index_probe_name(unsigned number, char *text);

/* Whether a text is one of these. The second sets all but `part`. */
bool index_part_parse(const char *text, uint64_t *part);
bool index_file_name_parse(const char *text, struct index_name *name);
bool index_name_is_temporary(const char *text);
bool index_name_is_probe(const char *text);

/* Lists a directory in `directory` ("." is that itself); follows no link. NULL: errno has the
 * reason.
 */
DIR *index_names_list(int directory, const char *name);

/*
 * Creates a file to be written. Returns a descriptor that the caller owns, or -errno; -EEXIST if
 * the name is taken, also on sshfs, whose server has no word for that if another host was first.
 */
int index_names_create(int directory, const char *name);

/*
 * Opens an index directory. Returns a descriptor, or -errno; -EPERM if other users could put files
 * there that bigfs would trust.
 */
int index_names_open(const char *path);

#endif
