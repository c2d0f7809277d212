/* SPDX-License-Identifier: MIT */
#include "fs/command/standard_output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/command/complaint.h"

int standard_output_write(const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t written = write(STDOUT_FILENO, bytes, length);
        if (written < 0 && errno != EINTR)
            return -errno;
        const size_t part = written > 0 ? (size_t)written : 0;
        bytes += part;
        length -= part;
    }
    return 0;
}

int standard_output_finish(void)
{
    if (fflush(stdout) != 0)
        return standard_output_complain(-errno);
    if (ferror(stdout) != 0) /* before, when nobody asked why */
        return complain(EXIT_FAILURE, "standard output cannot be written to: check where it goes");
    return EXIT_SUCCESS;
}

int standard_output_complain(int error)
{
    if (error == -EBADF)
        return complain(EXIT_FAILURE, "standard output is closed: write to a file or a pipe");
    if (error == -ENOSPC || error == -EDQUOT)
        return complain(EXIT_FAILURE, "standard output: %s: free some space", strerror(-error));
    return complain(EXIT_FAILURE, "standard output: %s: %s", strerror(-error),
                    complaint_cure(-error));
}
