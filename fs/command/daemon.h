/* SPDX-License-Identifier: MIT */
/*
 * Goes to the background, so that the command returns once the mount answers.
 *
 * The first process waits in the foreground; the second mounts. Errors before the mount answers go
 * to the standard error that both share, and the first exits with the right status. The two stay
 * connected until the first reports that it is about to return:
 *
 *     first    wait ................. <-ready-- --bye--> exit 0
 *     second   check, mount, answer --ready-->  <--bye-- detach from the terminal
 *
 * If a signal ends the first process before that, it is passed on to the second, and the first ends
 * with it. If the first is killed, the second unmounts and ends. So an interrupted command leaves
 * nothing behind.
 */
#ifndef BIGFS_FS_COMMAND_DAEMON_H
#define BIGFS_FS_COMMAND_DAEMON_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fs/command/notify_socket.h"

struct daemon {
    bool foreground;
    const struct notify_socket *notify; /* borrowed */
    const char *status;                 /* borrowed; for the service manager, once it serves */
    atomic_int parent;                  /* socket to the waiting process, or -1; owned */
};

enum daemon_news { DAEMON_BOUND, DAEMON_FREE, DAEMON_ORPHANED };

/*
 * Continues in a new process and session, unless `foreground`; the old process waits and exits. The
 * service manager hears `status`, one line, once the mount answers.
 * Until daemon_mounting() the new process is killed if the old one dies. Call it before any thread
 * is started. Returns 0 or -errno.
 */
int daemon_start(struct daemon *daemon, bool foreground, const struct notify_socket *notify,
                 const char *status);

/* Declares that there is something to undo from now on. Call it once the signals are blocked. */
void daemon_mounting(void);

/*
 * Reports success, once: to the waiting process, and then detaches from the terminal; or in the
 * foreground to the service manager.
 */
void daemon_ready(struct daemon *daemon);

/*
 * Reads the message of the waiting process when daemon->parent is readable. DAEMON_FREE: the
 * command has returned successfully, and daemon->parent is now closed. DAEMON_ORPHANED: it was
 * killed.
 */
enum daemon_news daemon_hear(struct daemon *daemon);

/* Whether it is in the background, and the command that started it has returned successfully. */
bool daemon_is_free(const struct daemon *daemon);

void daemon_end(struct daemon *daemon);

#endif
