/* SPDX-License-Identifier: MIT */
/* bigfs: shows every large file as a directory of pieces. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/command/help.h"
#include "fs/command/index_command.h"
#include "fs/command/mount_command.h"
#include "fs/command/options.h"
#include "fs/command/paths.h"
#include "fs/command/signals.h"

/* Prevents files opened later from becoming standard input, output or error. */
static void occupy_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

static int run_command(struct options *options)
{
    struct paths paths;

    if (options->help) {
        help_print();
        return EXIT_SUCCESS;
    }
    if (options->version) {
        help_print_version();
        return EXIT_SUCCESS;
    }
    if (options->index)
        return index_command(options);
    if (paths_check(options->source, options->mountpoint, &paths) != 0)
        return EXIT_FAILURE;
    if (paths_check_index_dir(&paths, options) != 0)
        return EXIT_FAILURE;
    return mount_command(options, &paths);
}

int main(int argc, char **argv)
{
    occupy_standard_descriptors();
    signals_ignore_file_limit();
    struct options options;
    int status = options_parse(&options, argc, argv);

    if (status == 0)
        status = run_command(&options);
    options_free(&options);
    return status;
}
