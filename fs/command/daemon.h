/*
 * Going to the background, so that the command returns when the mount answers.
 *
 * The first process stays in front and waits; the second mounts. Whatever goes wrong before the
 * mount answers is said on the standard error of both, and the first ends with the right status.
 * They are bound to each other until the first has said that it is about to return:
 *
 *     first    wait ................. <-ready-- --bye--> exit 0
 *     second   check, mount, answer --ready-->  <--bye-- leave the terminal's world
 *
 * A signal that ends the first before goes on to the second, and the first ends with it; if the
 * first is killed, the second unmounts and ends. So a command that was interrupted leaves nothing.
 */
#ifndef BIGFS_FS_COMMAND_DAEMON_H
#define BIGFS_FS_COMMAND_DAEMON_H

#include <stdatomic.h>
#include <stdbool.h>

struct daemon {
    bool foreground;
    atomic_int parent; /* socket to the waiting process, or -1; owned */
};

enum daemon_news { DAEMON_BOUND, DAEMON_FREE, DAEMON_ORPHANED };

/*
 * Goes on in a new process and session, unless in the foreground; the old process waits and exits.
 * Until daemon_mounting() the new one is killed if the old one dies. Call it before any thread is
 * started. Returns 0, or -errno.
 */
int daemon_start(struct daemon *daemon, bool foreground);

/* Says that there is something to undo from now on. Call it when the signals are blocked. */
void daemon_mounting(void);

/* Tells the waiting process that all is well, once, and leaves the terminal. Does not block. */
void daemon_ready(struct daemon *daemon);

/*
 * Reads what the waiting process has to say, when daemon->parent is readable: DAEMON_FREE if the
 * command has returned well, and daemon->parent is closed then; DAEMON_ORPHANED if it was killed.
 */
enum daemon_news daemon_hear(struct daemon *daemon);

void daemon_end(struct daemon *daemon);

/* Sends what libfuse and bigfs have to say to standard error; daemon_ready() turns to syslog. */
void daemon_log_to_stderr(void);

#endif
