/*
 * Additions to libfuse's answer to FUSE_INIT, on its way to the kernel.
 *
 * FUSE_PARALLEL_DIROPS: libfuse before 3.17 offers FUSE_CAP_PARALLEL_DIROPS but does not pass it to
 * the kernel. The kernel then holds a lock on the directory during a look-up in it, and a program
 * that waits for that lock cannot even be killed. One long scan would hold up all readers of a
 * view.
 *
 * FUSE_DIRECT_IO_ALLOW_MMAP: libfuse knows it since 3.17, Linux since 6.6. Without it a piece that
 * is opened past the page cache (--cache none) cannot be mapped with MAP_SHARED, as rg, DuckDB and
 * Python's mmap do; they get ENODEV. An older kernel ignores it. Like all pages in the cache, those
 * of a mapping are of the node's generation.
 *
 * The functions between libfuse and the kernel also read the requests. They skip one that the end
 * of the mount overtakes (ECONNABORTED, once), which libfuse would call a failure.
 */
#ifndef BIGFS_FS_COMMAND_INIT_ANSWER_H
#define BIGFS_FS_COMMAND_INIT_ANSWER_H

#include <fuse_lowlevel.h>

/*
 * Call it between fuse_session_mount() and the first request, for a session whose user data is the
 * server of a struct mount. Calls kernel_readahead_go() once FUSE_INIT has been answered. Returns 0
 * or -errno.
 */
int init_answer_extend(struct fuse_session *session);

#endif
