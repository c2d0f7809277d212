/* SPDX-License-Identifier: MIT */
/*
 * Extends libfuse's answer to FUSE_INIT on its way to the kernel.
 *
 * FUSE_PARALLEL_DIROPS: libfuse before 3.17 offers FUSE_CAP_PARALLEL_DIROPS but does not pass it on
 * to the kernel. The kernel then locks a directory for as long as a look-up in it lasts, and a
 * process that waits for the lock cannot even be killed. One long scan would block all readers of a
 * view.
 *
 * FUSE_DIRECT_IO_ALLOW_MMAP: known to libfuse from 3.17 on, to Linux from 6.6 on; older kernels
 * ignore it. Without it a piece opened past the page cache (--cache none) cannot be mapped with
 * MAP_SHARED, as rg, DuckDB and Python's mmap do: ENODEV. Pages that a mapping keeps in the page
 * cache belong to the node's generation, like all others.
 *
 * The layer between libfuse and the kernel reads the requests too. It skips a request that is
 * aborted by the end of the mount (ECONNABORTED, once), which libfuse would treat as a failure.
 */
#ifndef BIGFS_FS_COMMAND_INIT_ANSWER_H
#define BIGFS_FS_COMMAND_INIT_ANSWER_H

#include <fuse_lowlevel.h>

/*
 * Call it between fuse_session_mount() and the first request, for the session of a struct mount.
 * Calls kernel_readahead_go() once FUSE_INIT has been answered. Returns 0 or -errno.
 */
int init_answer_extend(struct fuse_session *session);

#endif
