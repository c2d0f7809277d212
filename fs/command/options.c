/* SPDX-License-Identifier: MIT */
#include "fs/command/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "fs/command/complaint.h"
#include "fs/command/index_place.h"
#include "fs/command/modes.h"
#include "fs/command/option_given.h"
#include "fs/command/option_rules.h"
#include "fs/command/option_texts.h"

/*
 * The value that getopt_long returns for the first rule by name; the others have the numbers after
 * it.
 */
enum { NAMED = 256 };

/* The last option whose optional value was left out, and a number that followed it. */
struct left_out {
    const struct option_rule *rule; /* NULL: none */
    const char *number;
};

/* The rule for a value returned by getopt_long, or NULL. */
static const struct option_rule *rule_answered(int answer)
{
    if (answer >= NAMED)
        return &option_rules[answer - NAMED];
    for (size_t i = 0; answer > 0 && i < OPTION_RULES; i++)
        if (option_rules[i].letter == answer)
            return &option_rules[i];
    return NULL;
}

static void list_names(struct option *names)
{
    for (int i = 0; i < OPTION_RULES; i++)
        if (option_rules[i].name != NULL)
            *names++ = (struct option){option_rules[i].name, (int)option_rules[i].argument, NULL,
                                       NAMED + i};
    *names = (struct option){0};
}

static void list_letters(char *letters)
{
    *letters++ = ':'; /* makes getopt_long return ':' if a value is missing */
    for (int i = 0; i < OPTION_RULES; i++) {
        if (option_rules[i].letter == 0)
            continue;
        *letters++ = option_rules[i].letter;
        if (option_needs_value(&option_rules[i]))
            *letters++ = ':';
    }
    *letters = '\0';
}

/* Applies an option that getopt_long has recognized. */
static int take_answer(struct options *options, int answer, const char *value)
{
    const struct option_rule *rule = rule_answered(answer);
    const char letter[] = {rule->letter, '\0'};
    const bool named = answer >= NAMED;
    const struct option_given given = {rule, named ? "--" : "-", named ? rule->name : letter,
                                       value};
    return option_take(options, &given);
}

/* Reports why no option has this name of `length` bytes: it is unknown or ambiguous. */
static int refuse_name(const char *name, size_t length)
{
    for (size_t i = 0; i < OPTION_RULES && length > 0; i++) {
        const char *whole = option_rules[i].name;
        if (whole != NULL && strncmp(whole, name, length) == 0)
            return complain(EXIT_USAGE,
                            "--%.*s may mean more than one option, such as --%s: "
                            "write the whole name",
                            (int)length, name, whole);
    }
    return complain(EXIT_USAGE, "unknown option --%.*s: see bigfs --help", (int)length, name);
}

/* Reports what getopt_long did not accept. `word` is the last word that it read. */
static int refuse_answer(struct options *options, int answer, const char *word)
{
    if (rule_answered(optopt) != NULL)
        return take_answer(options, optopt, answer == ':' ? NULL : strchr(word, '=') + 1);
    if (optopt != 0)
        return complain(EXIT_USAGE, "unknown option -%c: see bigfs --help", optopt);
    const char *name = word + strlen("--");
    return refuse_name(name, strcspn(name, "="));
}

static bool is_number(const char *word)
{
    return word != NULL && word[0] != '\0' && word[strspn(word, "0123456789")] == '\0';
}

/* Remembers the option if its value was left out and the `next` word is a number. */
static void look_for_left_out(struct left_out *left_out, int answer, const char *value,
                              const char *next)
{
    const struct option_rule *rule = rule_answered(answer);
    if (rule->argument == ARGUMENT_OPTIONAL && value == NULL && is_number(next))
        *left_out = (struct left_out){rule, next};
}

static int take_flags(struct options *options, int argc, char **argv, struct left_out *left_out)
{
    struct option names[OPTION_RULES + 1];
    char letters[2 * OPTION_RULES + 2];
    int status = 0;
    int answer = 0;

    list_names(names);
    list_letters(letters);
    opterr = 0;
    optind = 0; /* resets getopt_long */
    while (status == 0 && (answer = getopt_long(argc, argv, letters, names, NULL)) != -1) {
        if (answer == '?' || answer == ':')
            return refuse_answer(options, answer, argv[optind - 1]);
        look_for_left_out(left_out, answer, optarg, argv[optind]);
        status = take_answer(options, answer, optarg);
    }
    return status;
}

/* Reports "--header 2": the number was taken for an operand, and then there is one too many. */
static int refuse_left_out(const struct left_out *left_out)
{
    return complain(EXIT_USAGE, "--%s=%s: write a value with =", left_out->rule->name,
                    left_out->number);
}

static int take_operands(struct options *options, int count, char **words,
                         const struct left_out *left_out)
{
    if (!modes[options->mode].operands.many && count > 2 && left_out->rule != NULL)
        return refuse_left_out(left_out);
    return mode_take_operands(options, count, words);
}

/* The daemon changes its working directory, so the index directory needs an absolute path. */
static int make_absolute(char **path)
{
    if (*path == NULL || (*path)[0] == '/')
        return 0;
    AUTO_FREE char *relative = steal_pointer(path);
    AUTO_FREE char *here = getcwd(NULL, 0);
    if (here == NULL && errno != ENOMEM)
        return complain(EXIT_FAILURE,
                        "--index-dir=%s: the working directory cannot be found (%s): "
                        "give an absolute path",
                        relative, strerror(errno));
    if (here == NULL || asprintf(path, "%s/%s", here, relative) < 0) {
        *path = NULL;
        return complain_of_memory();
    }
    return 0;
}

static int choose_index_dir(struct options *options)
{
    char **directory = &options->settings.index_dir;

    if (options->index_dir_given)
        return make_absolute(directory);
    return index_place_choose(directory) != 0 ? complain_of_memory() : 0;
}

/* The formats of --format, which may be given before the --record that it names. */
static int resolve_formats(struct options *options)
{
    const struct usual_format *wrong =
        usual_formats_resolve(&options->settings.formats, &options->settings.patterns);
    if (wrong == NULL)
        return 0;
    return complain(EXIT_USAGE,
                    "--format=%s=%s: there is no format %s: give csv, csv=X, fastq, fasta, nul "
                    "or a name that --record defines",
                    wrong->extension, wrong->name, wrong->name);
}

/* What the options mean together, once all of them are known. */
static int check_together(struct options *options)
{
    const char *meaningless = options->meaningless[options->mode];

    if (meaningless != NULL)
        return complain(EXIT_USAGE, "%s", meaningless);
    if (!options->min_size_given)
        options->settings.min_size = options->settings.views.chunk_size;
    return resolve_formats(options);
}

int options_parse(struct options *options, int argc, char **argv)
{
    struct left_out left_out = {NULL, NULL};

    *options = (struct options){.mode = MODE_MOUNT, .log_level = FUSE_LOG_NOTICE};
    settings_init(&options->settings);
    if (fuse_opt_add_arg(&options->fuse, "bigfs") != 0)
        return complain_of_memory();
    int status = take_flags(options, argc, argv, &left_out);
    if (status != 0 || modes[options->mode].is_enough)
        return status;
    status = check_together(options);
    if (status == 0)
        status = take_operands(options, argc - optind, argv + optind, &left_out);
    if (status == 0 && modes[options->mode].has_index_dir)
        status = choose_index_dir(options);
    if (status == 0 && option_texts_make(options) != 0)
        status = complain_of_memory();
    return status;
}

void options_free(struct options *options)
{
    for (size_t i = 0; i < MODES; i++)
        free(options->meaningless[i]);
    fuse_opt_free_args(&options->fuse);
    settings_destroy(&options->settings);
}
