/* SPDX-License-Identifier: MIT */
#include "fs/command/index_command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/format/record_formats.h"
#include "core/view/view.h"
#include "fs/command/complaint.h"
#include "fs/command/file_trouble.h"
#include "fs/command/index_maker.h"
#include "fs/command/lone_source.h"

static const struct file_trouble troubles[] = {
    {TRY_AGAIN, "is rewritten while it is counted: index it when nothing writes to it"},
    {ESTALE, "is rewritten while it is counted: index it when nothing writes to it"},
    {SIZE_UNTOLD, "does not tell its size: index a copy of it"},
    {0, NULL},
};

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
    index_maker_watch(maker, &lone.pool, shown);
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
            status = complain(EXIT_FAILURE, "%s: %s", file, file_trouble_text(troubles, error));
    }
    return atomic_load(&maker->directory.warned) ? EXIT_FAILURE : status;
}

int index_command(const struct options *options)
{
    struct index_maker maker;

    if (options->settings.index_dir == NULL)
        return complain(EXIT_FAILURE, "--index needs a directory to keep line indexes in: give "
                                      "--index-dir=DIR");
    int status = index_maker_start(&maker, options, 1, true);
    if (status != 0)
        return status;
    status = index_all(&maker);
    index_maker_stop(&maker);
    return status;
}
