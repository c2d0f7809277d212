/* SPDX-License-Identifier: MIT */
#include "fs/command/index_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/content/contents.h"
#include "core/file/fault_guard.h"
#include "core/format/record_formats.h"
#include "core/view/view.h"
#include "fs/command/complaint.h"
#include "fs/command/index_maker.h"

enum { DESCRIPTORS = 4 };

static void warn(void *argument, const char *path, const char *problem)
{
    (void)argument;
    (void)complain(EXIT_FAILURE, "line index: %s: %s", path, problem);
}

/* Says what is wrong with a compressed file. */
static void tell_trouble(void *argument, const char *kind, const char *path, const char *text)
{
    struct index_maker *maker = argument;

    (void)kind;
    (void)path;
    maker->told = true;
    (void)complain(EXIT_FAILURE, "%s: %s", maker->shown, text);
}

struct reason {
    int error;
    const char *text;
};

static const struct reason reasons[] = {
    {EISDIR, "is not a regular file: give one that is"},
    {TRY_AGAIN, "is rewritten while it is counted: index it when nothing writes to it"},
    {ESTALE, "is rewritten while it is counted: index it when nothing writes to it"},
    {SIZE_UNTOLD, "does not tell its size: index a copy of it"},
    {HELD_BY_LEASE, "another program holds a lease on it: try again later"},
    {NO_DESCRIPTOR, "too many files are open: raise the limit (ulimit -n)"},
    {ENOMEM, "out of memory: free some memory"},
    {EIO, "cannot be read: look for errors of the disk (dmesg)"},
};

/* Why a file has no index. For a missing or unreadable file the message of the system is enough. */
static const char *reason(int error)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].error == -error)
            return reasons[i].text;
    return strerror(-error);
}

/*
 * The file's path without symbolic links, or as given if that would exceed PATH_MAX. The caller
 * frees it. NULL: see errno.
 */
static char *resolve(const char *file)
{
    char *path = realpath(file, NULL);
    return path == NULL && errno == ENAMETOOLONG ? strdup(file) : path;
}

/*
 * Opens the directory of a path's last component. Cuts the path there; *name becomes the component.
 */
static int open_parent(char *path, char **name)
{
    char *slash = strrchr(path, '/');

    *name = slash != NULL ? slash + 1 : path;
    if ((*name)[0] == '\0')
        return -EISDIR;
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL && slash != path)
        *slash = '\0';
    int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* The format of the index that `rows` needs of files with this extension, without arguments. */
static const struct record_format *format_of_rows(const struct settings *settings,
                                                  const char *extension)
{
    const struct view_defaults defaults = settings_views_of(settings, extension);
    struct view rows = {.format = default_format};

    (void)view_parse("rows", strlen("rows"), &defaults, &rows);
    return rows.format;
}

/* What the file holds that is to be indexed: another content, if it is compressed. */
static const struct content_type *content_to_index(struct source *file)
{
    AUTO_READING struct reading reading = {.source = NULL};
    bool certain = false;
    const struct content_type *held = NULL;

    if (reading_open(file, NULL, &reading, NULL) == 0)
        held = content_held_by(&reading, &certain);
    return held != NULL ? held : content_types[0];
}

static int index_in_pool(struct index_maker *maker, struct source_pool *pool, const char *name)
{
    struct source *file = source_new(pool, name, content_types[0]);
    struct source *source = file != NULL ? source_new(pool, name, content_to_index(file)) : NULL;
    int error = -ENOMEM;

    if (source != NULL) {
        maker->format = format_of_rows(&maker->options->settings, source->extension);
        error = index_maker_index(maker, source);
    }
    source_unref(source);
    source_unref(file);
    return error;
}

/*
 * Opens the file's directory, beneath which the name is looked up without following symbolic links.
 * Messages call the file `shown`.
 */
static int index_file(struct index_maker *maker, const char *file, const char *shown)
{
    struct source_pool pool;
    AUTO_FREE char *path = resolve(file);
    char *name = NULL;

    if (path == NULL)
        return -errno;
    AUTO_CLOSE int directory = open_parent(path, &name);
    if (directory < 0)
        return directory;
    source_pool_init(&pool, directory, DESCRIPTORS, maker->options->settings.window_size,
                     maker->options->settings.window_total);
    pool.extents = maker->options->settings.extents;
    pool.on_trouble = tell_trouble;
    pool.on_trouble_argument = maker;
    maker->shown = shown;
    int error = index_in_pool(maker, &pool, name);
    source_pool_destroy(&pool);
    return error;
}

static int index_all(struct index_maker *maker)
{
    int status = EXIT_SUCCESS;
    for (int i = 0; i < maker->options->file_count; i++) {
        const char *file = maker->options->files[i];
        AUTO_FREE char *copy = printable(file);
        const char *shown = printable_or(copy);
        maker->told = false;
        int error = index_file(maker, file, shown);
        if ((error == -ENOENT || error == -EIO) && maker->told) /* it said why */
            status = EXIT_FAILURE;
        else if (error != 0)
            status = complain(EXIT_FAILURE, "%s: %s", file, reason(error));
    }
    return atomic_load(&maker->directory.warned) ? EXIT_FAILURE : status;
}

int index_command(const struct options *options)
{
    struct index_maker maker = {.options = options};

    if (options->settings.index_dir == NULL)
        return complain(EXIT_FAILURE, "--index needs a directory to keep line indexes in: give "
                                      "--index-dir=DIR");
    index_directory_init(&maker.directory, options->settings.index_dir, 1, warn, NULL);
    index_space_init(&maker.space, options->settings.index_dir, options->settings.index_space);
    maker.directory.strict = true;
    maker.directory.space = &maker.space;
    int error = fault_guard_install();
    if (error == 0)
        error = index_builder_start(&maker.builder, &maker.directory, 0);
    if (error != 0)
        return complain(EXIT_FAILURE, "cannot start: %s: %s", strerror(-error),
                        complaint_cure(-error));
    int status = index_all(&maker);
    index_builder_stop(&maker.builder);
    index_builder_destroy(&maker.builder);
    index_space_sweep(&maker.space);
    index_space_destroy(&maker.space);
    index_directory_destroy(&maker.directory);
    return status;
}
