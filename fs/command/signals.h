/* SPDX-License-Identifier: MIT */
/*
 * The signals that end a mount, or a long command: SIGTERM, SIGINT and SIGHUP.
 * (fs/command/service.c: a daemon whose command has returned takes no notice of SIGHUP.)
 *
 * Before they are blocked they end the process, which has nothing to undo yet. Once blocked they
 * stay pending until they are read. So no signal can leave a mount behind.
 */
#ifndef BIGFS_FS_COMMAND_SIGNALS_H
#define BIGFS_FS_COMMAND_SIGNALS_H

#include <signal.h>

/*
 * Blocks the signals for this thread and the threads that it starts. Sets *before, if not NULL, to
 * the previous signal mask.
 */
void signals_block(sigset_t *before);

/*
 * Returns a descriptor that is readable while one of the signals is pending, owned by the caller,
 * or -errno. If SIGHUP was ignored at the start, as nohup does, it stays ignored.
 */
int signals_open(void);

/* Takes a pending signal. Returns its number, or 0 if there is none. Does not block. */
int signals_take(int fd);

/* The name of a signal, such as SIGTERM. */
const char *signals_name(int number);

/* Ends the process by this signal, whether it is blocked or not. */
void signals_end_by(int number);

/* Ignores SIGXFSZ: a file above the size limit gives EFBIG instead. */
void signals_ignore_file_limit(void);

/* Ignores SIGPIPE: a pipe without a reader gives EPIPE instead. */
void signals_ignore_broken_pipes(void);

#endif
