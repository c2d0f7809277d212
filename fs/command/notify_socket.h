/* SPDX-License-Identifier: MIT */
/*
 * Tells the service manager how the mount is doing, as sd_notify(3) does: one datagram to the
 * socket that NOTIFY_SOCKET names. Without NOTIFY_SOCKET nothing is sent.
 *
 * Thread-safe once it is open.
 */
#ifndef BIGFS_FS_COMMAND_NOTIFY_SOCKET_H
#define BIGFS_FS_COMMAND_NOTIFY_SOCKET_H

#include <sys/socket.h>
#include <sys/un.h>

struct notify_socket {
    int fd; /* owned; -1: nobody wants to know */
    struct sockaddr_un address;
    socklen_t length; /* of the address */
};

/*
 * Opens the socket that the environment names, and takes it out of the environment, so that no
 * program that bigfs starts speaks for it. Not thread-safe. It cannot fail: an address that cannot
 * be used is as none.
 */
void notify_open(struct notify_socket *notify);

/*
 * Sends lines of the form NAME=VALUE, formatted as by printf(3). A value must have no line break.
 * Waits at most one second if the manager does not read. A failure is ignored, as the mount does
 * not depend on it.
 */
void notify_send(const struct notify_socket *notify, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void notify_close(struct notify_socket *notify);

#endif
