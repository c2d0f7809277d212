/*
 * The signals that end a mount: SIGTERM, SIGINT and SIGHUP.
 *
 * Until they are blocked they end the process, as it has nothing yet that must be undone. From then
 * on they wait until they are read, so none can ever leave a mount.
 */
#ifndef BIGFS_FS_COMMAND_SIGNALS_H
#define BIGFS_FS_COMMAND_SIGNALS_H

#include <signal.h>

/*
 * Blocks the signals for this thread and those that it starts. *before, if it is not NULL, is what
 * was blocked before.
 */
void signals_block(sigset_t *before);

/*
 * A descriptor that is readable if one of the signals is pending; the caller's. Returns -errno if
 * there is none to be had. A SIGHUP that the caller has ignored, as nohup does, stays ignored.
 */
int signals_open(void);

/* Takes a signal that is pending: its number, or 0 if there is none. Does not block. */
int signals_take(int fd);

/* Ignores what is an error number anyway: a file above the size limit is EFBIG, not SIGXFSZ; … */
void signals_ignore_file_limit(void);

/* … and a pipe without a reader is EPIPE, not SIGPIPE. */
void signals_ignore_broken_pipes(void);

#endif
