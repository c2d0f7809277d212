/* SPDX-License-Identifier: MIT */
#include "fs/command/option_tell.h"

#include <inttypes.h>

#include "core/base/quantity.h"

/* Of an option that has one value, which any user may know. */
static enum option_told told_once(size_t number)
{
    return number == 0 ? TOLD_TO_ALL : TOLD_NOTHING;
}

static enum option_told told_size(size_t number, FILE *out, uint64_t size)
{
    char text[QUANTITY_MOST];
    quantity_write_size(size, text);
    (void)fputs(text, out);
    return told_once(number);
}

enum option_told tell_chunk_size(const struct options *options, size_t number, FILE *out)
{
    return told_size(number, out, options->settings.views.chunk_size);
}

enum option_told tell_rows(const struct options *options, size_t number, FILE *out)
{
    char text[QUANTITY_MOST];
    quantity_write_count(options->settings.views.rows, text);
    (void)fputs(text, out);
    return told_once(number);
}

enum option_told tell_min_size(const struct options *options, size_t number, FILE *out)
{
    return told_size(number, out, options->settings.min_size);
}

enum option_told tell_views(const struct options *options, size_t number, FILE *out)
{
    const char *before = "";

    for (size_t i = 0; view_types[i] != NULL; i++) {
        if (!options->settings.listed[i])
            continue;
        (void)fprintf(out, "%s%s", before, view_types[i]->name);
        before = ",";
    }
    return told_once(number);
}

enum option_told tell_header(const struct options *options, size_t number, FILE *out)
{
    const uint64_t header = options->settings.views.header;
    (void)fprintf(out, "%" PRIu64, header);
    return header > 0 ? told_once(number) : TOLD_NOTHING;
}

enum option_told tell_format(const struct options *options, size_t number, FILE *out)
{
    const struct usual_formats *formats = &options->settings.formats;
    if (number >= formats->count)
        return TOLD_NOTHING;
    (void)fprintf(out, "%s=%s", formats->rows[number].extension, formats->rows[number].name);
    return TOLD_TO_ALL;
}

enum option_told tell_record(const struct options *options, size_t number, FILE *out)
{
    const struct patterns *patterns = &options->settings.patterns;
    if (number >= patterns->count)
        return TOLD_NOTHING;
    const struct record_format *format = patterns->formats[number];
    (void)fprintf(out, "%s=%s", format->name, format->expression);
    return TOLD_TO_ALL;
}

enum option_told tell_index_dir(const struct options *options, size_t number, FILE *out)
{
    const char *directory = options->settings.index_dir;
    (void)fputs(directory != NULL ? directory : "none", out);
    return number == 0 ? TOLD_TO_OWNER : TOLD_NOTHING;
}

enum option_told tell_index_space(const struct options *options, size_t number, FILE *out)
{
    return told_size(number, out, options->settings.index_space);
}

enum option_told tell_window_size(const struct options *options, size_t number, FILE *out)
{
    return told_size(number, out, options->settings.window_size);
}

enum option_told tell_window_total(const struct options *options, size_t number, FILE *out)
{
    return told_size(number, out, options->settings.window_total);
}

enum option_told tell_decode_memory(const struct options *options, size_t number, FILE *out)
{
    return told_size(number, out, options->settings.decode_memory);
}

enum option_told tell_cache(const struct options *options, size_t number, FILE *out)
{
    (void)fputs(cache_mode_name(options->settings.cache), out);
    return told_once(number);
}

enum option_told tell_extents(const struct options *options, size_t number, FILE *out)
{
    (void)fputs(extent_method_name(options->settings.extents), out);
    return told_once(number);
}

enum option_told tell_threads(const struct options *options, size_t number, FILE *out)
{
    (void)fprintf(out, "%u", options->settings.threads);
    return told_once(number);
}

enum option_told tell_log_level(const struct options *options, size_t number, FILE *out)
{
    (void)fputs(log_level_name(options->log_level), out);
    return told_once(number);
}

enum option_told tell_foreground(const struct options *options, size_t number, FILE *out)
{
    (void)out;
    return options->foreground ? told_once(number) : TOLD_NOTHING;
}

enum option_told tell_debug(const struct options *options, size_t number, FILE *out)
{
    (void)out;
    return options->debug ? told_once(number) : TOLD_NOTHING;
}

/* What goes on to libfuse: the name of the program, and then pairs of "-o" and a list. */
enum option_told tell_passed_on(const struct options *options, size_t number, FILE *out)
{
    const size_t list = 2 * number + 2;
    if (list >= (size_t)options->fuse.argc)
        return TOLD_NOTHING;
    (void)fputs(options->fuse.argv[list], out);
    return TOLD_TO_OWNER; /* as fsname=PATH */
}
