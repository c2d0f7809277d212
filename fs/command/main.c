/* SPDX-License-Identifier: MIT */
/* bigfs: shows every large file as a directory of pieces. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "fs/command/modes.h"
#include "fs/command/options.h"
#include "fs/command/signals.h"
#include "fs/command/standard_output.h"

/*
 * Prevents files opened later from becoming standard input, output or error. Who writes to a
 * standard output that was closed gets an error, and does not believe that anybody has it.
 */
static void occupy_standard_descriptors(void)
{
    int fd = -1;
    bool closed = false;
    do {
        closed = fcntl(STDOUT_FILENO, F_GETFD) < 0 && fcntl(STDIN_FILENO, F_GETFD) >= 0;
        fd = open("/dev/null", closed ? O_RDONLY : O_RDWR);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        (void)close(fd);
}

int main(int argc, char **argv)
{
    occupy_standard_descriptors();
    signals_ignore_file_limit();
    struct options options;
    int status = options_parse(&options, argc, argv);

    if (status == 0)
        status = modes[options.mode].run(&options);
    if (status == 0)
        status = standard_output_finish();
    options_free(&options);
    return status;
}
