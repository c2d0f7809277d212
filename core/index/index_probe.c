/* SPDX-License-Identifier: MIT */
#include "core/index/index_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/own_path.h"
#include "core/index/index_header.h"
#include "core/index/index_names.h"

enum {
    PROBE_SIZE = 8 * 1024, /* a small index */
    NAME_MOST = 64,
    MODE = S_IRUSR | S_IWUSR,
};

/* For a file system without nameless files. It has no name either once it is open. */
static int open_named(int directory)
{
    char name[NAME_MOST];

    (void)snprintf(name, sizeof(name), "probe-%d.tmp", getpid());
    int fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
    if (fd < 0)
        return -errno;
    (void)unlinkat(directory, name, 0);
    return fd;
}

int index_probe(const char *path)
{
    static const char zeros[PROBE_SIZE];
    AUTO_CLOSE int made = own_path_open(path, OWN_PATH_MAKE);
    AUTO_CLOSE int directory = made < 0 ? made : index_names_open(path);

    if (directory < 0)
        return directory;
    AUTO_CLOSE int file = openat(directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE);
    if (file < 0)
        file = open_named(directory);
    if (file < 0)
        return file;
    int error = index_header_write_part(file, zeros, sizeof(zeros), 0);
    return error == 0 && fsync(file) != 0 ? -errno : error;
}
