/* SPDX-License-Identifier: MIT */
#include "fs/command/index_one.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/base/printable.h"
#include "core/content/contents.h"
#include "core/format/record_formats.h"
#include "core/view/view.h"
#include "fs/command/complaint.h"
#include "fs/command/file_trouble.h"

static const struct file_trouble troubles[] = {
    {TRY_AGAIN, "is rewritten while it is counted: index it when nothing writes to it"},
    {ESTALE, "is rewritten while it is counted: index it when nothing writes to it"},
    {MET_OURSELVES, "is in a mount of bigfs: give what that shows"},
    {SIZE_UNTOLD, "does not tell its size: index a copy of it"},
    {0, NULL},
};

void index_one_fail(struct index_tally *tally, const char *name, int error)
{
    tally->failed++;
    (void)complain(EXIT_FAILURE, "%s: %s", name, file_trouble_text(troubles, error));
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
static const struct content_type *content_to_index(const struct index_maker *maker,
                                                   struct source *file)
{
    AUTO_READING struct reading reading = {.source = NULL};
    bool certain = false;
    const struct content_type *held = NULL;

    if (reading_open(file, &maker->interruption.cancel, &reading, NULL) == 0)
        held = content_held_by(&reading, &certain);
    return held != NULL ? held : content_types[0];
}

static int make_one(struct index_maker *maker, struct source_pool *pool, const char *path)
{
    struct source *file = source_new(pool, path, content_types[0]);
    struct source *source =
        file != NULL ? source_new(pool, path, content_to_index(maker, file)) : NULL;
    int error = -ENOMEM;

    atomic_store(&pool->bytes_scanned, 0);
    if (source != NULL) {
        maker->format = format_of_rows(&maker->options->settings, source->extension);
        error = index_maker_index(maker, source);
    }
    source_unref(source);
    source_unref(file);
    return error;
}

static void tell_interruption(const struct index_maker *maker, int error)
{
    const char *of = maker->counts_again ? " of the second count, of a file that has changed" : "";
    char percent[32] = "less than 1";

    if (maker->percent > 0)
        (void)snprintf(percent, sizeof(percent), "%u", maker->percent);
    if (error == -KEPT_PART)
        (void)complain(EXIT_FAILURE,
                       "%s: interrupted at %s%%%s: kept what was counted; run the same command to "
                       "go on",
                       maker->name, percent, of);
    else
        (void)complain(EXIT_FAILURE, "%s: interrupted at %s%%%s: nothing new could be kept",
                       maker->name, percent, of);
}

/* Whether a file that was met in a walk may be passed over without a word, or with the one said. */
static bool may_pass_over(const struct index_maker *maker, int error)
{
    return error == -ENOENT && (!maker->told || maker->has_no_plain);
}

void index_one(struct index_maker *maker, struct source_pool *pool, const char *path,
               const char *name, bool is_met, struct index_tally *tally)
{
    AUTO_FREE char *shown = printable(name);

    maker->name = name;
    maker->shown = printable_or(shown);
    maker->told = maker->has_no_plain = false;
    const int error = make_one(maker, pool, path);

    if (error == 0 && maker->was_known)
        tally->known++;
    else if (error == 0)
        tally->made++;
    else if (error == -KEPT_PART || error == -CANCELLED)
        tell_interruption(maker, error);
    else if (is_met && may_pass_over(maker, error))
        tally->no_plain += maker->told ? 1 : 0;
    else if (error == -OVER_SPACE || ((error == -ENOENT || error == -EIO) && maker->told))
        /* it said why */
        tally->failed++;
    else
        index_one_fail(tally, name, error);
}
