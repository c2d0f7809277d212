/* SPDX-License-Identifier: MIT */
/*
 * A driver that does nothing but reply. The bench measures bigfs against it. It shows COUNT files
 * of SIZE bytes, named 0, 1 and so on, with the settings of bigfs and the loop of libfuse.
 *
 *     null_fuse buffer|mapping FILE COUNT SIZE kernel|none MOUNTPOINT [OPTIONS]
 *
 * buffer: every reply is the first MiB of FILE, which is read once, at the start. The driver reads,
 * checks and allocates nothing, so a reader gets what FUSE itself lets through.
 *
 * mapping: the files are the parts of FILE, one after the other, and each reply comes straight from
 * a mapping of FILE. That is the limit for a driver that has to read its source. It does not check
 * whether FILE has changed, so a reply may mix old and new bytes.
 *
 * kernel and none are as in bigfs --cache; OPTIONS are libfuse's.
 */
#define FUSE_USE_VERSION 312

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 1 << 20, FIRST_FILE = FUSE_ROOT_ID + 1, BACKGROUND = 64, MOST_THREADS = 10 };

static const double forever = 3600;

static struct {
    char buffer[MOST];
    const char *mapping; /* of the whole file; NULL: replies come from the buffer */
    unsigned long count;
    off_t size;
    bool direct;
} null;

static void fill_attributes(fuse_ino_t inode, struct stat *attributes)
{
    bool root = inode == FUSE_ROOT_ID;
    *attributes = (struct stat){
        .st_ino = inode,
        .st_mode = root ? S_IFDIR | 0555 : S_IFREG | 0444,
        .st_nlink = 1,
        .st_size = root ? 0 : null.size,
        .st_blksize = MOST,
    };
}

static void null_init(void *argument, struct fuse_conn_info *connection)
{
    (void)argument;
    connection->want &=
        ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
    connection->max_read = MOST;
    connection->max_background = BACKGROUND;
    connection->congestion_threshold = BACKGROUND;
}

static void null_lookup(fuse_req_t request, fuse_ino_t parent, const char *name)
{
    char *end;
    unsigned long number = strtoul(name, &end, 10);
    struct fuse_entry_param entry = {
        .ino = FIRST_FILE + number, .attr_timeout = forever, .entry_timeout = forever};

    if (parent != FUSE_ROOT_ID || *end != '\0' || number >= null.count) {
        (void)fuse_reply_err(request, ENOENT);
        return;
    }
    fill_attributes(entry.ino, &entry.attr);
    (void)fuse_reply_entry(request, &entry);
}

static void null_getattr(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    struct stat attributes;
    (void)file;
    fill_attributes(inode, &attributes);
    (void)fuse_reply_attr(request, &attributes, forever);
}

static void null_open(fuse_req_t request, fuse_ino_t inode, struct fuse_file_info *file)
{
    (void)inode;
    file->direct_io = null.direct;
    file->keep_cache = !null.direct;
    (void)fuse_reply_open(request, file);
}

static const char *bytes_of(fuse_ino_t inode, off_t offset)
{
    if (null.mapping == NULL)
        return null.buffer;
    return null.mapping + (off_t)(inode - FIRST_FILE) * null.size + offset;
}

static void null_read(fuse_req_t request, fuse_ino_t inode, size_t size, off_t offset,
                      struct fuse_file_info *file)
{
    (void)file;
    size_t rest = offset < null.size ? (size_t)(null.size - offset) : 0;
    size = size < rest ? size : rest;
    (void)fuse_reply_buf(request, bytes_of(inode, offset), size < MOST ? size : MOST);
}

static const struct fuse_lowlevel_ops operations = {
    .init = null_init,
    .lookup = null_lookup,
    .getattr = null_getattr,
    .open = null_open,
    .read = null_read,
};

static bool read_buffer(int fd)
{
    return read(fd, null.buffer, MOST) == MOST;
}

static bool map_file(int fd)
{
    size_t length = null.count * (size_t)null.size;
    struct stat attributes;

    if (fstat(fd, &attributes) != 0 || (size_t)attributes.st_size < length)
        return false;
    void *mapping = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
    if (mapping == MAP_FAILED)
        return false;
    null.mapping = mapping;
    return true;
}

/* Reads or maps the file. */
static bool prepare(const char *mode, const char *path)
{
    bool (*take)(int) = strcmp(mode, "mapping") == 0 ? map_file : read_buffer;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool prepared = fd >= 0 && take(fd);
    if (fd >= 0)
        (void)close(fd);
    return prepared;
}

static int serve(struct fuse_args *arguments, const char *mountpoint)
{
    struct fuse_session *session =
        fuse_session_new(arguments, &operations, sizeof(operations), NULL);
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    int status = EXIT_FAILURE;

    if (session != NULL && config != NULL && fuse_set_signal_handlers(session) == 0 &&
        fuse_session_mount(session, mountpoint) == 0) {
        unsigned threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN) + 1;
        threads = threads < MOST_THREADS ? threads : MOST_THREADS; /* as in bigfs */
        fuse_loop_cfg_set_max_threads(config, threads);
        fuse_loop_cfg_set_idle_threads(config, threads);
        status = fuse_session_loop_mt(session, config) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
        fuse_session_unmount(session);
    }
    if (config != NULL)
        fuse_loop_cfg_destroy(config);
    if (session != NULL)
        fuse_session_destroy(session);
    return status;
}

int main(int argc, char **argv)
{
    if (argc < 7) {
        (void)fprintf(stderr, "usage: null_fuse buffer|mapping FILE COUNT SIZE kernel|none "
                              "MOUNTPOINT [OPTIONS]\n");
        return EXIT_FAILURE;
    }
    null.count = strtoul(argv[3], NULL, 10);
    null.size = (off_t)strtoull(argv[4], NULL, 10);
    null.direct = strcmp(argv[5], "none") == 0;
    if (!prepare(argv[1], argv[2])) {
        (void)fprintf(stderr, "null_fuse: %s cannot be used, or is too short\n", argv[2]);
        return EXIT_FAILURE;
    }
    struct fuse_args arguments = FUSE_ARGS_INIT(argc - 6, argv + 6);
    return serve(&arguments, argv[6]);
}
