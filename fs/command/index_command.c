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
#include "core/file/fault_guard.h"
#include "core/index/index_probe.h"
#include "fs/command/complaint.h"
#include "fs/command/index_maker.h"
#include "fs/command/index_one.h"
#include "fs/command/index_tree.h"

static void warn(const char *path, const char *problem)
{
    (void)complain(EXIT_FAILURE, "line index: %s: %s", path, problem);
}

/*
 * The file's path without symbolic links, or as given if that would exceed PATH_MAX. The caller
 * frees it. NULL: see errno.
 */
static char *resolve(const char *file)
{
    char *path = realpath(file, NULL);
    return path == NULL && errno == ENAMETOOLONG ? strdup(file) : path;
}

/*
 * Opens the directory of a path's last component. Cuts the path there; *last becomes the component.
 */
static int open_parent(char *path, char **last)
{
    char *slash = strrchr(path, '/');

    *last = slash != NULL ? slash + 1 : path;
    if ((*last)[0] == '\0')
        return -EISDIR;
    const char *parent = slash == NULL ? "." : slash == path ? "/" : path;
    if (slash != NULL && slash != path)
        *slash = '\0';
    int fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/*
 * Opens the file's directory, beneath which the name is looked up without following symbolic links.
 */
static int index_file(struct index_maker *maker, char *path, const char *operand,
                      struct index_tally *tally)
{
    struct source_pool pool;
    char *last = NULL;
    AUTO_CLOSE int directory = open_parent(path, &last);

    if (directory < 0)
        return directory;
    index_one_pool(maker, &pool, directory);
    index_one(maker, &pool, last, operand, false, tally);
    source_pool_destroy(&pool);
    return 0;
}

static void print_tally(const char *shown, const struct index_tally *before,
                        const struct index_tally *now)
{
    const unsigned no_plain = now->no_plain - before->no_plain;

    printf("%s: %u indexed, %u already indexed, %u failed", shown, now->made - before->made,
           now->known - before->known, now->failed - before->failed);
    if (no_plain > 0)
        printf(", %u without plain/", no_plain);
    printf("\n");
    (void)fflush(stdout);
}

/* Indexes what was given: a file, or the files beneath a directory. Returns 0 or -errno. */
static int index_operand(struct index_maker *maker, const char *operand, struct index_tally *tally)
{
    const struct index_tally before = *tally;
    AUTO_FREE char *copy = printable(operand);
    const char *shown = printable_or(copy);
    AUTO_FREE char *path = resolve(operand);

    if (path == NULL)
        return -errno;
    AUTO_CLOSE int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
        return index_file(maker, path, operand, tally);
    index_tree(maker, directory, operand, tally);
    if (!interruption_asked(&maker->interruption))
        print_tally(shown, &before, tally);
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

/* Works on all files, with the builder running. */
static int run(struct index_maker *maker)
{
    int status = check_directory(maker->options->settings.index_dir);
    if (status != 0)
        return status;
    int error = index_builder_start(&maker->builder, &maker->directory, 0);
    if (error != 0)
        return complain(EXIT_FAILURE, "cannot start: %s: %s", strerror(-error),
                        complaint_cure(-error));
    status = index_all(maker);
    index_builder_stop(&maker->builder);
    index_builder_destroy(&maker->builder);
    index_space_sweep(&maker->space);
    return status;
}

int index_command(const struct options *options)
{
    struct index_maker maker = {.options = options};

    if (options->settings.index_dir == NULL)
        return complain(EXIT_FAILURE, "--index needs a directory to keep line indexes in: give "
                                      "--index-dir=DIR");
    int error = interruption_begin(&maker.interruption);
    if (error == 0)
        error = fault_guard_install();
    if (error != 0)
        return complain(EXIT_FAILURE, "cannot start: %s: %s", strerror(-error),
                        complaint_cure(-error));
    index_directory_init(&maker.directory, options->settings.index_dir, 1, warn);
    index_space_init(&maker.space, options->settings.index_dir, options->settings.index_space);
    maker.directory.strict = true;
    maker.directory.part_least = 1;
    maker.directory.space = &maker.space;
    int status = run(&maker);
    index_space_destroy(&maker.space);
    index_directory_destroy(&maker.directory);
    interruption_end(&maker.interruption);
    return status;
}
