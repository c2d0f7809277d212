/*
 * What is added to libfuse's answer to FUSE_INIT, on its way to the kernel.
 *
 * FUSE_PARALLEL_DIROPS: libfuse before 3.17 offers FUSE_CAP_PARALLEL_DIROPS and does not tell the
 * kernel. The kernel then holds a lock on the directory for as long as a look-up in it lasts, and
 * a program that waits for that lock cannot even be killed: one long scan would hold up all readers
 * of a view.
 *
 * FUSE_DIRECT_IO_ALLOW_MMAP: libfuse knows it from 3.17 on, Linux from 6.6. Without it a piece that
 * is opened past the page cache (--cache none) cannot be mapped with MAP_SHARED, as rg, DuckDB and
 * Python's mmap do: ENODEV. An older kernel ignores it. What a mapping keeps in the page cache is
 * the node's generation, as all that is there.
 *
 * What stands between libfuse and the kernel for this reads the requests, too: one that the end of
 * the mount overtakes (ECONNABORTED, once) is passed over. libfuse would call it a failure.
 */
#ifndef BIGFS_FS_COMMAND_INIT_ANSWER_H
#define BIGFS_FS_COMMAND_INIT_ANSWER_H

#include <fuse_lowlevel.h>

/*
 * Call it between fuse_session_mount() and the first request, for a session whose user data is the
 * server of a struct mount. Once FUSE_INIT is answered, mount->readahead goes on. Returns 0 or
 * -errno.
 */
int init_answer_extend(struct fuse_session *session);

#endif
