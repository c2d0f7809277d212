/*
 * Shows a directory, read-only, as a file system that knows no holes: a file has fewer blocks than
 * bytes, and yet SEEK_HOLE finds none (there is no lseek here) and FIEMAP is refused. The mount
 * tests put bigfs on top of it.
 *
 *     plain_fuse DIRECTORY MOUNTPOINT [FUSE OPTIONS]
 *
 * PLAIN_FUSE_HOLD in the environment names a file: as long as that exists, reads between the two
 * offsets that it holds (in decimal) do not come to an end.
 */
#define FUSE_USE_VERSION 31

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HOLD_STEP = 2000, /* microseconds */
    MOST_HELD = 256,  /* reads that are held must not keep others back */
};

static int root = -1;
static const char *hold;

static const char *below(const char *path)
{
    return path[1] != '\0' ? path + 1 : ".";
}

static void *plain_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
    connection->max_background = MOST_HELD;
    connection->congestion_threshold = MOST_HELD;
    config->use_ino = 1;
    config->attr_timeout = 0;
    config->entry_timeout = 0;
    return NULL;
}

static int plain_getattr(const char *path, struct stat *attributes, struct fuse_file_info *file)
{
    (void)file;
    return fstatat(root, below(path), attributes, AT_SYMLINK_NOFOLLOW) != 0 ? -errno : 0;
}

static int plain_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
                         struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
    (void)offset;
    (void)file;
    (void)flags;
    int fd = openat(root, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        (void)fill(buffer, entry->d_name, NULL, 0, 0);
    (void)closedir(directory);
    return 0;
}

static int plain_open(const char *path, struct fuse_file_info *file)
{
    int fd = openat(root, below(path), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    file->fh = (uint64_t)fd;
    return 0;
}

/* Whether a read of these bytes is held now. */
static int is_held(off_t start, off_t end)
{
    char text[48] = "";
    char *rest;
    int fd = hold != NULL ? open(hold, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return 0;
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    (void)close(fd);
    return got > 0 && end > strtoll(text, &rest, 10) && start < strtoll(rest, NULL, 10);
}

static int plain_read(const char *path, char *buffer, size_t size, off_t offset,
                      struct fuse_file_info *file)
{
    (void)path;
    while (is_held(offset, offset + (off_t)size))
        (void)usleep(HOLD_STEP);
    ssize_t got = pread((int)file->fh, buffer, size, offset);
    return got < 0 ? -errno : (int)got;
}

static int plain_release(const char *path, struct fuse_file_info *file)
{
    (void)path;
    (void)close((int)file->fh);
    return 0;
}

static const struct fuse_operations operations = {
    .init = plain_init,
    .getattr = plain_getattr,
    .readdir = plain_readdir,
    .open = plain_open,
    .read = plain_read,
    .release = plain_release,
};

int main(int argc, char **argv)
{
    root = argc > 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (root < 0) {
        (void)fputs("usage: plain_fuse DIRECTORY MOUNTPOINT [FUSE OPTIONS]\n", stderr);
        return 2;
    }
    argv[1] = argv[0];
    hold = getenv("PLAIN_FUSE_HOLD");
    return fuse_main(argc - 1, argv + 1, &operations, NULL);
}
