/* SPDX-License-Identifier: MIT */
#include "fs/command/notify_socket.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "core/base/cleanup.h"

enum { PATIENCE_OF_NOTIFY_S = 1 };

/*
 * Reads an address: an absolute path, or @ and a name in the abstract namespace, which begins with
 * NUL instead and has no NUL at its end.
 */
static bool read_address(const char *text, struct notify_socket *notify)
{
    const size_t length = strlen(text);
    struct sockaddr_un *address = &notify->address;

    if ((text[0] != '/' && text[0] != '@') || length < 2 || length >= sizeof(address->sun_path))
        return false;
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, text, length + 1);
    if (text[0] == '@')
        address->sun_path[0] = '\0';
    notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    return true;
}

void notify_open(struct notify_socket *notify)
{
    const struct timeval patience = {.tv_sec = PATIENCE_OF_NOTIFY_S};
    const char *text = getenv("NOTIFY_SOCKET");

    *notify = (struct notify_socket){.fd = -1};
    if (text != NULL && read_address(text, notify))
        notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notify->fd >= 0)
        (void)setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    (void)unsetenv("NOTIFY_SOCKET");
}

void notify_send(const struct notify_socket *notify, const char *format, ...)
{
    AUTO_FREE char *text = NULL;
    va_list arguments;

    if (notify->fd < 0)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        text = NULL;
    va_end(arguments);
    if (text != NULL)
        (void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
                     (const struct sockaddr *)&notify->address, notify->length);
}

void notify_close(struct notify_socket *notify)
{
    cleanup_close(&notify->fd);
}
