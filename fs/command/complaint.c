/* SPDX-License-Identifier: MIT */
#include "fs/command/complaint.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"

struct cure {
    int error;
    const char *what_to_do;
};

static const struct cure cures[] = {
    {EACCES, "run bigfs as a user who may do that"},
    {EPERM, "run bigfs as a user who may do that"},
    {ENOENT, "check the path"},
    {ENOTDIR, "check the path"},
    {ELOOP, "check the symbolic links on the path"},
    {ENAMETOOLONG, "give a shorter path"},
    {ENOMEM, "free some memory"},
    {EAGAIN, "raise the limit on processes (ulimit -u)"},
    {EMFILE, "raise the limit on open files (ulimit -n)"},
    {ENFILE, "close some files"},
    {EIO, "look for errors of the disk (dmesg)"},
};

const char *complaint_cure(int error)
{
    for (size_t i = 0; i < sizeof(cures) / sizeof(cures[0]); i++)
        if (cures[i].error == error)
            return cures[i].what_to_do;
    return "try again";
}

int complain(int status, const char *format, ...)
{
    AUTO_FREE char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    AUTO_FREE char *line = text != NULL ? printable(text) : NULL;
    (void)fprintf(stderr, "bigfs: %s\n", line != NULL ? line : "out of memory: free some memory");
    return status;
}

int complain_of_memory(void)
{
    return complain(EXIT_FAILURE, "out of memory: %s", complaint_cure(ENOMEM));
}
