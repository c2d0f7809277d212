/* SPDX-License-Identifier: MIT */
/*
 * fs/command/options and its parts: every option in each of its forms, and every message.
 *
 * This program is linked with --wrap=strdup, so that memory can run out.
 */
#include "tests/unit/support.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/codec/codec.h"
#include "core/content/contents.h"
#include "core/format/pattern_automaton.h"
#include "core/view/view_types.h"
#include "fs/command/complaint.h"
#include "fs/command/help.h"
#include "fs/command/modes.h"
#include "fs/command/option_rules.h"
#include "fs/command/options.h"
#include "tests/unit/capture.h"

#define K 1024ull
#define M (1024 * K)
#define G (1024 * M)
#define T (1024 * G)
#define LARGEST "9223372036854775807"

enum { MOST_WORDS = 64 };

/* Memory */

static int copies_left = -1; /* how many calls of strdup(3) succeed; -1: all */

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

char *__wrap_strdup(const char *text)
{
    if (copies_left == 0) {
        errno = ENOMEM;
        return NULL;
    }
    copies_left -= copies_left > 0 ? 1 : 0;
    return __real_strdup(text);
}

/* Command lines */

struct command {
    int argc;
    char *argv[MOST_WORDS + 1]; /* copies, so that what is read beyond them or kept is seen */
    struct options options;
    int status;
    char said[4096]; /* on standard error */
};

/* Parses `words`, which end with NULL; argv[0] is added. */
static struct command *parse_words(const char *const *words)
{
    static struct command command;

    command = (struct command){.argc = 1, .argv = {__real_strdup("bigfs")}};
    for (; *words != NULL && command.argc < MOST_WORDS; words++)
        command.argv[command.argc++] = __real_strdup(*words);
    struct capture capture = capture_begin(STDERR_FILENO);
    command.status = options_parse(&command.options, command.argc, command.argv);
    (void)snprintf(command.said, sizeof(command.said), "%.*s", (int)sizeof(command.said) - 1,
                   capture_end(&capture));
    return &command;
}

#define PARSE(...) parse_words((const char *const[]){__VA_ARGS__, NULL})

/* Frees what a command line took. Nothing that the options own may refer to it. */
static void command_free(struct command *command)
{
    for (int i = 0; i < command->argc; i++)
        free(command->argv[i]);
    options_free(&command->options);
}

static struct command *accepted(struct command *command)
{
    assert_string_equal(command->said, "");
    assert_int_equal(command->status, 0);
    return command;
}

static void assert_refused(struct command *command, int status, const char *said)
{
    assert_string_equal(command->said, said);
    assert_int_equal(command->status, status);
    command_free(command);
}

/* All that went on to libfuse, with spaces between the words. */
static const char *passed_on(const struct command *command)
{
    static char words[1024];
    const struct fuse_args *arguments = &command->options.fuse;

    words[0] = '\0';
    for (int i = 0; i < arguments->argc; i++)
        (void)snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
                       i > 0 ? " " : "", arguments->argv[i]);
    assert_null(arguments->argv[arguments->argc]);
    return words;
}

/* Values */

static uint64_t get_chunk_size(const struct options *options)
{
    return options->settings.views.chunk_size;
}

static uint64_t get_rows(const struct options *options)
{
    return options->settings.views.rows;
}

static uint64_t get_header(const struct options *options)
{
    return options->settings.views.header;
}

static uint64_t get_min_size(const struct options *options)
{
    return options->settings.min_size;
}

static uint64_t get_index_space(const struct options *options)
{
    return options->settings.index_space;
}

static uint64_t get_window_size(const struct options *options)
{
    return options->settings.window_size;
}

static uint64_t get_window_total(const struct options *options)
{
    return options->settings.window_total;
}

static uint64_t get_decode_memory(const struct options *options)
{
    return options->settings.decode_memory;
}

static uint64_t get_cache(const struct options *options)
{
    return options->settings.cache;
}

static uint64_t get_extents(const struct options *options)
{
    return options->settings.extents;
}

static uint64_t get_log_level(const struct options *options)
{
    return options->log_level;
}

static uint64_t get_threads(const struct options *options)
{
    return options->settings.threads;
}

/* The views that a listing shows, as letters would say them: b l r e w, in this order, as bits. */
static uint64_t get_views(const struct options *options)
{
    static const char *const names[] = {"bytes", "lines", "rows", "extents", "whole"};
    uint64_t bits = 0;
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        if (options->settings.listed[view_type_named(names[i], strlen(names[i]))])
            bits |= 1u << i;
    return bits;
}

enum { BYTES = 1, LINES = 2, ROWS = 4, EXTENTS = 8, WHOLE = 16, ALL_VIEWS = 31 };

/* Whether the index directory is /one,two\three: 1; whether there is none: 0. */
static uint64_t get_index_dir(const struct options *options)
{
    const char *directory = options->settings.index_dir;
    assert_true(options->index_dir_given);
    if (directory != NULL)
        assert_string_equal(directory, "/one,two\\three");
    return directory != NULL;
}

struct valid {
    const char *name;
    const char *value;
    uint64_t (*get)(const struct options *options);
    uint64_t wanted;
};

static const struct valid valid[] = {
    {"chunk-size", "1", get_chunk_size, 1},
    {"chunk-size", "64K", get_chunk_size, 64 * K},
    {"chunk-size", "64k", get_chunk_size, 64 * K},
    {"chunk-size", "3m", get_chunk_size, 3 * M},
    {"chunk-size", "2G", get_chunk_size, 2 * G},
    {"chunk-size", "8388607T", get_chunk_size, 8388607 * T},
    {"chunk-size", "00012", get_chunk_size, 12},
    {"chunk-size", LARGEST, get_chunk_size, INT64_MAX},
    {"rows", "1", get_rows, 1},
    {"rows", "100K", get_rows, 100000},
    {"rows", "2m", get_rows, 2000000},
    {"rows", "3G", get_rows, 3000000000},
    {"rows", LARGEST, get_rows, INT64_MAX},
    {"min-size", "0", get_min_size, 0},
    {"min-size", "0K", get_min_size, 0},
    {"min-size", "7T", get_min_size, 7 * T},
    {"min-size", LARGEST, get_min_size, INT64_MAX},
    {"views", "bytes", get_views, BYTES},
    {"views", "rows", get_views, ROWS},
    {"views", "whole,lines", get_views, LINES | WHOLE},
    {"views", "whole:lines", get_views, LINES | WHOLE},
    {"views", "extents,extents", get_views, EXTENTS},
    {"views", "bytes,lines:rows,extents:whole", get_views, ALL_VIEWS},
    {"header", "1", get_header, 1},
    {"header", "20", get_header, 20},
    {"header", LARGEST, get_header, INT64_MAX},
    {"index-dir", "none", get_index_dir, 0},
    {"index-dir", "/one,two\\three", get_index_dir, 1},
    {"index-space", "1", get_index_space, 1},
    {"index-space", "10M", get_index_space, 10 * M},
    {"index-space", LARGEST, get_index_space, INT64_MAX},
    {"window-size", "1", get_window_size, 1},
    {"window-size", "64K", get_window_size, 64 * K},
    {"window-size", "4611686018427387903", get_window_size, SIZE_MAX / 4},
    {"window-total", "1", get_window_total, 1},
    {"window-total", "2g", get_window_total, 2 * G},
    {"window-total", LARGEST, get_window_total, INT64_MAX},
    {"decode-memory", "1", get_decode_memory, 1},
    {"decode-memory", "8M", get_decode_memory, 8 * M},
    {"cache", "kernel", get_cache, CACHE_KERNEL},
    {"cache", "none", get_cache, CACHE_NONE},
    {"extents", "auto", get_extents, EXTENTS_AUTO},
    {"extents", "seek", get_extents, EXTENTS_SEEK},
    {"extents", "fiemap", get_extents, EXTENTS_FIEMAP},
    {"extents", "none", get_extents, EXTENTS_NONE},
    {"threads", "1", get_threads, 1},
    {"threads", "512", get_threads, 512},
    {"log-level", "error", get_log_level, FUSE_LOG_ERR},
    {"log-level", "warning", get_log_level, FUSE_LOG_WARNING},
    {"log-level", "notice", get_log_level, FUSE_LOG_NOTICE},
    {"log-level", "info", get_log_level, FUSE_LOG_INFO},
    {"log-level", "debug", get_log_level, FUSE_LOG_DEBUG},
};

static const char a_size[] = "a SIZE from 1, such as 512K, 64M or 2G";
static const char a_count[] = "a COUNT from 1, such as 5000, 100K or 2M";
static const char some_views[] = "a list of bytes, lines, rows, extents and whole";
static const char some_records[] = "a number of records from 1";
static const char some_levels[] = "error, warning, notice, info or debug";
static const char some_threads[] = "a number from 1 to 512";

struct invalid {
    const char *name;
    const char *wanted;
    const char *values[24];
};

#define NO_SIZES                                                                                   \
    "", "-1", "x", "64X", "64MB", "1.5M", " 1M", "1M ", "1 M", "+1M", "0x10", "M", "KM", "1KK",    \
        "9223372036854775808", "99999999999999999999", "8388608T"

static const struct invalid invalid[] = {
    {"chunk-size", a_size, {NO_SIZES, "0", "0K"}},
    {"rows", a_count, {"", "0", "0K", "-1", "x", "1T", "1.5K", " 1", "9223372037G", "n4"}},
    {"min-size", "a SIZE, such as 64M, or 0", {NO_SIZES}},
    {"views",
     some_views,
     {"", ",", "foo", "bytes,", ",bytes", "bytes,,rows", "byte", "Bytes", "sorted",
      "lines,sorted"}},
    {"header", some_records, {"", "0", "-1", "x", "1K", "1,2", "9223372036854775808"}},
    {"format",
     "EXT=FORMAT, such as csv=csv, tsv=csv=tab or fq=fastq",
     {"", "csv", "=csv", "csv=", ".=csv", "a/b=csv"}},
    {"record", "NAME=REGEX, such as entry=[0-9]{4}-", {"", "entry", "entry="}},
    {"index-dir", "a directory, or none", {""}},
    {"index-space", a_size, {NO_SIZES, "0"}},
    {"window-size", a_size, {NO_SIZES, "0", "4611686018427387904"}},
    {"window-total", a_size, {NO_SIZES, "0"}},
    {"decode-memory", a_size, {NO_SIZES, "0"}},
    {"cache", "kernel or none", {"", "Kernel", "non", "none ", "kernel,none"}},
    {"extents", "auto, seek, fiemap or none", {"", "Auto", "all", "seek,fiemap"}},
    {"log-level", some_levels, {"", "warn", "INFO", "5", "info,debug"}},
    {"threads", some_threads, {"", "0", "513", "-1", "x", "1K", "4294967297", "1.5"}},
};

/* A word of an -o list: the name with underscores, and the value with its commas escaped. */
static const char *word_of(const char *name, const char *value)
{
    static char word[256];
    char *to = word;

    for (; *name != '\0'; name++)
        *to++ = *name == '-' ? '_' : *name;
    if (value != NULL)
        *to++ = '=';
    for (; value != NULL && *value != '\0'; value++) {
        if (*value == ',' || *value == '\\')
            *to++ = '\\';
        *to++ = *value;
    }
    *to = '\0';
    return word;
}

static const char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Formats a text, which stays until the third call after this one. */
static const char *text(const char *format, ...)
{
    static char texts[4][1024];
    static unsigned next;
    char *place = texts[next++ % LENGTH_OF(texts)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(place, sizeof(texts[0]), format, arguments);
    va_end(arguments);
    return place;
}

static void assert_sets(const struct valid *row, struct command *command)
{
    accepted(command);
    if (row->get(&command->options) != row->wanted)
        fail_msg("--%s=%s gives %ju", row->name, row->value,
                 (uintmax_t)row->get(&command->options));
    assert_string_equal(command->options.source, "/source");
    assert_string_equal(command->options.mountpoint, "/point");
    command_free(command);
}

static void test_valid_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(valid); i++) {
        const struct valid *row = &valid[i];
        const char *joined = text("--%s=%s", row->name, row->value);
        const char *word = word_of(row->name, row->value);
        assert_sets(row, PARSE(joined, "/source", "/point"));
        assert_sets(row, PARSE("/source", "/point", joined));
        assert_sets(row, PARSE("/source", joined, "/point"));
        assert_sets(row, PARSE("-o", word, "/source", "/point"));
        assert_sets(row, PARSE("/source", "/point", text("-oro,%s,noexec", word)));
        assert_sets(row, PARSE("-fo", text(",%s,", word), "/source", "/point"));
        assert_sets(row, PARSE("-o", text("%s%s", row->name, strchr(word, '=')), "/source",
                               "/point")); /* with dashes */
        if (strcmp(row->name, "header") != 0)
            assert_sets(row, PARSE(text("--%s", row->name), row->value, "/source", "/point"));
    }
}

static void test_invalid_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(invalid); i++) {
        const struct invalid *row = &invalid[i];
        for (const char *const *value = row->values; *value != NULL; value++) {
            const char *joined = text("--%s=%s", row->name, *value);
            assert_refused(PARSE(joined, "/source", "/point"), EXIT_USAGE,
                           text("bigfs: %s: give %s\n", joined, row->wanted));
            assert_refused(
                PARSE("-o", word_of(row->name, *value), "/source", "/point"), EXIT_USAGE,
                text("bigfs: -o %s=%s: give %s\n", word_of(row->name, NULL), *value, row->wanted));
        }
    }
}

/* Every option that must have a value, in both forms. */
static void test_missing_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(invalid); i++) {
        const struct invalid *row = &invalid[i];
        if (strcmp(row->name, "header") == 0)
            continue;
        assert_refused(PARSE("/source", "/point", text("--%s", row->name)), EXIT_USAGE,
                       text("bigfs: --%s needs a value: give %s\n", row->name, row->wanted));
        assert_refused(
            PARSE("-o", word_of(row->name, NULL), "/source", "/point"), EXIT_USAGE,
            text("bigfs: -o %s needs a value: give %s\n", word_of(row->name, NULL), row->wanted));
    }
    assert_refused(PARSE("/source", "/point", "-o"), EXIT_USAGE,
                   "bigfs: -o needs a value: give mount options, such as allow_other\n");
    assert_refused(PARSE("/source", "/point", "-fo"), EXIT_USAGE,
                   "bigfs: -o needs a value: give mount options, such as allow_other\n");
}

static void test_values_too_many(void **state)
{
    static const char *const names[] = {"index",      "list",  "unmount", "json",
                                        "foreground", "debug", "version"};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        assert_refused(PARSE(text("--%s=1", names[i]), "/source", "/point"), EXIT_USAGE,
                       text("bigfs: --%s takes no value: leave out =1\n", names[i]));
        assert_refused(PARSE(text("--%s=", names[i])), EXIT_USAGE,
                       text("bigfs: --%s takes no value: leave out =\n", names[i]));
    }
    assert_refused(PARSE("-o", "foreground=yes", "/source", "/point"), EXIT_USAGE,
                   "bigfs: -o foreground takes no value: leave out =yes\n");
    assert_refused(PARSE("-o", "debug=", "/source", "/point"), EXIT_USAGE,
                   "bigfs: -o debug takes no value: leave out =\n");
}

/* Every option that takes a value is tested above, and no row contradicts itself. */
static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPTION_RULES; i++) {
        const struct option_rule *rule = &option_rules[i];
        bool tested = !option_needs_value(rule) && rule->argument == ARGUMENT_NONE;
        for (size_t k = 0; k < LENGTH_OF(invalid); k++)
            tested = tested || (rule->name != NULL && strcmp(invalid[k].name, rule->name) == 0);
        assert_true(tested || rule->letter == 'o' || rule->letter == 'h');
        assert_true(rule->name != NULL || rule->letter != 0);
        assert_int_equal(rule->wanted == NULL, rule->argument == ARGUMENT_NONE);
        assert_true(rule->name != NULL || !rule->in_lists);
        assert_true(rule->tell != NULL || !rule->in_lists); /* .bigfs/status has it */
    }
}

/* What settings.in_force has of the options, without those of a line of its own and the defaults.
 */
/* Frees the command. */
static void assert_told(struct command *command, const char *const *expected)
{
    const struct options_in_force *told = &command->options.settings.in_force;
    size_t found = 0;

    for (size_t i = 0; i < told->count; i++)
        if (expected[found] != NULL && strcmp(told->rows[i].text, expected[found]) == 0)
            found++;
    if (expected[found] != NULL)
        fail_msg("not told: %s", expected[found]);
    command_free(command);
}

/* Each option of a mount is told as the command takes it, in the order of the table. */
static void test_told(void **state)
{
    static const char *const usual[] = {
        "--chunk-size 64M",    "--rows 1M",
        "--min-size 64M",      "--views bytes,lines,rows,extents,whole",
        "--index-dir none",    "--index-space 1G",
        "--window-size 64M",   "--window-total 1G",
        "--decode-memory 64M", "--cache kernel",
        "--extents auto",      NULL};
    static const char *const given[] = {"--chunk-size 1000000",
                                        "--rows 5K",
                                        "--min-size 0",
                                        "--views lines,whole",
                                        "--header=2",
                                        "--format csv=csv",
                                        "--format log=entry",
                                        "--record 'entry=[0-9]{4}-.*\\.'",
                                        "--record b=x",
                                        "--index-dir '/a b'",
                                        "--cache none",
                                        "--extents seek",
                                        "--threads 3",
                                        "--foreground",
                                        "--debug",
                                        "-o allow_other",
                                        "-o 'fsname=a\\,b'",
                                        NULL};
    (void)state;

    assert_told(accepted(PARSE("--index-dir=none", "/source", "/point")), usual);
    assert_told(
        accepted(PARSE("--chunk-size=1000000", "--rows=5000", "--min-size=0", "--views=whole,lines",
                       "--header=2", "--format=csv=csv", "--format=.log=entry",
                       "--record=entry=[0-9]{4}-.*\\.", "--record=b=x", "--index-dir=/a b",
                       "--cache=none", "--extents=seek", "--threads=3", "-d", "-o",
                       "allow_other,fsname=a\\,b", "/source", "/point")),
        given);
}

/* What may hold a path is for root and the user who mounted alone. */
static void test_told_to(void **state)
{
    struct command *command = accepted(PARSE("-o", "fsname=/secret", "/source", "/point"));
    const struct options_in_force *told = &command->options.settings.in_force;
    (void)state;

    for (size_t i = 0; i < told->count; i++)
        assert_int_equal(told->rows[i].has_path, strncmp(told->rows[i].text, "-o ", 3) == 0 ||
                                                     strncmp(told->rows[i].text, "--index-dir ",
                                                             strlen("--index-dir ")) == 0);
    command_free(command);
}

static void test_defaults(void **state)
{
    struct command *command = accepted(PARSE("/source", "/point"));
    const struct settings *settings = &command->options.settings;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = processors < 2 ? 8 : processors > 6 ? 24 : 4 * (uint64_t)processors;
    (void)state;

    assert_int_equal(settings->views.chunk_size, 64 * M);
    assert_int_equal(settings->views.rows, 1000000);
    assert_int_equal(settings->views.header, 0);
    assert_int_equal(settings->min_size, 64 * M);
    assert_int_equal(get_views(&command->options), ALL_VIEWS);
    assert_int_equal(settings->window_size, 64 * M);
    assert_int_equal(settings->window_total, G);
    assert_int_equal(settings->decode_memory, 64 * M);
    assert_int_equal(settings->cache, CACHE_KERNEL);
    assert_int_equal(settings->extents, EXTENTS_AUTO);
    assert_int_equal(settings->index_space, G);
    assert_int_equal(settings->threads, threads);
    assert_int_equal(command->options.log_level, FUSE_LOG_NOTICE);
    assert_int_equal(command->options.mode, MODE_MOUNT);
    assert_false(command->options.foreground || command->options.debug);
    assert_null(command->options.files);
    assert_string_equal(passed_on(command), "bigfs");
    command_free(command);
}

/* Flags */

static void assert_flags(struct command *command, const char *wanted)
{
    const struct options *options = &accepted(command)->options;
    const char *mode = modes[options->mode].option;
    assert_string_equal(text("%s%s%s", options->foreground ? "f" : "", options->debug ? "d" : "",
                             mode != NULL ? mode : ""),
                        wanted);
    command_free(command);
}

static void test_flags(void **state)
{
    (void)state;
    assert_flags(PARSE("-f", "/source", "/point"), "f");
    assert_flags(PARSE("--foreground", "/source", "/point"), "f");
    assert_flags(PARSE("/source", "/point", "-o", "foreground"), "f");
    assert_flags(PARSE("-d", "/source", "/point"), "fd");
    assert_flags(PARSE("--debug", "/source", "/point"), "fd");
    assert_flags(PARSE("-odebug", "/source", "/point"), "fd");
    assert_flags(PARSE("-ffdd", "/source", "-d", "/point"), "fd");
    assert_flags(PARSE("-h"), "help");
    assert_flags(PARSE("--help"), "help");
    assert_flags(PARSE("-V"), "version");
    assert_flags(PARSE("--version"), "version");
    assert_flags(PARSE("-fdhV", "one", "two", "three"), "fdhelp");
    assert_flags(PARSE("-Vh"), "version");
    assert_flags(PARSE("--index", "one"), "index");
    assert_flags(PARSE("--index", "--index", "one"), "index");
}

/* Modes */

/* The options that have no meaning in a mode, whatever they say, and wherever they stand. */
struct meaningless {
    const char *mode;
    const char *names[12]; /* with a value if they need one */
};

static const struct meaningless meaningless[] = {
    {"--index",
     {"--rows=1K", "--views=bytes", "--header=2", "--header", "--cache=none", "--threads=3",
      "--log-level=info", "--foreground", "-f", "-d", "--json"}},
    {"--unmount",
     {"--chunk-size=1M", "--rows=1K", "--min-size=0", "--header", "--format=a=csv", "--record=e=x",
      "--index-dir=/a", "--index-space=1G", "--decode-memory=1M", "--extents=seek", "--json"}},
    {"--list",
     {"--min-size=0", "--views=bytes", "--cache=none", "--threads=3", "--foreground", "-f", "-d"}},
};

/* What a message calls an option that is given like this. */
static const char *name_of(const char *word)
{
    return text("%.*s", (int)strcspn(word, "="), word);
}

static void test_options_without_a_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(meaningless); i++) {
        const char *mode = meaningless[i].mode;
        for (const char *const *word = meaningless[i].names; *word != NULL; word++) {
            assert_refused(
                PARSE(mode, "one", *word), EXIT_USAGE,
                text("bigfs: %s has no meaning with %s: leave it out\n", name_of(*word), mode));
            assert_refused(
                PARSE(*word, "-d", mode, "one"), EXIT_USAGE,
                text("bigfs: %s has no meaning with %s: leave it out\n", name_of(*word), mode));
        }
        assert_refused(PARSE(mode, "-o", "cache=none,ro", "one"), EXIT_USAGE,
                       text("bigfs: -o cache has no meaning with %s: leave it out\n", mode));
        assert_refused(PARSE(mode, "one", "-oallow_other"), EXIT_USAGE,
                       text("bigfs: -o allow_other has no meaning with %s: leave it out\n", mode));
        assert_refused(PARSE(mode, "one", "-o", "fsname=x"), EXIT_USAGE,
                       text("bigfs: -o fsname has no meaning with %s: leave it out\n", mode));
    }
}

/* Each option that is not in the list above for a mode is accepted there. */
static void test_options_with_a_meaning(void **state)
{
    (void)state;
    command_free(accepted(PARSE("--index", "--chunk-size=1M", "--min-size=0", "--format=a=csv",
                                "--record=e=x", "--index-dir=/a", "--index-space=1G",
                                "--window-size=1M", "--window-total=1M", "--decode-memory=1M",
                                "--extents=seek", "-o", "index_dir=/b,", "-o", "", "one")));
    command_free(accepted(PARSE(
        "--list", "--chunk-size=1M", "--rows=1K", "--header", "--format=a=csv", "--record=e=x",
        "--index-dir=/a", "--index-space=1G", "--window-size=1M", "--window-total=1M",
        "--decode-memory=1M", "--extents=seek", "--json", "-o", "index_dir=/b", "one", "two")));
    assert_refused(PARSE("--json", "s", "m"), EXIT_USAGE,
                   "bigfs: --json has no meaning without --list: leave it out\n");
    for (size_t i = 0; i < OPTION_RULES; i++)
        for (enum mode_number mode = 0; mode < MODES; mode++)
            if (modes[mode].is_enough)
                assert_true(option_has_meaning(&option_rules[i], mode));
    for (size_t i = 0; i < OPTION_RULES; i++)
        assert_true(option_rules[i].modes != 0);
}

static void test_two_modes(void **state)
{
    (void)state;
    assert_refused(PARSE("--index", "--list", "one", "two"), EXIT_USAGE,
                   "bigfs: --index and --list are two commands: give one of them\n");
    assert_refused(PARSE("--list", "one", "--index"), EXIT_USAGE,
                   "bigfs: --list and --index are two commands: give one of them\n");
    command_free(accepted(PARSE("--list", "--help", "--index")));
    command_free(accepted(PARSE("--version", "--list", "--index")));
}

static void test_a_view_to_list(void **state)
{
    static const char takes_two[] = ": bigfs --list takes a file and a view, as in bigfs --list "
                                    "app.log lines@n16\n";
    (void)state;
    struct command *command = accepted(PARSE("one", "--list", "lines@n3"));
    assert_string_equal(command->options.file, "one");
    assert_string_equal(command->options.view, "lines@n3");
    assert_false(command->options.json);
    command_free(command);
    command = accepted(PARSE("--list", "--json", "one", "lines@n3"));
    assert_true(command->options.json);
    command_free(command);
    assert_refused(PARSE("--list"), EXIT_USAGE, text("bigfs: missing FILE and VIEW%s", takes_two));
    assert_refused(PARSE("--list", "x"), EXIT_USAGE, text("bigfs: missing VIEW%s", takes_two));
    assert_refused(PARSE("--list", "x", "y", "z"), EXIT_USAGE,
                   text("bigfs: too many operands: z%s", takes_two));
    assert_refused(PARSE("--list", "--header", "2", "x", "y"), EXIT_USAGE,
                   "bigfs: --header=2: write a value with =\n");
}

static void test_a_mountpoint_to_unmount(void **state)
{
    static const char takes_one[] = ": bigfs --unmount takes one path, as in bigfs --unmount "
                                    "/mnt/chunks\n";
    (void)state;
    struct command *command = accepted(PARSE("--unmount", "/point"));
    assert_string_equal(command->options.mountpoint, "/point");
    assert_null(command->options.source);
    assert_null(command->options.settings.index_dir); /* none is looked for */
    command_free(command);
    assert_refused(PARSE("--unmount"), EXIT_USAGE, text("bigfs: missing MOUNTPOINT%s", takes_one));
    assert_refused(PARSE("--unmount", "x", "y"), EXIT_USAGE,
                   text("bigfs: too many operands: y%s", takes_one));
}

/* As of a variable that is not set: nothing is looked for, and the line says which it is. */
static void test_empty_operands(void **state)
{
    static const char mount[] = "bigfs takes two paths, as in bigfs /data /mnt/chunks\n";
    static const char index[] = "give the files to index, as in bigfs --index app.log\n";
    static const char list[] = "bigfs --list takes a file and a view, as in bigfs --list app.log "
                               "lines@n16\n";
    static const char unmount[] = "bigfs --unmount takes one path, as in bigfs --unmount "
                                  "/mnt/chunks\n";
    (void)state;
    assert_refused(PARSE("", "/mnt"), EXIT_USAGE, text("bigfs: SOURCE is empty: %s", mount));
    assert_refused(PARSE("/data", ""), EXIT_USAGE, text("bigfs: MOUNTPOINT is empty: %s", mount));
    assert_refused(PARSE("", ""), EXIT_USAGE, text("bigfs: SOURCE is empty: %s", mount));
    assert_refused(PARSE("--index", ""), EXIT_USAGE, text("bigfs: FILE is empty: %s", index));
    assert_refused(PARSE("--index", "a", "b", ""), EXIT_USAGE,
                   text("bigfs: FILE is empty: %s", index));
    assert_refused(PARSE("--list", "", "lines"), EXIT_USAGE,
                   text("bigfs: FILE is empty: %s", list));
    assert_refused(PARSE("--list", "a", ""), EXIT_USAGE, text("bigfs: VIEW is empty: %s", list));
    assert_refused(PARSE("--unmount", ""), EXIT_USAGE,
                   text("bigfs: MOUNTPOINT is empty: %s", unmount));
}

/* The table of modes is whole: each but one has an option, which chooses it. */
static void test_modes(void **state)
{
    (void)state;
    for (enum mode_number mode = 0; mode < MODES; mode++) {
        assert_int_equal(modes[mode].option == NULL, mode == MODE_MOUNT);
        assert_non_null(modes[mode].run);
        assert_int_equal(modes[mode].take == NULL, modes[mode].is_enough);
        assert_int_equal(modes[mode].operands.hint == NULL, modes[mode].is_enough);
        if (mode == MODE_MOUNT)
            continue;
        struct command *command = PARSE(text("--%s", modes[mode].option), "one", "two");
        assert_int_equal(command->options.mode, mode);
        command_free(command);
    }
}

/* --help and --version need nothing else, and look for no directory; a mistake stays one. */
static void test_help_is_enough(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("--help"));
    assert_null(command->options.settings.index_dir);
    assert_null(command->options.source);
    command_free(command);
    command_free(accepted(PARSE("--index", "-h")));
    assert_refused(PARSE("--help", "--foo"), EXIT_USAGE,
                   "bigfs: unknown option --foo: see bigfs --help\n");
}

static void test_header_without_a_value(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("--header", "/source", "/point"));
    assert_int_equal(get_header(&command->options), 1);
    command_free(command);
    command = accepted(PARSE("-o", "header", "/source", "/point"));
    assert_int_equal(get_header(&command->options), 1);
    command_free(command);
}

/* Names */

static void test_unknown_names(void **state)
{
    (void)state;
    assert_refused(PARSE("--foo"), EXIT_USAGE, "bigfs: unknown option --foo: see bigfs --help\n");
    assert_refused(PARSE("--foo=bar=1", "/source", "/point"), EXIT_USAGE,
                   "bigfs: unknown option --foo: see bigfs --help\n");
    assert_refused(PARSE("/source", "/point", "--chunk-sizes", "1M"), EXIT_USAGE,
                   "bigfs: unknown option --chunk-sizes: see bigfs --help\n");
    assert_refused(PARSE("--chunk_size=1M"), EXIT_USAGE,
                   "bigfs: unknown option --chunk_size: see bigfs --help\n");
    assert_refused(PARSE("--=1"), EXIT_USAGE, "bigfs: unknown option --: see bigfs --help\n");
    assert_refused(PARSE("-Z"), EXIT_USAGE, "bigfs: unknown option -Z: see bigfs --help\n");
    assert_refused(PARSE("-fZo", "ro"), EXIT_USAGE, "bigfs: unknown option -Z: see bigfs --help\n");
    assert_refused(PARSE("-:"), EXIT_USAGE, "bigfs: unknown option -:: see bigfs --help\n");
    assert_refused(PARSE("-?"), EXIT_USAGE, "bigfs: unknown option -?: see bigfs --help\n");
}

/* A mistake in the middle of a cluster of letters does not reach into the next command line. */
static void test_a_fresh_start(void **state)
{
    (void)state;
    assert_refused(PARSE("-Zd", "/source"), EXIT_USAGE,
                   "bigfs: unknown option -Z: see bigfs --help\n");
    assert_flags(PARSE("/source", "/point"), "");
}

/* Names that are cut short mean an option if only one starts so. */
static void test_names_cut_short(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("--chu=1M", "--window-t", "2M", "--fore", "s", "m"));
    assert_int_equal(get_chunk_size(&command->options), M);
    assert_int_equal(get_window_total(&command->options), 2 * M);
    assert_true(command->options.foreground);
    command_free(command);
    assert_refused(PARSE("--chu=x"), EXIT_USAGE, text("bigfs: --chunk-size=x: give %s\n", a_size));
    assert_refused(PARSE("--thr"), EXIT_USAGE,
                   text("bigfs: --threads needs a value: give %s\n", some_threads));
    assert_refused(PARSE("--window=1M", "/source", "/point"), EXIT_USAGE,
                   "bigfs: --window may mean more than one option, such as --window-size: write "
                   "the whole name\n");
    assert_refused(PARSE("--he"), EXIT_USAGE,
                   "bigfs: --he may mean more than one option, such as --header: write the whole "
                   "name\n");
    command = accepted(PARSE("--index", "file")); /* though two others start so */
    assert_int_equal(command->options.mode, MODE_INDEX);
    command_free(command);
}

/* Whatever is in a word, the message is one line that commands no terminal. */
static void test_control_characters(void **state)
{
    (void)state;
    assert_refused(PARSE("--one\ntwo"), EXIT_USAGE,
                   "bigfs: unknown option --one\\ntwo: see bigfs --help\n");
    assert_refused(PARSE("--cache=\033[2J"), EXIT_USAGE,
                   "bigfs: --cache=\\x1b[2J: give kernel or none\n");
    assert_refused(PARSE("-o", "cache=\n", "s", "m"), EXIT_USAGE,
                   "bigfs: -o cache=\\n: give kernel or none\n");
    assert_refused(PARSE("-\n"), EXIT_USAGE, "bigfs: unknown option -\\n: see bigfs --help\n");
    assert_refused(PARSE("a", "b", "\r\n"), EXIT_USAGE,
                   "bigfs: too many operands: \\x0d\\n: bigfs takes two paths, as in bigfs /data "
                   "/mnt/chunks\n");
}

/* Lists */

static void assert_passed_on(const char *list, const char *wanted)
{
    struct command *command = accepted(PARSE("-o", list, "/source", "/point"));
    assert_string_equal(passed_on(command), wanted);
    command_free(command);
}

/* What is not an option of bigfs is passed to libfuse, a word at a time, escaped again. */
static void test_passing_on(void **state)
{
    (void)state;
    assert_passed_on("allow_other", "bigfs -o allow_other");
    assert_passed_on("ro,nosuch=1,dev", "bigfs -o ro -o nosuch=1 -o dev");
    assert_passed_on(",,ro,,", "bigfs -o ro");
    assert_passed_on(",", "bigfs");
    assert_passed_on("", "bigfs");
    assert_passed_on("fsname=a\\,b\\\\c d", "bigfs -o fsname=a\\,b\\\\c d");
    assert_passed_on("ro,threads=3,rw", "bigfs -o ro -o rw");
    assert_passed_on("a=b=c,=,threads=3", "bigfs -o a=b=c -o =");
    assert_passed_on("chunk-siz=1,chunk_size_=1,_chunk_size", /* almost names */
                     "bigfs -o chunk-siz=1 -o chunk_size_=1 -o _chunk_size");
    assert_passed_on("help,version,index,f,o,d=1", /* no option in a list */
                     "bigfs -o help -o version -o index -o f -o o -o d=1");
    assert_passed_on("ro,relatime,lazytime,silent,noexec", /* mount(8) passes these on */
                     "bigfs -o ro -o noexec");
    struct command *command = accepted(PARSE("-oro", "s", "-o", "rw", "m"));
    assert_string_equal(passed_on(command), "bigfs -o ro -o rw");
    command_free(command);
}

static void assert_index_dir(const char *list, const char *wanted)
{
    struct command *command = accepted(PARSE("-o", list, "/source", "/point"));
    assert_string_equal(command->options.settings.index_dir, wanted);
    command_free(command);
}

static void test_escapes(void **state)
{
    (void)state;
    assert_index_dir("index_dir=/a\\,b,ro", "/a,b");
    assert_index_dir("index_dir=/a\\\\b", "/a\\b");
    assert_index_dir("index_dir=/a\\\\,ro", "/a\\");
    assert_index_dir("index_dir=/a\\", "/a\\"); /* nothing follows it */
    assert_index_dir("index_dir=/a\\bc", "/abc");
    assert_index_dir("index_dir=/a\\=b=c", "/a=b=c");
    assert_index_dir("index_dir=/_a-b", "/_a-b"); /* only names have underscores for dashes */
    assert_index_dir("index\\_dir=/a", "/a");
    command_free(accepted(PARSE("-o", "views=bytes,whole\\,", "s", "m"))); /* "whole," goes on */
    assert_refused(PARSE("-o", "views=bytes\\,whole\\,", "s", "m"), EXIT_USAGE,
                   text("bigfs: -o views=bytes,whole,: give %s\n", some_views));
}

/* The first mistake counts, and the last value. */
static void test_order_and_repetition(void **state)
{
    (void)state;
    struct command *command =
        accepted(PARSE("--chunk-size=1M", "s", "-o", "chunk_size=2M,chunk_size=3M", "m",
                       "--chunk-size", "4M", "--header=7", "--header", "--views=bytes",
                       "--views=rows", "--cache=none", "--cache=kernel"));
    assert_int_equal(get_chunk_size(&command->options), 4 * M);
    assert_int_equal(get_min_size(&command->options), 4 * M);
    assert_int_equal(get_header(&command->options), 1);
    assert_int_equal(get_views(&command->options), ROWS);
    assert_int_equal(get_cache(&command->options), CACHE_KERNEL);
    command_free(command);
    command = accepted(PARSE("--chunk-size=4M", "s", "m", "-o", "chunk_size=2M"));
    assert_int_equal(get_chunk_size(&command->options), 2 * M);
    command_free(command);
    command = accepted(PARSE("--min-size=0", "--chunk-size=4M", "s", "m"));
    assert_int_equal(get_min_size(&command->options), 0);
    command_free(command);
    assert_refused(PARSE("s", "--cache=x", "m", "--threads=0", "--foo"), EXIT_USAGE,
                   "bigfs: --cache=x: give kernel or none\n");
    assert_refused(PARSE("-o", "ro,cache=x,threads=0", "--foo"), EXIT_USAGE,
                   "bigfs: -o cache=x: give kernel or none\n");
}

/* Each --format is for one extension; the last for the same one wins. */
static void test_formats(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("--format", "csv=csv", "--format=.tsv=csv=tab", "-o",
                                             "format=fq=fastq", "s", "m", "--format=csv=csv=;"));
    const struct settings *settings = &command->options.settings;
    assert_string_equal(settings_views_of(settings, ".csv").format->name, "csv-3b");
    assert_string_equal(settings_views_of(settings, ".tsv").format->name, "csv-09");
    assert_string_equal(settings_views_of(settings, ".fq").format->name, "fastq");
    assert_string_equal(settings_views_of(settings, ".CSV").format->name, "lines");
    assert_string_equal(settings_views_of(settings, "csv").format->name, "lines");
    assert_string_equal(settings_views_of(settings, "").format->name, "lines");
    assert_int_equal(settings_views_of(settings, "").rows, 1000000);
    command_free(command);
}

/* A format that there is not is told once all options are known, as --record may make one. */
static void test_unknown_formats(void **state)
{
    static const char *const values[] = {"csv=foo", "csv=csv=,", "log=lines", "log=entry"};
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(values); i++)
        assert_refused(PARSE(text("--format=%s", values[i]), "s", "m", "--record=entr=a"),
                       EXIT_USAGE,
                       text("bigfs: --format=%s: there is no format %s: give csv, csv=X, fastq, "
                            "fasta, nul or a name that --record defines\n",
                            values[i], strchr(values[i], '=') + 1));
}

static bool starts_record(const struct record_format *format, const char *line)
{
    return pattern_automaton_matches(format->automaton, (const uint8_t *)line, strlen(line), false);
}

/* --record makes a format for --format, before or after it, and for names of views. */
static void test_records(void **state)
{
    (void)state;
    struct command *command =
        accepted(PARSE("--format=log=entry", "--record", "entry=[0-9]=\\.,", "-o",
                       "record=a-1_b=x\\,y,format=txt=a-1_b", "s", "m"));
    const struct settings *settings = &command->options.settings;
    assert_true(starts_record(settings_views_of(settings, ".log").format, "7=.,"));
    assert_false(starts_record(settings_views_of(settings, ".log").format, "7=x,"));
    assert_true(starts_record(settings_views_of(settings, ".txt").format, "x,y"));
    assert_false(starts_record(settings_views_of(settings, ".txt").format, "x"));
    assert_string_equal(settings_views_of(settings, "").format->name, "lines");
    assert_non_null(patterns_find(settings_views_of(settings, "").patterns, "entry", 5));
    command_free(command);
    assert_refused(PARSE("--record=e=a", "--record=e=a", "s", "m"), EXIT_USAGE,
                   "bigfs: --record: e is given twice: use another name\n");
    assert_refused(PARSE("--record=e=a)", "s", "m"), EXIT_USAGE,
                   "bigfs: --record=e=a): a ) has no ( before it: give a POSIX extended regular "
                   "expression (in -o, with a backslash before each comma)\n");
}

/* Names that mean something already, and those that are none. */
static void test_names_of_records(void **state)
{
    static const char *const names[] = {"header", "from", "to",    "pin", "n1",    "n007",
                                        "csv",    "nul",  "fastq", "a.b", "fasta", "",
                                        "Abc",    "1a",   "_a",    "a b"};
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(names); i++)
        assert_refused(
            PARSE(text("--record=%s=x", names[i]), "s", "m"), EXIT_USAGE,
            text("bigfs: --record: the name %s cannot be used: give a lower-case letter and "
                 "then letters, digits, - and _, at most 64 in all, and no name that "
                 "has a meaning already\n",
                 names[i]));
    command_free(accepted(PARSE("--record=n=x", "--record=n1x=x", "--record=headers=x",
                                "--record=lines=x", "s", "m")));
}

static void test_index_dir_repeated(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("--index-dir=/a", "--index-dir=none", "s", "m"));
    assert_null(command->options.settings.index_dir);
    command_free(command);
    command = accepted(PARSE("--index-dir=none", "--index-dir=/a", "-oindex_dir=/b", "s", "m"));
    assert_string_equal(command->options.settings.index_dir, "/b");
    command_free(command);
}

/* Operands */

static void assert_paths(struct command *command, const char *source, const char *mountpoint)
{
    accepted(command);
    assert_string_equal(command->options.source, source);
    assert_string_equal(command->options.mountpoint, mountpoint);
    assert_null(command->options.files);
    command_free(command);
}

static void test_paths(void **state)
{
    static const char takes_two[] = ": bigfs takes two paths, as in bigfs /data /mnt/chunks\n";
    (void)state;

    assert_paths(PARSE("s", "m"), "s", "m");
    assert_paths(PARSE("--", "-f", "--foo"), "-f", "--foo");
    assert_paths(PARSE("-f", "s", "--", "m"), "s", "m");
    assert_paths(PARSE("-", "m"), "-", "m");
    assert_refused(parse_words((const char *const[]){NULL}), EXIT_USAGE,
                   text("bigfs: missing SOURCE and MOUNTPOINT%s", takes_two));
    assert_refused(PARSE("-f", "--"), EXIT_USAGE,
                   text("bigfs: missing SOURCE and MOUNTPOINT%s", takes_two));
    assert_refused(PARSE("s"), EXIT_USAGE, text("bigfs: missing MOUNTPOINT%s", takes_two));
    assert_refused(PARSE("-o", "ro", "s"), EXIT_USAGE,
                   text("bigfs: missing MOUNTPOINT%s", takes_two));
    assert_refused(PARSE("s", "m", "x"), EXIT_USAGE,
                   text("bigfs: too many operands: x%s", takes_two));
    assert_refused(PARSE("s", "-f", "m", "x", "y"), EXIT_USAGE,
                   text("bigfs: too many operands: x%s", takes_two));
}

/* Without a program name, as execve(2) can start it. */
static void test_no_words_at_all(void **state)
{
    char *none[] = {NULL};
    struct options options;
    (void)state;

    struct capture capture = capture_begin(STDERR_FILENO);
    int status = options_parse(&options, 0, none);
    const char *said = capture_end(&capture);
    assert_int_equal(status, EXIT_USAGE);
    assert_string_equal(said, "bigfs: missing SOURCE and MOUNTPOINT: bigfs takes two paths, as in "
                              "bigfs /data /mnt/chunks\n");
    options_free(&options);
}

/* "--header 2": the number is taken for SOURCE, and then there is one operand too many. */
static void test_header_with_a_space(void **state)
{
    static const char write_it[] = "bigfs: --header=2: write a value with =\n";
    (void)state;

    assert_refused(PARSE("--header", "2", "/source", "/point"), EXIT_USAGE, write_it);
    assert_refused(PARSE("/source", "--header", "2", "/point"), EXIT_USAGE, write_it);
    assert_refused(PARSE("/source", "/point", "--header", "2"), EXIT_USAGE, write_it);
    assert_refused(PARSE("--head", "2", "/source", "/point", "/more"), EXIT_USAGE, write_it);
    assert_paths(PARSE("--header", "2", "/point"), "2", "/point"); /* a source of that name */
    assert_refused(PARSE("--header", "two", "/source", "/point"), EXIT_USAGE,
                   "bigfs: too many operands: /point: bigfs takes two paths, as in bigfs /data "
                   "/mnt/chunks\n");
    assert_refused(PARSE("--header=1", "2", "/source", "/point"), EXIT_USAGE,
                   "bigfs: too many operands: /point: bigfs takes two paths, as in bigfs /data "
                   "/mnt/chunks\n");
    assert_refused(PARSE("--foreground", "2", "/source", "/point"), EXIT_USAGE,
                   "bigfs: too many operands: /point: bigfs takes two paths, as in bigfs /data "
                   "/mnt/chunks\n");
}

static void test_files(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("one", "--index", "two", "three", "--", "--four"));
    assert_int_equal(command->options.file_count, 4);
    assert_string_equal(command->options.files[0], "one");
    assert_string_equal(command->options.files[3], "--four");
    assert_null(command->options.source);
    assert_null(command->options.mountpoint);
    command_free(command);
    assert_refused(PARSE("--index"), EXIT_USAGE,
                   "bigfs: missing FILE: give the files to index, as in bigfs --index app.log\n");
    assert_refused(PARSE("--index", "--index-dir", "/a"), EXIT_USAGE,
                   "bigfs: missing FILE: give the files to index, as in bigfs --index app.log\n");
}

/* The index directory */

static void test_index_dir_by_default(void **state)
{
    const struct scratch *scratch = *state;
    assert_int_equal(setenv("XDG_CACHE_HOME", scratch->path, 1), 0);
    struct command *command = accepted(PARSE("s", "m"));
    assert_false(command->options.index_dir_given);
    assert_string_equal(command->options.settings.index_dir, text("%s/bigfs", scratch->path));
    command_free(command);
    command = accepted(PARSE("--index", "file"));
    assert_string_equal(command->options.settings.index_dir, text("%s/bigfs", scratch->path));
    command_free(command);
    assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
}

/* The daemon changes its working directory. */
static void test_index_dir_relative(void **state)
{
    const struct scratch *scratch = *state;
    int before = open(".", O_PATH | O_DIRECTORY);

    assert_true(before >= 0);
    assert_int_equal(mkdirat(scratch->directory, "here", 0700), 0);
    assert_int_equal(chdir(text("%s/here", scratch->path)), 0);
    struct command *command = accepted(PARSE("--index-dir=a/../b", "s", "m"));
    assert_string_equal(command->options.settings.index_dir, text("%s/here/a/../b", scratch->path));
    command_free(command);
    assert_int_equal(rmdir(text("%s/here", scratch->path)), 0);
    assert_refused(PARSE("--index-dir=a", "s", "m"), EXIT_FAILURE,
                   "bigfs: --index-dir=a: the working directory cannot be found (No such file or "
                   "directory): give an absolute path\n");
    command_free(accepted(PARSE("--index-dir=/a", "s", "m")));
    command_free(accepted(PARSE("--index-dir=a", "--help")));
    assert_int_equal(fchdir(before), 0);
    assert_int_equal(close(before), 0);
}

/* Memory runs out at every copy that is made: one line, exit 1, nothing lost. */
static void test_no_memory(void **state)
{
    unsigned refused = 0;
    (void)state;

    for (int copies = 0;; copies++) {
        copies_left = copies;
        struct command *command =
            PARSE("-o", "index_dir=/a,ro", "--index-dir=/b", "-o", "rw,threads=3", "s", "m");
        copies_left = -1;
        if (command->status == 0) {
            command_free(accepted(command));
            break;
        }
        assert_refused(command, EXIT_FAILURE, "bigfs: out of memory: free some memory\n");
        refused++;
    }
    assert_true(refused >= 7);
}

/* Words that are options, or nearly, in any order and number. */
static void test_random_words(void **state)
{
    static const char *const words[] = {
        "-f",
        "-d",
        "-o",
        "-h",
        "-V",
        "-Z",
        "--",
        "-",
        "",
        "--chunk-size",
        "--header",
        "--header=2",
        "--rows=0",
        "--views=",
        "--index",
        "--index=1",
        "--index-dir",
        "--window",
        "chunk_size",
        "chunk_size=1M,ro",
        "2",
        "1M",
        "s",
        "m",
        "ro,views=bytes\\,rows",
        "\\",
        "index_dir=\\",
        "threads=1,,f",
        "-fo",
        "-ofsname=a\\,b",
        "--foo\n",
        "none",
        "-odebug,",
        "--min-size=",
        "--cache=none",
    };
    (void)state;

    for (uint64_t i = 0; i < 20000; i++) {
        struct random random = random_case(i);
        const char *given[13] = {NULL};
        uint64_t count = random_below(&random, LENGTH_OF(given));
        for (uint64_t k = 0; k < count; k++)
            given[k] = words[random_below(&random, LENGTH_OF(words))];
        struct command *command = parse_words(given);
        const char *end = strchr(command->said, '\n');
        assert_true(command->status == 0 || command->status == EXIT_USAGE);
        assert_int_equal(end != NULL, command->status != 0);
        assert_true(end == NULL || (end[1] == '\0' && strncmp(command->said, "bigfs: ", 7) == 0));
        command_free(command);
    }
}

/* Help and version */

static const char *printed_help(bool all)
{
    struct capture capture = capture_begin(STDOUT_FILENO);
    help_print(all);
    return capture_end(&capture);
}

/* Asserts that a terminal of 80 columns shows each line as one. Returns how many there are. */
static unsigned assert_fits_columns(const char *help)
{
    unsigned lines = 0;
    for (const char *line = help; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t length = strcspn(line, "\n");
        assert_int_equal(line[length], '\n');
        assert_in_range(length, 0, 80);
        for (size_t i = 0; i < length; i++)
            assert_true(isprint((unsigned char)line[i]));
        assert_true(length == 0 || line[length - 1] != ' ');
        lines++;
    }
    return lines;
}

/* A terminal of 24 lines shows all of it, and where more is. */
static void test_help(void **state)
{
    static const char *const words[] = {"--help=all", "man bigfs",    "--unmount MOUNTPOINT",
                                        "--list",     "--index FILE", "--version"};
    const char *help = printed_help(false);
    (void)state;

    assert_in_range(assert_fits_columns(help), 10, 24);
    for (size_t i = 0; i < LENGTH_OF(words); i++)
        assert_non_null(strstr(help, words[i]));
}

static void test_all_of_the_help(void **state)
{
    const char *help = printed_help(true);
    (void)state;

    (void)assert_fits_columns(help);
    for (size_t i = 0; i < OPTION_RULES; i++) {
        const struct option_rule *rule = &option_rules[i];
        if (rule->name != NULL)
            assert_non_null(strstr(help, text("--%s", rule->name)));
        if (rule->letter != 0)
            assert_non_null(strstr(help, text("    -%c", rule->letter)));
    }
    for (size_t i = 0; view_types[i] != NULL; i++)
        assert_non_null(strstr(help, view_types[i]->name));
}

static void test_which_help(void **state)
{
    (void)state;
    struct command *command = accepted(PARSE("--help"));
    assert_false(command->options.help_all);
    command_free(command);
    command = accepted(PARSE("--help=all", "s"));
    assert_int_equal(command->options.mode, MODE_HELP);
    assert_true(command->options.help_all);
    command_free(command);
    assert_refused(PARSE("--help=nonsense"), EXIT_USAGE,
                   "bigfs: --help=nonsense: give all, or nothing\n");
    assert_refused(PARSE("--help="), EXIT_USAGE, "bigfs: --help=: give all, or nothing\n");
}

/* Asserts that a text begins so, and returns what follows the line. */
static const char *assert_line(const char *version, const char *beginning)
{
    assert_memory_equal(version, beginning, strlen(beginning));
    const char *end = strchr(version, '\n');
    assert_non_null(end);
    assert_true(end > version + strlen(beginning));
    return end + 1;
}

/* The version, what it works with, and then each codec with its library. */
static void test_version(void **state)
{
    struct capture capture = capture_begin(STDOUT_FILENO);
    help_print_version();
    const char *line = capture_end(&capture);

    (void)state;
    line = assert_line(line, "bigfs ");
    line = assert_line(line, "libfuse: 3.");
    line = assert_line(line, "kernel protocol: 7.");
    line = assert_line(line, "vector path: ");
    for (size_t i = 1; content_types[i] != NULL; i++) {
        const struct codec *codec = content_types[i]->codec;
        if (codec == NULL)
            continue;
        const char *told = text("%s: %s\n", codec->name, codec->library);
        assert_memory_equal(line, told, strlen(told));
        line += strlen(told);
    }
    assert_string_equal(line, "");
}

static void test_complaints(void **state)
{
    static const int errors[] = {EACCES, EPERM,  ENOENT, ENOTDIR, ELOOP,  ENAMETOOLONG, ENOMEM,
                                 EAGAIN, EMFILE, ENFILE, EIO,     ENOSYS, 4109};
    (void)state;

    for (size_t i = 0; i < LENGTH_OF(errors); i++)
        assert_true(complaint_cure(errors[i])[0] != '\0');
    assert_string_equal(complaint_cure(EMFILE), "raise the limit on open files (ulimit -n)");
    struct capture capture = capture_begin(STDERR_FILENO);
    int status = complain(7, "%s: %d", "a\\b\tc\xc2\x9b", 42);
    assert_string_equal(capture_end(&capture), "bigfs: a\\\\b\\tc\\xc2\\x9b: 42\n");
    assert_int_equal(status, 7);
}

static int setup(void **state)
{
    /* Avoids asking the user database, which may be far away, for each command line. */
    return setenv("HOME", "/", 1) == 0 ? scratch_setup(state) : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_values),
        cmocka_unit_test(test_invalid_values),
        cmocka_unit_test(test_missing_values),
        cmocka_unit_test(test_values_too_many),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_told_to),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_options_without_a_meaning),
        cmocka_unit_test(test_options_with_a_meaning),
        cmocka_unit_test(test_two_modes),
        cmocka_unit_test(test_a_view_to_list),
        cmocka_unit_test(test_a_mountpoint_to_unmount),
        cmocka_unit_test(test_empty_operands),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_help_is_enough),
        cmocka_unit_test(test_header_without_a_value),
        cmocka_unit_test(test_unknown_names),
        cmocka_unit_test(test_a_fresh_start),
        cmocka_unit_test(test_names_cut_short),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_passing_on),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_order_and_repetition),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_unknown_formats),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_names_of_records),
        cmocka_unit_test(test_index_dir_repeated),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_no_words_at_all),
        cmocka_unit_test(test_header_with_a_space),
        cmocka_unit_test(test_files),
        cmocka_unit_test_setup_teardown(test_index_dir_by_default, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_index_dir_relative, setup, scratch_teardown),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_random_words),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_all_of_the_help),
        cmocka_unit_test(test_which_help),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_complaints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
