/* SPDX-License-Identifier: MIT */
#include "core/index/index_probe.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/own_path.h"
#include "core/index/index_header.h"
#include "core/index/index_names.h"

enum {
    PROBE_SIZE = 8 * 1024, /* a small index */
    PROBE_NAMES = 1000,
    MODE = S_IRUSR | S_IWUSR,
};

static int write_probe(int fd)
{
    static const char zeros[PROBE_SIZE];
    int error = index_header_write_part(fd, zeros, sizeof(zeros), 0);
    return error == 0 && fsync(fd) != 0 ? -errno : error;
}

/* A process with the same number, on another host, may use a name, or has died with it. */
static int create_probe(int directory, char *name)
{
    int fd = -EEXIST;

    for (unsigned i = 0; i < PROBE_NAMES && fd == -EEXIST; i++) {
        index_probe_name(i, name);
        fd = index_names_create(directory, name);
    }
    return fd;
}

/*
 * For a file system without nameless files. Its name goes last: NFS and FUSE give a file that is
 * removed while it is open another name, which no sweep knows.
 */
static int probe_named(int directory)
{
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int fd = create_probe(directory, name);

    if (fd < 0)
        return fd;
    int error = write_probe(fd);
    cleanup_close(&fd);
    (void)unlinkat(directory, name, 0);
    return error;
}

int index_probe(const char *path)
{
    AUTO_CLOSE int made = own_path_open(path, OWN_PATH_MAKE);
    AUTO_CLOSE int directory = made < 0 ? made : index_names_open(path);

    if (directory < 0)
        return directory;
    AUTO_CLOSE int file = openat(directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE);
    return file >= 0 ? write_probe(file) : probe_named(directory);
}
