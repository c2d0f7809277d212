/*
 * Going to the background, so that the command returns when the mount answers.
 *
 * The first process stays in front and waits; the second mounts. Whatever goes wrong before the
 * mount answers is said on the standard error of both, and the first ends with the right status.
 */
#ifndef BIGFS_FS_DAEMON_H
#define BIGFS_FS_DAEMON_H

#include <stdbool.h>

struct daemon {
    bool foreground;
    int ready; /* pipe to the waiting process, or -1; owned */
};

/*
 * Goes on in a new process and session, unless in the foreground; the old process waits and exits.
 * Call it before any thread is started. Returns 0, or -errno.
 */
int daemon_start(struct daemon *daemon, bool foreground);

/* Tells the waiting process that all is well, once, and leaves the terminal. Thread-safe. */
void daemon_ready(struct daemon *daemon);

/* Sends what libfuse and bigfs have to say to standard error; daemon_ready() turns to syslog. */
void daemon_log_to_stderr(void);

#endif
