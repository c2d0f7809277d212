/*
 * The signals that end a mount: SIGTERM, SIGINT and SIGHUP.
 *
 * Until they are blocked, they end the process, which has nothing to undo yet. After that they wait
 * until they are read, so none can leave a mount behind at any moment.
 */
#ifndef BIGFS_FS_COMMAND_SIGNALS_H
#define BIGFS_FS_COMMAND_SIGNALS_H

#include <signal.h>

/*
 * Blocks the signals for this thread and those that it starts. Sets *before to what was blocked
 * before, unless `before` is NULL.
 */
void signals_block(sigset_t *before);

/*
 * Opens a descriptor that is readable if one of the signals is pending, for the caller to close.
 * Returns it or -errno. A SIGHUP that is ignored already, as with nohup, stays ignored.
 */
int signals_open(void);

/* Takes a pending signal. Returns its number, or 0 if there is none. Does not block. */
int signals_take(int fd);

/* Ignores signals that are errors as well: a file above the size limit is EFBIG, not SIGXFSZ; … */
void signals_ignore_file_limit(void);

/* … and a pipe without a reader is EPIPE, not SIGPIPE. */
void signals_ignore_broken_pipes(void);

#endif
