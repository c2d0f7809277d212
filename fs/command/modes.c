/* SPDX-License-Identifier: MIT */
#include "fs/command/modes.h"

#include <stdlib.h>

#include "fs/command/complaint.h"
#include "fs/command/help.h"
#include "fs/command/index_command.h"
#include "fs/command/list_command.h"
#include "fs/command/mount_command.h"
#include "fs/command/paths.h"
#include "fs/command/unmount_command.h"

/* --- what each takes and does ----------------------------------------------------------------- */

static void take_paths(struct options *options, int count, char **words)
{
    (void)count;
    options->source = words[0];
    options->mountpoint = words[1];
}

static int run_mount(struct options *options)
{
    struct paths paths;

    if (paths_check(options->source, options->mountpoint, &paths) != 0)
        return EXIT_FAILURE;
    if (paths_check_index_dir(&paths, options) != 0)
        return EXIT_FAILURE;
    return mount_command(options, &paths);
}

static void take_files(struct options *options, int count, char **words)
{
    options->files = words;
    options->file_count = count;
}

static int run_index(struct options *options)
{
    return index_command(options);
}

static void take_view(struct options *options, int count, char **words)
{
    (void)count;
    options->file = words[0];
    options->view = words[1];
}

static int run_list(struct options *options)
{
    return list_command(options);
}

static void take_mountpoint(struct options *options, int count, char **words)
{
    (void)count;
    options->mountpoint = words[0];
}

static int run_unmount(struct options *options)
{
    return unmount_command(options);
}

static int run_help(struct options *options)
{
    help_print(options->help_all);
    return EXIT_SUCCESS;
}

static int run_version(struct options *options)
{
    (void)options;
    help_print_version();
    return EXIT_SUCCESS;
}

const struct mode modes[MODES] = {
    [MODE_MOUNT] =
        {
            .has_index_dir = true,
            .operands = {.names = {"SOURCE", "MOUNTPOINT"},
                         .hint = "bigfs takes two paths, as in bigfs /data /mnt/chunks"},
            .take = take_paths,
            .run = run_mount,
        },
    [MODE_INDEX] =
        {
            .option = "index",
            .has_index_dir = true,
            .operands = {.names = {"FILE"},
                         .many = true,
                         .hint = "give the files to index, as in bigfs --index app.log"},
            .take = take_files,
            .run = run_index,
        },
    [MODE_LIST] =
        {
            .option = "list",
            .has_index_dir = true,
            .operands = {.names = {"FILE", "VIEW"},
                         .hint = "bigfs --list takes a file and a view, as in "
                                 "bigfs --list app.log lines@n16"},
            .take = take_view,
            .run = run_list,
        },
    [MODE_UNMOUNT] =
        {
            .option = "unmount",
            .operands = {.names = {"MOUNTPOINT"},
                         .hint = "bigfs --unmount takes one path, as in bigfs --unmount "
                                 "/mnt/chunks"},
            .take = take_mountpoint,
            .run = run_unmount,
        },
    [MODE_HELP] = {.option = "help", .is_enough = true, .run = run_help},
    [MODE_VERSION] = {.option = "version", .is_enough = true, .run = run_version},
};

/* --- choosing one ----------------------------------------------------------------------------- */

int mode_choose(struct options *options, enum mode_number mode)
{
    const struct mode *before = &modes[options->mode];

    if (options->mode == mode || before->is_enough)
        return 0;
    if (before->option != NULL && !modes[mode].is_enough)
        return complain(EXIT_USAGE, "--%s and --%s are two commands: give one of them",
                        before->option, modes[mode].option);
    options->mode = mode;
    return 0;
}

/* Says that the operand `name` is missing, and those after it. */
static int refuse_missing(const struct operands *operands, const char *name, const char *next)
{
    return complain(EXIT_USAGE, "missing %s%s%s: %s", name, next != NULL ? " and " : "",
                    next != NULL ? next : "", operands->hint);
}

/* An empty word, as of a variable that is not set, names nothing. */
static int refuse_empty(const struct operands *operands, int count, char **words)
{
    const int last = operands->names[1] != NULL ? 1 : 0;

    for (int i = 0; i < count; i++)
        if (words[i][0] == '\0')
            return complain(EXIT_USAGE, "%s is empty: %s", operands->names[i < last ? i : last],
                            operands->hint);
    return 0;
}

int mode_take_operands(struct options *options, int count, char **words)
{
    const struct mode *mode = &modes[options->mode];
    const struct operands *operands = &mode->operands;
    const int wanted = operands->names[1] != NULL ? 2 : 1;

    if (count < wanted)
        return refuse_missing(operands, operands->names[count],
                              count + 1 < wanted ? operands->names[count + 1] : NULL);
    if (count > wanted && !operands->many)
        return complain(EXIT_USAGE, "too many operands: %s: %s", words[wanted], operands->hint);
    const int error = refuse_empty(operands, count, words);
    if (error == 0)
        mode->take(options, count, words);
    return error;
}
