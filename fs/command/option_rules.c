/* SPDX-License-Identifier: MIT */
#include "fs/command/option_rules.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/quantity.h"
#include "core/view/view_argument.h"
#include "fs/command/complaint.h"
#include "fs/command/modes.h"
#include "fs/command/option_tell.h"

enum { MOST_THREADS = 512 };

#define A_SIZE "a SIZE from 1, such as 512K, 64M or 2G"
#define A_COUNT "a COUNT from 1, such as 5000, 100K or 2M"
#define A_FORMAT "EXT=FORMAT, such as csv=csv, tsv=csv=tab or fq=fastq"
#define A_RECORD "NAME=REGEX, such as entry=[0-9]{4}-"
#define A_LEVEL "error, warning, notice, info or debug"
#define SOME_OPTIONS "mount options, such as allow_other"
#define A_SIZE_OR_0 "a SIZE, such as 64M, or 0"
#define A_DIRECTORY "a directory, or none"
#define SOME_EXTENTS "auto, seek, fiemap or none"
#define SOME_RECORDS "a number of records from 1"
#define SOME_THREADS "a number from 1 to 512"
#define SOME_VIEWS "a list of bytes, lines, rows, extents and whole"

static int parse_size_from_one(const char *value, uint64_t *size)
{
    int error = quantity_parse_size(value, strlen(value), size);
    return error == 0 && *size > 0 ? 0 : -EINVAL;
}

static int parse_count_from_one(const char *value, uint64_t *count)
{
    int error = quantity_parse_count(value, strlen(value), count);
    return error == 0 && *count > 0 ? 0 : -EINVAL;
}

static int parse_number_from_one(const char *value, uint64_t *number)
{
    int error = quantity_parse_number(value, strlen(value), number);
    return error == 0 && *number > 0 ? 0 : -EINVAL;
}

static int set_chunk_size(struct options *options, const char *value)
{
    return parse_size_from_one(value, &options->settings.views.chunk_size);
}

static int set_rows(struct options *options, const char *value)
{
    return parse_count_from_one(value, &options->settings.views.rows);
}

static int set_min_size(struct options *options, const char *value)
{
    options->min_size_given = true;
    return quantity_parse_size(value, strlen(value), &options->settings.min_size) == 0 ? 0
                                                                                       : -EINVAL;
}

static int set_views(struct options *options, const char *value)
{
    bool *listed = options->settings.listed;

    memset(listed, 0, sizeof(options->settings.listed));
    for (;;) {
        size_t length = strcspn(value, ",:");
        size_t type = view_type_named(value, length);
        if (view_types[type] == NULL || view_types[type]->is_found_only)
            return -EINVAL;
        listed[type] = true;
        if (value[length] == '\0')
            return 0;
        value += length + 1;
    }
}

static int set_header(struct options *options, const char *value)
{
    return parse_number_from_one(value != NULL ? value : "1", &options->settings.views.header);
}

static int add_format(struct options *options, const char *value)
{
    return usual_formats_add(&options->settings.formats, value);
}

/* Makes the pattern that NAME=REGEX says. Changes the text. */
static int make_pattern(char *text, struct record_format **pattern)
{
    const char *wrong = NULL;
    char *equals = strchr(text, '=');
    if (equals == NULL || equals[1] == '\0')
        return -EINVAL;
    *equals = '\0';
    if (!view_argument_may_name_pattern(text))
        return complain(EXIT_USAGE,
                        "--record: the name %s cannot be used: give a lower-case letter and "
                        "then letters, digits, - and _, at most 64 in all, and no name that has "
                        "a meaning already",
                        text);
    int error = pattern_new(text, equals + 1, pattern, &wrong);
    if (error == -EINVAL)
        return complain(EXIT_USAGE,
                        "--record=%s=%s: %s: give a POSIX extended regular expression (in -o, with "
                        "a backslash before each comma)",
                        text, equals + 1, wrong);
    return error;
}

static int add_record(struct options *options, const char *value)
{
    struct record_format *pattern = NULL;
    AUTO_FREE char *text = strdup(value);
    if (text == NULL)
        return -ENOMEM;
    int error = make_pattern(text, &pattern);
    if (error != 0)
        return error;
    error = patterns_add(&options->settings.patterns, pattern);
    if (error == -EEXIST)
        error = complain(EXIT_USAGE, "--record: %s is given twice: use another name", text);
    if (error != 0)
        pattern_free(pattern);
    return error;
}

static int set_index_dir(struct options *options, const char *value)
{
    char **directory = &options->settings.index_dir;

    if (value[0] == '\0')
        return -EINVAL;
    free(steal_pointer(directory));
    options->index_dir_given = true;
    if (strcmp(value, "none") == 0)
        return 0;
    *directory = strdup(value);
    return *directory != NULL ? 0 : -ENOMEM;
}

static int set_index_space(struct options *options, const char *value)
{
    return parse_size_from_one(value, &options->settings.index_space);
}

static int set_window_size(struct options *options, const char *value)
{
    uint64_t *size = &options->settings.window_size;
    int error = parse_size_from_one(value, size);
    /* Sums of a few sizes must not wrap. */
    return error == 0 && *size <= SIZE_MAX / 4 ? 0 : -EINVAL;
}

static int set_window_total(struct options *options, const char *value)
{
    return parse_size_from_one(value, &options->settings.window_total);
}

static int set_decode_memory(struct options *options, const char *value)
{
    return parse_size_from_one(value, &options->settings.decode_memory);
}

static int set_cache(struct options *options, const char *value)
{
    options->settings.cache = strcmp(value, "none") == 0 ? CACHE_NONE : CACHE_KERNEL;
    return options->settings.cache == CACHE_NONE || strcmp(value, "kernel") == 0 ? 0 : -EINVAL;
}

static int set_extents(struct options *options, const char *value)
{
    options->settings.extents = extent_method_named(value);
    return options->settings.extents != EXTENT_METHODS ? 0 : -EINVAL;
}

static int set_threads(struct options *options, const char *value)
{
    uint64_t threads = 0;
    int error = parse_number_from_one(value, &threads);
    if (error != 0 || threads > MOST_THREADS)
        return -EINVAL;
    options->settings.threads = (unsigned)threads;
    return 0;
}

static int choose_index(struct options *options, const char *value)
{
    (void)value;
    return mode_choose(options, MODE_INDEX);
}

static int set_foreground(struct options *options, const char *value)
{
    (void)value;
    options->foreground = true;
    return 0;
}

static int set_debug(struct options *options, const char *value)
{
    (void)value;
    options->foreground = options->debug = true;
    return 0;
}

static int set_log_level(struct options *options, const char *value)
{
    return log_level_named(value, &options->log_level) ? 0 : -EINVAL;
}

static int choose_list(struct options *options, const char *value)
{
    (void)value;
    return mode_choose(options, MODE_LIST);
}

static int choose_unmount(struct options *options, const char *value)
{
    (void)value;
    return mode_choose(options, MODE_UNMOUNT);
}

static int set_json(struct options *options, const char *value)
{
    (void)value;
    options->json = true;
    return 0;
}

static int choose_help(struct options *options, const char *value)
{
    if (value != NULL && strcmp(value, "all") != 0)
        return -EINVAL;
    options->help_all = value != NULL;
    return mode_choose(options, MODE_HELP);
}

static int choose_version(struct options *options, const char *value)
{
    (void)value;
    return mode_choose(options, MODE_VERSION);
}

/* Flags that mount(8) passes on. They mean nothing to a read-only mount, and libfuse refuses them.
 */
static const char *const flags_without_meaning[] = {
    "relatime",   "norelatime", "strictatime", "nostrictatime", "diratime",
    "nodiratime", "lazytime",   "nolazytime",  "iversion",      "noiversion",
    "mand",       "nomand",     "silent",      "loud",
};

static bool is_without_meaning(const char *word)
{
    for (size_t i = 0; i < sizeof(flags_without_meaning) / sizeof(flags_without_meaning[0]); i++)
        if (strcmp(word, flags_without_meaning[i]) == 0)
            return true;
    return false;
}

/* Passes a mount option on to libfuse, with commas and backslashes escaped again. */
static int pass_on(struct options *options, const char *word)
{
    char *list = NULL;
    if (is_without_meaning(word))
        return 0;
    int failed = fuse_opt_add_opt_escaped(&list, word);
    if (failed == 0)
        failed = fuse_opt_add_arg(&options->fuse, "-o");
    if (failed == 0)
        failed = fuse_opt_add_arg(&options->fuse, list);
    free(list);
    return failed != 0 ? -ENOMEM : 0;
}

enum {
    MOUNT = OPTION_IN(MODE_MOUNT),
    INDEX = OPTION_IN(MODE_INDEX),
    LIST = OPTION_IN(MODE_LIST),
    MADE = MOUNT | INDEX, /* what is large */
    SHOW = MOUNT | LIST,  /* what concerns views */
    READ = MOUNT | INDEX | LIST,
    ANY = OPTION_IN(MODES) - 1,
};

const struct option_rule option_rules[] = {
    /* clang-format off */
    {"chunk-size",    0,   true,  READ,  ARGUMENT_REQUIRED, set_chunk_size,    tell_chunk_size,    A_SIZE},
    {"rows",          0,   true,  SHOW,  ARGUMENT_REQUIRED, set_rows,          tell_rows,          A_COUNT},
    {"min-size",      0,   true,  MADE,  ARGUMENT_REQUIRED, set_min_size,      tell_min_size,      A_SIZE_OR_0},
    {"views",         0,   true,  MOUNT, ARGUMENT_REQUIRED, set_views,         tell_views,         SOME_VIEWS},
    {"header",        0,   true,  SHOW,  ARGUMENT_OPTIONAL, set_header,        tell_header,        SOME_RECORDS},
    {"format",        0,   true,  READ,  ARGUMENT_REQUIRED, add_format,        tell_format,        A_FORMAT},
    {"record",        0,   true,  READ,  ARGUMENT_REQUIRED, add_record,        tell_record,        A_RECORD},
    {"index-dir",     0,   true,  READ,  ARGUMENT_REQUIRED, set_index_dir,     tell_index_dir,     A_DIRECTORY},
    {"index-space",   0,   true,  READ,  ARGUMENT_REQUIRED, set_index_space,   tell_index_space,   A_SIZE},
    {"window-size",   0,   true,  READ,  ARGUMENT_REQUIRED, set_window_size,   tell_window_size,   A_SIZE},
    {"window-total",  0,   true,  READ,  ARGUMENT_REQUIRED, set_window_total,  tell_window_total,  A_SIZE},
    {"decode-memory", 0,   true,  READ,  ARGUMENT_REQUIRED, set_decode_memory, tell_decode_memory, A_SIZE},
    {"cache",         0,   true,  MOUNT, ARGUMENT_REQUIRED, set_cache,         tell_cache,         "kernel or none"},
    {"extents",       0,   true,  READ,  ARGUMENT_REQUIRED, set_extents,       tell_extents,       SOME_EXTENTS},
    {"threads",       0,   true,  MOUNT, ARGUMENT_REQUIRED, set_threads,       tell_threads,       SOME_THREADS},
    {"log-level",     0,   true,  MOUNT, ARGUMENT_REQUIRED, set_log_level,     tell_log_level,     A_LEVEL},
    {"foreground",    'f', true,  MOUNT, ARGUMENT_NONE,     set_foreground,    tell_foreground,    NULL},
    {"debug",         'd', true,  MOUNT, ARGUMENT_NONE,     set_debug,         tell_debug,         NULL},
    {NULL,            'o', false, MOUNT, ARGUMENT_LIST,     pass_on,           tell_passed_on,     SOME_OPTIONS},
    {"index",         0,   false, ANY,   ARGUMENT_NONE,     choose_index,      NULL,               NULL},
    {"list",          0,   false, ANY,   ARGUMENT_NONE,     choose_list,       NULL,               NULL},
    {"json",          0,   false, LIST,  ARGUMENT_NONE,     set_json,          NULL,               NULL},
    {"unmount",       0,   false, ANY,   ARGUMENT_NONE,     choose_unmount,    NULL,               NULL},
    {"help",          'h', false, ANY,   ARGUMENT_OPTIONAL, choose_help,       NULL,               "all, or nothing"},
    {"version",       'V', false, ANY,   ARGUMENT_NONE,     choose_version,    NULL,               NULL},
    /* clang-format on */
};

bool option_has_meaning(const struct option_rule *rule, enum mode_number mode)
{
    return modes[mode].is_enough || (rule->modes & OPTION_IN(mode)) != 0;
}

bool option_needs_value(const struct option_rule *rule)
{
    return rule->argument == ARGUMENT_REQUIRED || rule->argument == ARGUMENT_LIST;
}

static_assert(sizeof(option_rules) / sizeof(option_rules[0]) == OPTION_RULES,
              "OPTION_RULES says how many rows the table has");
