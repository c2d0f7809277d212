/* SPDX-License-Identifier: MIT */
#include "fs/command/index_command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"
#include "core/base/quantity.h"
#include "core/index/index_probe.h"
#include "fs/command/complaint.h"
#include "fs/command/index_maker.h"
#include "fs/command/index_one.h"
#include "fs/command/index_tree.h"
#include "fs/command/lone_source.h"

static int index_file(struct index_maker *maker, const char *operand, struct index_tally *tally)
{
    AUTO_LONE_SOURCE struct lone_source lone;

    int error = lone_source_open(&lone, operand, &maker->options->settings);
    if (error != 0)
        return error;
    index_maker_watch(maker, &lone.pool);
    index_one(maker, &lone.pool, lone.file->path, operand, false, tally);
    return 0;
}

static void print_small(unsigned count, uint64_t min_size)
{
    char least[QUANTITY_MOST];

    if (count == 0)
        return;
    quantity_write_size(min_size, least);
    printf(", %u smaller than %s (--min-size)", count, least);
}

static void print_tally(const char *shown, uint64_t min_size, const struct index_tally *before,
                        const struct index_tally *now)
{
    const unsigned no_plain = now->no_plain - before->no_plain;

    printf("%s: %u indexed, %u already indexed, %u failed", shown, now->made - before->made,
           now->known - before->known, now->failed - before->failed);
    if (no_plain > 0)
        printf(", %u without plain/", no_plain);
    print_small(now->small - before->small, min_size);
    printf("\n");
    (void)fflush(stdout);
}

static int refuse_standard_input(struct index_tally *tally)
{
    tally->failed++;
    (void)complain(EXIT_FAILURE, "-: standard input cannot be indexed: give a file");
    return 0;
}

/* Indexes what was given: a file, or the files beneath a directory. Returns 0 or -errno. */
static int index_operand(struct index_maker *maker, const char *operand, struct index_tally *tally)
{
    const struct index_tally before = *tally;
    AUTO_FREE char *copy = printable(operand);
    const char *shown = printable_or(copy);
    AUTO_FREE char *path = lone_source_resolve(operand);

    if (strcmp(operand, "-") == 0)
        return refuse_standard_input(tally);
    if (path == NULL)
        return -errno;
    AUTO_CLOSE int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return index_file(maker, operand, tally);
    index_tree(maker, directory, operand, tally);
    if (!interruption_asked(&maker->interruption))
        print_tally(shown, maker->options->settings.min_size, &before, tally);
    return 0;
}

static int index_all(struct index_maker *maker)
{
    const struct options *options = maker->options;
    struct index_tally tally = {0};

    for (int i = 0; i < options->file_count && !interruption_asked(&maker->interruption); i++) {
        int error = index_operand(maker, options->files[i], &tally);
        if (error != 0)
            index_one_fail(&tally, options->files[i], error);
    }
    return tally.failed > 0 || atomic_load(&maker->directory.warned) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Whether an index can be kept. If not, says so before anything is counted. */
static int check_directory(const char *path)
{
    const int error = index_probe(path);

    if (error == 0)
        return 0;
    if (error == -EPERM)
        return complain(
            EXIT_FAILURE,
            "line index: %s: others may write to it, or it, or a link to it, is another "
            "user's: chmod go-w it, or give another with --index-dir=DIR",
            path);
    const char *cure = error == -ENOSPC || error == -EDQUOT    ? "free some space, or "
                       : error == -ENOTDIR || error == -EEXIST ? "remove the file in the way, or "
                                                               : "";
    return complain(EXIT_FAILURE,
                    "line index: %s: cannot be written to (%s): %sgive another with "
                    "--index-dir=DIR",
                    path, strerror(-error), cure);
}

int index_command(const struct options *options)
{
    const char *directory = options->settings.index_dir;
    struct index_maker maker;

    if (directory == NULL)
        return complain(EXIT_FAILURE, "--index needs a directory to keep line indexes in: give "
                                      "--index-dir=DIR");
    int status = check_directory(directory);
    if (status == 0)
        status = index_maker_start(&maker, options, 1, true);
    if (status != 0)
        return status;
    status = index_all(&maker);
    index_maker_stop(&maker);
    return status;
}
