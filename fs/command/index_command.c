/* SPDX-License-Identifier: MIT */
#include "fs/command/index_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/file/fault_guard.h"
#include "core/format/record_formats.h"
#include "core/view/view.h"
#include "fs/command/complaint.h"
#include "fs/command/index_maker.h"
#include "fs/command/lone_source.h"

static void warn(const char *path, const char *problem)
{
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

/* The format of the index that `rows` needs of files with this extension, without arguments. */
static const struct record_format *format_of_rows(const struct settings *settings,
                                                  const char *extension)
{
    const struct view_defaults defaults = settings_views_of(settings, extension);
    struct view rows = {.format = default_format};

    (void)view_parse("rows", strlen("rows"), &defaults, &rows);
    return rows.format;
}

/* Indexes what the file holds: another content, if it is compressed. */
static int index_file(struct index_maker *maker, const char *file, const char *shown)
{
    const struct settings *settings = &maker->options->settings;
    AUTO_LONE_SOURCE struct lone_source lone;

    int error = lone_source_open(&lone, file, settings);
    if (error != 0)
        return error;
    lone.pool.on_trouble = tell_trouble;
    lone.pool.on_trouble_argument = maker;
    maker->shown = shown;
    struct source *held = NULL;
    error = lone_source_held(&lone, &held);
    if (error != 0)
        return error;
    struct source *source = held != NULL ? held : lone.file;
    maker->format = format_of_rows(settings, source->extension);
    error = index_maker_index(maker, source);
    source_unref(held);
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
    index_directory_init(&maker.directory, options->settings.index_dir, 1, warn);
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
