/*
 * The names in an index directory, DIR/PART/REST.lines: PART and REST are 16 hexadecimal digits.
 * And how the directory is opened.
 */
#ifndef BIGFS_CORE_INDEX_INDEX_NAMES_H
#define BIGFS_CORE_INDEX_INDEX_NAMES_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

/* Room for any name, with its end. */
enum { INDEX_NAME_MOST = 96 };

/* Writes PART, REST.lines, or both with a slash between; the latter needs room for two names. */
void index_part_name(uint64_t part, char *name);
void index_name(uint64_t rest, char *name);
void index_path(uint64_t part, uint64_t rest, char *path);

/* Writes the name of a file that is being written, which nothing else of this process has. */
void index_temporary_name(uint64_t rest, unsigned number, char *name);

/* Whether a name is one of these. */
bool index_part_parse(const char *name, uint64_t *part);
bool index_name_parse(const char *name, uint64_t *rest);
bool index_name_is_temporary(const char *name);

/* Lists a directory in `directory`; "." is itself. NULL: errno tells why not. No link is followed.
 */
DIR *index_list(int directory, const char *name);

/*
 * Opens an index directory. Returns a descriptor, or -errno; -EPERM if others could put files there
 * that we would believe.
 */
int index_directory_open(const char *path);

#endif
