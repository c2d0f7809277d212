/*
 * Lets the kernel send several look-ups in one directory at once.
 *
 * libfuse before 3.17 offers FUSE_CAP_PARALLEL_DIROPS and does not tell the kernel. The kernel then
 * holds a lock on the directory for as long as a look-up in it lasts, and whoever waits for that
 * lock cannot even be killed: one long scan would hold up all readers of a view. So the flag is put
 * into libfuse's answer to FUSE_INIT on its way out.
 */
#ifndef BIGFS_FS_PARALLEL_LOOKUPS_H
#define BIGFS_FS_PARALLEL_LOOKUPS_H

#include <fuse_lowlevel.h>

/*
 * Call it between fuse_session_mount() and the first request, for a session whose user data is a
 * struct driver. Returns 0 or -errno.
 */
int parallel_lookups_enable(struct fuse_session *session);

#endif
