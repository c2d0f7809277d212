/* SPDX-License-Identifier: MIT */
#include "core/index/index_names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/digits.h"
#include "core/file/own_path.h"
#include "core/format/record_formats.h"

static const char temporary_suffix[] = ".tmp";
static const char probe_prefix[] = "probe-";
static const char unfinished_mark[] = "-part";
static const char map_suffix[] = "map"; /* no record format has this name */

static const char *suffix_of(const struct index_name *name)
{
    return name->format != NULL ? name->format->name : map_suffix;
}

static const char *mark_of(const struct index_name *name)
{
    return name->unfinished ? unfinished_mark : "";
}

void index_part_name(uint64_t part, char *text)
{
    (void)snprintf(text, INDEX_NAME_MOST, "%016" PRIx64, part);
}

void index_file_name(const struct index_name *name, char *text)
{
    (void)snprintf(text, INDEX_NAME_MOST, "%016" PRIx64 "%s.%s", name->rest, mark_of(name),
                   suffix_of(name));
}

void index_path(const struct index_name *name, char *text)
{
    (void)snprintf(text, 2 * (size_t)INDEX_NAME_MOST, "%016" PRIx64 "/%016" PRIx64 "%s.%s",
                   name->part, name->rest, mark_of(name), suffix_of(name));
}

void index_temporary_name(const struct index_name *name, unsigned number, char *text)
{
    (void)snprintf(text, INDEX_NAME_MOST, "%016" PRIx64 "-%d-%u%s", name->rest, getpid(), number,
                   temporary_suffix);
}

void index_probe_name(unsigned number, char *text)
{
    (void)snprintf(text, INDEX_NAME_MOST, "%s%d-%u%s", probe_prefix, getpid(), number,
                   temporary_suffix);
}

bool index_part_parse(const char *name, uint64_t *part)
{
    const char *end = digits_parse(name, part);
    return end != NULL && *end == '\0';
}

bool index_file_name_parse(const char *text, struct index_name *name)
{
    const char *end = digits_parse(text, &name->rest);

    if (end == NULL)
        return false;
    name->unfinished = strncmp(end, unfinished_mark, sizeof(unfinished_mark) - 1) == 0;
    if (name->unfinished)
        end += sizeof(unfinished_mark) - 1;
    if (*end != '.')
        return false;
    name->format = record_format_filed(end + 1);
    return name->format != NULL || strcmp(end + 1, map_suffix) == 0;
}

static bool ends_as_temporary(const char *text)
{
    size_t suffix = sizeof(temporary_suffix) - 1;
    size_t length = strlen(text);
    return length > suffix && strcmp(text + length - suffix, temporary_suffix) == 0;
}

bool index_name_is_temporary(const char *name)
{
    uint64_t rest = 0;
    const char *end = digits_parse(name, &rest);
    return end != NULL && *end == '-' && ends_as_temporary(end);
}

bool index_name_is_probe(const char *name)
{
    size_t prefix = sizeof(probe_prefix) - 1;
    return strncmp(name, probe_prefix, prefix) == 0 && ends_as_temporary(name + prefix);
}

DIR *index_names_list(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *listing = fd >= 0 ? fdopendir(fd) : NULL;
    if (listing == NULL && fd >= 0)
        (void)close(fd);
    return listing;
}

int index_names_create(int directory, const char *name)
{
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    S_IRUSR | S_IWUSR);
    if (fd >= 0)
        return fd;
    int error = -errno;
    return faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? -EEXIST : error;
}

/* Whether no other user can put files there, which bigfs would trust. */
static bool is_private(int directory)
{
    struct stat attributes;
    return fstat(directory, &attributes) == 0 &&
           (attributes.st_uid == geteuid() || attributes.st_uid == 0) &&
           (attributes.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int index_names_open(const char *path)
{
    AUTO_CLOSE int directory = own_path_open(path, OWN_PATH_OPEN);
    if (directory < 0)
        return directory;
    return is_private(directory) ? steal_fd(&directory) : -EPERM;
}
