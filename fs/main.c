/* bigfs: shows every large file as a directory of pieces. */
#include <stdio.h>
#include <stdlib.h>

#include "fs/mount.h"
#include "fs/options.h"
#include "fs/paths.h"

static int run(struct options *options)
{
    struct paths paths;

    if (options->help) {
        options_print_help();
        return EXIT_SUCCESS;
    }
    if (options->version) {
        printf("bigfs %s\n", BIGFS_VERSION);
        return EXIT_SUCCESS;
    }
    if (paths_check(options->source, options->mountpoint, &paths) != 0)
        return EXIT_FAILURE;
    return mount_and_serve(options, &paths);
}

int main(int argc, char **argv)
{
    struct options options;
    int status = options_parse(&options, argc, argv);

    if (status == 0)
        status = run(&options);
    options_free(&options);
    return status;
}
