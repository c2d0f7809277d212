#include "fs/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/quantity.h"
#include "fs/command/index_place.h"

enum {
    MOST_THREADS = 512,
};

/* One option, as --NAME and as -o NAME with underscores. `set` says whether the value will do. */
struct option_rule {
    const char *name;
    int has_value; /* as in getopt_long */
    bool (*set)(struct options *options, const char *value);
    const char *wanted; /* what a value must be, for the message */
};

static bool parse_positive_size(const char *value, uint64_t *size)
{
    return quantity_parse_size(value, strlen(value), size) == 0 && *size > 0;
}

static bool set_chunk_size(struct options *options, const char *value)
{
    return parse_positive_size(value, &options->settings.views.chunk_size);
}

static bool set_min_size(struct options *options, const char *value)
{
    options->min_size_given = true;
    return quantity_parse_size(value, strlen(value), &options->settings.min_size) == 0;
}

static bool set_views(struct options *options, const char *value)
{
    memset(options->settings.listed, 0, sizeof(options->settings.listed));
    for (;;) {
        size_t length = strcspn(value, ",:");
        enum view_kind kind = view_kind_named(value, length);
        if (kind == VIEW_KINDS)
            return false;
        options->settings.listed[kind] = true;
        if (value[length] == '\0')
            return true;
        value += length + 1;
    }
}

static bool set_rows(struct options *options, const char *value)
{
    return quantity_parse_count(value, strlen(value), &options->settings.views.rows) == 0 &&
           options->settings.views.rows > 0;
}

static bool set_header(struct options *options, const char *value)
{
    options->settings.views.header = 1;
    return value == NULL ||
           (quantity_parse_number(value, strlen(value), &options->settings.views.header) == 0 &&
            options->settings.views.header > 0);
}

static bool set_window_size(struct options *options, const char *value)
{
    return parse_positive_size(value, &options->settings.window_size) &&
           options->settings.window_size <= SIZE_MAX / 4;
}

static bool set_index_space(struct options *options, const char *value)
{
    return parse_positive_size(value, &options->settings.index_space);
}

static bool set_window_total(struct options *options, const char *value)
{
    return parse_positive_size(value, &options->settings.window_total);
}

static bool set_cache(struct options *options, const char *value)
{
    options->settings.cache = strcmp(value, "none") == 0 ? CACHE_NONE : CACHE_KERNEL;
    return options->settings.cache == CACHE_NONE || strcmp(value, "kernel") == 0;
}

static bool set_extents(struct options *options, const char *value)
{
    enum extent_method method = extent_method_named(value);
    options->settings.extents = method;
    return method != EXTENT_METHODS;
}

static bool set_threads(struct options *options, const char *value)
{
    uint64_t threads = 0;
    if (quantity_parse_number(value, strlen(value), &threads) != 0 || threads == 0 ||
        threads > MOST_THREADS)
        return false;
    options->settings.threads = (unsigned)threads;
    return true;
}

/* The daemon leaves the working directory, so the path must be absolute. */
static bool set_index_dir(struct options *options, const char *value)
{
    AUTO_FREE char *here = value[0] != '/' ? getcwd(NULL, 0) : NULL;

    free(steal_pointer(&options->settings.index_dir));
    options->index_dir_given = true;
    if (strcmp(value, "none") == 0)
        return true;
    if (value[0] == '\0' || (value[0] != '/' && here == NULL))
        return false;
    return asprintf(&options->settings.index_dir, "%s%s%s", here != NULL ? here : "",
                    here != NULL ? "/" : "", value) >= 0;
}

static bool set_index(struct options *options, const char *value)
{
    (void)value;
    return options->index = true;
}

static bool set_foreground(struct options *options, const char *value)
{
    (void)value;
    return options->foreground = true;
}

static bool set_debug(struct options *options, const char *value)
{
    (void)value;
    return options->foreground = options->debug = true;
}

static bool set_help(struct options *options, const char *value)
{
    (void)value;
    return options->help = true;
}

static bool set_version(struct options *options, const char *value)
{
    (void)value;
    return options->version = true;
}

static const char size_wanted[] = "a SIZE from 1, such as 512K, 64M or 2G";

static const struct option_rule rules[] = {
    {"chunk-size", required_argument, set_chunk_size, size_wanted},
    {"rows", required_argument, set_rows, "a COUNT from 1, such as 5000, 100K or 2M"},
    {"min-size", required_argument, set_min_size, "a SIZE, such as 64M, or 0"},
    {"views", required_argument, set_views, "a list of bytes, lines, rows, extents and whole"},
    {"header", optional_argument, set_header, "a number of records from 1"},
    {"index-dir", required_argument, set_index_dir, "a directory, or none"},
    {"index-space", required_argument, set_index_space, size_wanted},
    {"window-size", required_argument, set_window_size, size_wanted},
    {"window-total", required_argument, set_window_total, size_wanted},
    {"cache", required_argument, set_cache, "kernel or none"},
    {"extents", required_argument, set_extents, "auto, seek, fiemap or none"},
    {"threads", required_argument, set_threads, "a number from 1 to 512"},
    {"index", no_argument, set_index, NULL},
    {"foreground", no_argument, set_foreground, NULL},
    {"debug", no_argument, set_debug, NULL},
    {"help", no_argument, set_help, NULL},
    {"version", no_argument, set_version, NULL},
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static const struct option_rule *rule_named(const char *name)
{
    for (size_t i = 0; i < RULES; i++)
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    return NULL;
}

static int apply(struct options *options, const struct option_rule *rule, const char *value)
{
    if (rule->set(options, value))
        return 0;
    fprintf(stderr, "bigfs: --%s=%s is out of range: give %s\n", rule->name,
            value != NULL ? value : "", rule->wanted);
    return EXIT_USAGE;
}

/* Splits off the next word of a comma-separated list, in which "\," is a comma. In place. */
static char *next_word(char **rest)
{
    char *word = *rest;
    char *to = word;
    char *from = word;

    while (*from != '\0' && *from != ',') {
        if (*from == '\\' && from[1] != '\0')
            from++;
        *to++ = *from++;
    }
    *rest = *from == ',' ? from + 1 : NULL;
    *to = '\0';
    return word;
}

/* Hands an -o option on to libfuse, its commas escaped again. */
static int pass_on(struct options *options, const char *word)
{
    char *list = NULL;
    int failed = fuse_opt_add_opt_escaped(&list, word);
    if (failed == 0)
        failed = fuse_opt_add_arg(&options->fuse, "-o");
    if (failed == 0)
        failed = fuse_opt_add_arg(&options->fuse, list);
    free(list);
    return failed != 0 ? EXIT_FAILURE : 0;
}

static int parse_word(struct options *options, char *word)
{
    AUTO_FREE char *name = strdup(word);
    if (name == NULL)
        return EXIT_FAILURE;
    char *value = strchr(name, '=');
    if (value != NULL)
        *value++ = '\0';
    for (char *c = name; *c != '\0'; c++)
        *c = *c == '_' ? '-' : *c;

    const struct option_rule *rule = rule_named(name);
    if (rule == NULL || rule->set == set_help || rule->set == set_version || rule->set == set_index)
        return pass_on(options, word);
    if ((rule->has_value == required_argument && value == NULL) ||
        (rule->has_value == no_argument && value != NULL)) {
        fprintf(stderr, "bigfs: -o %s %s: see bigfs --help\n", name,
                value == NULL ? "needs a value" : "takes no value");
        return EXIT_USAGE;
    }
    return apply(options, rule, value);
}

static int parse_list(struct options *options, const char *list)
{
    AUTO_FREE char *copy = strdup(list);
    int status = copy != NULL ? 0 : EXIT_FAILURE;
    for (char *rest = copy; rest != NULL && status == 0;) {
        char *word = next_word(&rest);
        if (word[0] != '\0')
            status = parse_word(options, word);
    }
    return status;
}

/* What getopt_long could not take: `flag` is its answer, `word` the last that it looked at. */
static int refuse_flag(int flag, const char *word)
{
    const char *what = flag == ':' ? "needs a value" : "is no option, or not used as it must be";
    if (optopt > 0 && optopt != 'L')
        fprintf(stderr, "bigfs: -%c %s: see bigfs --help\n", optopt, what);
    else
        fprintf(stderr, "bigfs: %s %s: see bigfs --help\n", word, what);
    return EXIT_USAGE;
}

static int parse_flags(struct options *options, int argc, char **argv)
{
    struct option longs[RULES + 1] = {0};
    int index = 0;
    int status = 0;

    for (size_t i = 0; i < RULES; i++)
        longs[i] = (struct option){rules[i].name, rules[i].has_value, NULL, 'L'};
    opterr = 0;
    optind = 1;
    while (status == 0) {
        int flag = getopt_long(argc, argv, ":o:fdhV", longs, &index);
        if (flag == -1)
            break;
        switch (flag) {
        case 'L':
            status = apply(options, &rules[index], optarg);
            break;
        case 'o':
            status = parse_list(options, optarg);
            break;
        case 'f':
            options->foreground = true;
            break;
        case 'd':
            options->foreground = options->debug = true;
            break;
        case 'h':
            options->help = true;
            break;
        case 'V':
            options->version = true;
            break;
        default:
            status = refuse_flag(flag, argv[optind - 1]);
        }
    }
    return status;
}

static int take_operands(struct options *options, int argc, char **argv)
{
    if (options->index && argc == optind) {
        fprintf(stderr, "bigfs: something is missing: give files, as in bigfs --index app.log\n");
        return EXIT_USAGE;
    }
    if (options->index) {
        options->files = argv + optind;
        options->file_count = argc - optind;
        return 0;
    }
    if (argc - optind != 2) {
        fprintf(stderr, "bigfs: %s: give SOURCE and MOUNTPOINT, as in bigfs /data /mnt/chunks\n",
                argc - optind < 2 ? "something is missing" : "too many operands");
        return EXIT_USAGE;
    }
    options->source = argv[optind];
    options->mountpoint = argv[optind + 1];
    return 0;
}

static int choose_index_dir(struct options *options)
{
    return !options->index_dir_given && index_place_choose(&options->settings.index_dir) != 0
               ? EXIT_FAILURE
               : 0;
}

int options_parse(struct options *options, int argc, char **argv)
{
    *options = (struct options){0};
    settings_init(&options->settings);
    if (fuse_opt_add_arg(&options->fuse, "bigfs") != 0)
        return EXIT_FAILURE;
    int status = parse_flags(options, argc, argv);
    if (status == 0)
        status = choose_index_dir(options);
    if (status != 0)
        return status;
    if (!options->min_size_given)
        options->settings.min_size = options->settings.views.chunk_size;
    if (options->help || options->version)
        return 0;
    return take_operands(options, argc, argv);
}

void options_free(struct options *options)
{
    fuse_opt_free_args(&options->fuse);
    settings_destroy(&options->settings);
}

void options_print_help(void)
{
    (void)fputs(
        "usage: bigfs [OPTIONS] SOURCE MOUNTPOINT\n"
        "       bigfs --index [--index-dir DIR] [--index-space SIZE] FILE...\n"
        "\n"
        "Mounts SOURCE, a directory or one file, read-only on MOUNTPOINT. Every large file is a\n"
        "directory of its pieces: bytes/ (of equal size), lines/ (of whole lines), rows/ (of as\n"
        "many lines each), extents/ (the data without the holes), whole.EXT.\n"
        "End it with: fusermount3 -u MOUNTPOINT\n"
        "\n"
        "With --index it mounts nothing, but makes the line indexes that rows/ needs ahead of "
        "time.\n"
        "\n"
        "    --chunk-size SIZE    size of the pieces in bytes/ and lines/ (64M)\n"
        "    --rows COUNT         lines of a piece in rows/ (1000000)\n"
        "    --min-size SIZE      smaller files stay files; 0: only empty ones (the chunk size)\n"
        "    --views LIST         which of bytes, lines, rows, extents, whole a listing shows "
        "(all)\n"
        "    --header[=H]         pieces of lines/, rows/ start with the first H lines (1)\n"
        "    --index-dir DIR|none where line indexes are kept ($XDG_CACHE_HOME/bigfs, "
        "~/.cache/bigfs)\n"
        "    --index-space SIZE   what all line indexes may take there; oldest use goes first "
        "(1G)\n"
        "    --window-size SIZE   size of one mmap window (64M)\n"
        "    --window-total SIZE  size of all mmap windows (1G)\n"
        "    --cache kernel|none  whether the kernel caches pieces (kernel)\n"
        "    --extents HOW        how holes are found: auto, seek, fiemap or none (auto)\n"
        "    --threads N          how many reads at once; one file system has at most half\n"
        "                         (by the processors)\n"
        "    -f, --foreground     stay in the foreground\n"
        "    -d, --debug          show every request; implies -f\n"
        "    -o OPT[,OPT...]      mount options; also the options above: -o chunk_size=64M\n"
        "    -h, --help           this text\n"
        "    -V, --version        the version\n"
        "\n"
        "SIZE is a number with an optional K, M, G or T (powers of 1024); COUNT, with K, M or G "
        "(of\n"
        "1000).\n",
        stdout);
}
