/* SPDX-License-Identifier: MIT */
#include "fs/command/file_trouble.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/base/outcome.h"

static const struct file_trouble common[] = {
    {EISDIR, "is not a regular file: give one that is"},
    {ENOENT, "does not exist: give a file"},
    {EACCES, "cannot be read: run bigfs as a user who may read it"},
    {ENOTDIR, "a part of this path is no directory: check the path"},
    {ELOOP, "symbolic links lead round in a circle: check the path"},
    {HELD_BY_LEASE, "another program holds a lease on it: try again later"},
    {NO_DESCRIPTOR, "too many files are open: raise the limit (ulimit -n)"},
    {ENOMEM, "out of memory: free some memory"},
    {EIO, "cannot be read: look for errors of the disk (dmesg)"},
    {0, NULL},
};

static const char *find_text(const struct file_trouble *troubles, int error)
{
    for (; troubles->text != NULL; troubles++)
        if (troubles->error == -error)
            return troubles->text;
    return NULL;
}

const char *file_trouble_text(const struct file_trouble *own, int error)
{
    const char *text = find_text(own, error);

    if (text == NULL)
        text = find_text(common, error);
    return text != NULL ? text : strerror(-error);
}
