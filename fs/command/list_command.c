/* SPDX-License-Identifier: MIT */
#include "fs/command/list_command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/content/empty_file.h"
#include "core/view/name_reason.h"
#include "core/view/piece_name.h"
#include "core/view/view.h"
#include "fs/command/complaint.h"
#include "fs/command/file_trouble.h"
#include "fs/command/index_maker.h"
#include "fs/command/lone_source.h"
#include "fs/command/standard_output.h"
#include "fs/command/table_form.h"
#include "fs/generated/tsv_length.h"

enum {
    WAITS = 8,        /* for an index, of a file that grows meanwhile */
    STEP = 64 * 1024, /* bytes that are written at once */
    ROOM = STEP + TABLE_LINE_MOST,
};

/* A table that is being written. */
struct listing_job {
    const struct options *options;
    const struct table_form *form;
    const char *view_name; /* without plain/ */
    char *text;            /* not written yet; has ROOM bytes; owned */
    size_t used;           /* bytes in it */
    bool began;            /* something has been written */
    int status;            /* EXIT_FAILURE after a message */
};

static const struct file_trouble troubles[] = {
    {TRY_AGAIN, "is rewritten while it is read: list it when nothing writes to it"},
    {ESTALE, "is rewritten while it is read: list it when nothing writes to it"},
    {SIZE_UNTOLD, "does not tell its size: list a copy of it"},
    {0, NULL},
};

/* Says what is wrong with the file or the view, so that no further attempt is made. */
static int end_with(struct listing_job *job, const char *name, const char *problem)
{
    job->status = complain(EXIT_FAILURE, "%s: %s", name, problem);
    return 0;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Checks that what was found until now is of one content, that of the view. */
static int check_table(const struct view *view, const struct view_file *file)
{
    const struct reading *reading = file->reading;
    int error = reading_confirm(reading);

    if (error == 0 && generation_version(reading->generation).revision != reading->version.revision)
        return -ESTALE;
    return error != 0 ? error : view_file_confirm(file, view);
}

/* Writes what there is, once it is certain. */
static int write_out(struct listing_job *job, const struct view *view, const struct view_file *file)
{
    int error = check_table(view, file);
    if (error != 0)
        return error;
    error = standard_output_write(job->text, job->used);
    if (error != 0)
        job->status = standard_output_complain(error);
    job->used = 0;
    job->began = true;
    return 0;
}

/* A piece that has just disappeared does not end the table; a wrong index is made anew. */
static int as_change(int error)
{
    return error == -ENOENT || error == -WRONG_INDEX ? -ESTALE : error;
}

static int write_rows(struct listing_job *job, const struct view *view,
                      const struct view_file *file, const char *extension)
{
    const bool whole = tsv_is_computed(view, &file->reading->version.file);
    struct selector selector;
    struct table_row row;
    uint64_t cursor = 0;
    uint64_t rows = 0;
    int error = 0;

    job->used = job->form->begin(view, job->text);
    while (error == 0 && job->status == 0) {
        error = view_next(view, file, &cursor, &selector);
        if (error == -NO_MORE_PIECES)
            break;
        if (error == 0)
            error = table_row_find(view, file, extension, &selector, whole, &row);
        if (error == 0)
            job->used += job->form->row(view, &row, rows++, job->text + job->used);
        if (error == 0 && job->used >= STEP)
            error = write_out(job, view, file);
    }
    if (job->status != 0 || (error != 0 && error != -NO_MORE_PIECES))
        return as_change(error);
    job->used += job->form->end(rows, job->text + job->used);
    return write_out(job, view, file);
}

/* --- finding ---------------------------------------------------------------------------------- */

/* Says what to write instead of the name of a piece, or of a table, as a mount has them. */
static bool refuse_name_in_mount(struct listing_job *job, const struct view_defaults *defaults)
{
    const char *given = job->options->view;
    const char *slash = strchr(job->view_name, '/');
    const char *end = slash != NULL ? slash : strrchr(job->view_name, '.');
    struct view view;

    if (end == NULL ||
        view_parse(job->view_name, (size_t)(end - job->view_name), defaults, &view) != 0)
        return false;
    if (slash != NULL && slash[1] != '\0')
        job->status = complain(EXIT_FAILURE, "%s: is a piece and has no table: give its view, %.*s",
                               given, (int)(end - given), given);
    else
        job->status = complain(EXIT_FAILURE, "%s: no such view: write %.*s", given,
                               (int)(end - given), given);
    return true;
}

/* Says why a name means no view of this file, and what to do. */
static int refuse_listed_view(struct listing_job *job, const struct source *source,
                              const struct view_defaults *defaults)
{
    const char *name = job->view_name;
    struct name_reason reason;

    if (piece_name_find_single(source->extension, name) != NULL)
        return end_with(job, job->options->view,
                        "is one piece and has no table: give a view of pieces, such as lines@n16");
    if (refuse_name_in_mount(job, defaults))
        return 0;
    name_reason_of_view(name, strlen(name), defaults, &reason);
    job->status = complain(EXIT_FAILURE, "%s: no such view: %s", job->options->view, reason.text);
    return 0;
}

/* The view that is meant. Returns whether there is one; else it has said why not. */
static bool find_listed_view(struct listing_job *job, const struct source *source,
                             struct view *view)
{
    const char *name = job->view_name;
    const struct view_defaults defaults =
        settings_views_of(&job->options->settings, source->extension);

    if (view_parse(name, strlen(name), &defaults, view) != 0) {
        (void)refuse_listed_view(job, source, &defaults);
        return false;
    }
    if (view->type->is_of_files && content_is_held(source->content)) {
        (void)end_with(job, job->options->view, "plain/ does not have this view");
        return false;
    }
    return true;
}

/* Finds what the view is of, and its index, which is made if it is not there. */
static int complete(struct index_maker *maker, const struct view *view, struct view_file *file)
{
    struct progress progress;
    int error = view_file_complete(file, view, &maker->directory);

    for (int i = 0; i < WAITS && error == -AWAITS_INDEX; i++) {
        progress_begin(&progress, maker->shown);
        error = index_maker_wait(maker, file->reading, &progress);
        progress_end(&progress);
        if (error == 0)
            error = view_file_complete(file, view, &maker->directory);
    }
    return error == -AWAITS_INDEX || error == -WRONG_INDEX ? -TRY_AGAIN : error;
}

/* Lists a view of a file, or of what it holds. */
static int list_content(struct index_maker *maker, struct listing_job *job, const struct view *view,
                        const struct reading *reading)
{
    struct view_file file = {.reading = reading, .size = reading->size};
    struct name_reason reason;

    int error = complete(maker, view, &file);
    if (error == -ENOENT) {
        name_reason_of_span(view, reading->size, &reason);
        return end_with(job, job->options->view, reason.text);
    }
    if (error == 0)
        error = write_rows(job, view, &file, reading->source->extension);
    record_index_unref(file.index);
    if (error == -ESTALE && view_is_pinned(view) && !job->began)
        return end_with(job, job->options->view, "the file does not have the content of pin= now");
    return error;
}

/* An attempt: once something has been written, there is no other. */
static int list_once(struct index_maker *maker, struct source *source, void *argument)
{
    AUTO_READING struct reading reading = {.source = NULL};
    struct listing_job *job = argument;
    struct progress progress;
    struct view view;

    if (!find_listed_view(job, source, &view))
        return 0;
    maker->format = view.format;
    progress_begin(&progress, maker->shown);
    int error = index_maker_open(maker, source, &progress, &reading);
    progress_end(&progress);
    if (error != 0)
        return error;
    if (reading.size == 0 && !content_is_held(source->content))
        error = empty_file_check(&reading);
    if (error == 0)
        error = list_content(maker, job, &view, &reading);
    if (error == 0 || !job->began)
        return error;
    return end_with(job, job->options->file, file_trouble_text(troubles, error));
}

/* --- the file --------------------------------------------------------------------------------- */

/* The source to list: with plain/ before the view it is of what the file holds. */
static int choose_source(struct listing_job *job, struct lone_source *lone, struct source **chosen)
{
    static const char plain[] = "plain/";
    AUTO_READING struct reading reading = {.source = NULL};

    job->view_name = job->options->view;
    if (strncmp(job->view_name, plain, strlen(plain)) != 0) {
        *chosen = source_ref(lone->file);
        return 0;
    }
    job->view_name += strlen(plain);
    int error = lone_source_held(lone, chosen);
    if (error != 0 || *chosen != NULL)
        return error;
    error = reading_open(lone->file, NULL, &reading, NULL);
    if (error != 0)
        return error == -ESTALE ? -EISDIR : error;
    return end_with(job, job->options->file,
                    "is not a gzip, zstd or xz file: leave out plain/ before the view");
}

static int list_file(struct index_maker *maker, struct listing_job *job)
{
    AUTO_LONE_SOURCE struct lone_source lone;
    AUTO_FREE char *copy = printable(job->options->file);
    struct source *source = NULL;

    int error = lone_source_open(&lone, job->options->file, &job->options->settings);
    if (error != 0)
        return error;
    maker->name = job->options->file;
    maker->shown = printable_or(copy);
    index_maker_watch(maker, &lone.pool);
    error = choose_source(job, &lone, &source);
    if (error == 0 && source != NULL)
        error = index_maker_try(maker, source, list_once, job);
    source_unref(source);
    return error;
}

int list_command(const struct options *options)
{
    AUTO_FREE char *text = malloc(ROOM);
    struct listing_job job = {.options = options, .text = text};
    struct index_maker maker;

    if (text == NULL)
        return complain_of_memory();
    job.form = options->json ? &table_as_json : &table_as_text;
    if (strcmp(options->file, "-") == 0)
        return complain(EXIT_FAILURE, "-: standard input cannot be listed: give a file");
    int status = index_maker_start(&maker, options, INDEX_BLOCK, false);
    if (status != 0)
        return status;
    int error = list_file(&maker, &job);
    index_maker_stop(&maker);
    if ((error == -ENOENT || error == -EIO) && maker.told) /* it said why */
        return EXIT_FAILURE;
    if (error != 0)
        return complain(EXIT_FAILURE, "%s: %s", options->file, file_trouble_text(troubles, error));
    return job.status;
}
