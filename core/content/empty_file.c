/* SPDX-License-Identifier: MIT */
#include "core/content/empty_file.h"

#include "core/base/outcome.h"
#include "core/file/read_fully.h"

int empty_file_check(const struct reading *reading)
{
    char byte;
    int fd = -1;
    struct file_identity now;
    int error = reading_borrow(reading, &fd);

    if (error != 0)
        return error;
    ssize_t got = read_once(fd, &byte, 1, 0, 0);
    error = got < 0 ? (int)got : got > 0 ? -SIZE_UNTOLD : 0;
    if (error != 0 && file_look(fd, NULL, &now) == 0 && now.size > 0)
        error = 0; /* it was empty, and has grown since */
    reading_return(reading);
    return error;
}
