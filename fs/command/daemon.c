/* SPDX-License-Identifier: MIT */
#include "fs/command/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "fs/command/signals.h"

/* Ends the process as the signal would have. */
static _Noreturn void die_of(int number)
{
    sigset_t only;

    sigemptyset(&only);
    sigaddset(&only, number);
    (void)signal(number, SIG_DFL);
    (void)raise(number);
    (void)sigprocmask(SIG_UNBLOCK, &only, NULL);
    _exit(EXIT_FAILURE);
}

/* Waits for the child to end, then ends the same way, or by the signal that was passed on to it. */
static _Noreturn void end_with_child(pid_t child, int passed_on)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (passed_on != 0)
        die_of(passed_on);
    _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
}

/* Passes on pending signals. Returns the last one, or 0. */
static int pass_on_signals(int signals, pid_t child)
{
    int number = 0;
    int last = 0;

    while ((number = signals_take(signals)) != 0) {
        (void)kill(child, number);
        last = number;
    }
    return last;
}

/* The mount answers. This process, which the service manager knows, says which process goes on. */
static _Noreturn void succeed(const struct daemon *daemon, pid_t child)
{
    notify_send(daemon->notify, "MAINPID=%d\nREADY=1\nSTATUS=%s", (int)child, daemon->status);
    _exit(EXIT_SUCCESS);
}

/* Waits for the child to report that it is ready, or to end. The signals are blocked. */
static _Noreturn void wait_for_child(const struct daemon *daemon, pid_t child, int socket)
{
    int signals = signals_open();
    struct pollfd events[] = {{.fd = socket, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    int passed_on = 0;
    char byte;

    for (;;) {
        if (poll(events, 2, -1) < 0)
            continue;
        int number = pass_on_signals(signals, child);
        passed_on = number != 0 ? number : passed_on;
        if (events[0].revents == 0)
            continue;
        if (recv(socket, &byte, 1, 0) != 1)
            end_with_child(child, passed_on);
        if (passed_on == 0 && send(socket, "", 1, MSG_NOSIGNAL) == 1)
            succeed(daemon, child);
    }
}

/* In the new process. */
static void begin_child(struct daemon *daemon, int socket, pid_t parent)
{
    atomic_store(&daemon->parent, socket);
    (void)setsid();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* the parent was killed already */
        _exit(EXIT_FAILURE);
}

int daemon_start(struct daemon *daemon, bool foreground, const struct notify_socket *notify,
                 const char *status)
{
    int ends[2];
    sigset_t before;
    pid_t parent = getpid();

    *daemon = (struct daemon){.foreground = foreground, .notify = notify, .status = status};
    atomic_init(&daemon->parent, -1);
    if (chdir("/") != 0) /* so that no directory is kept busy */
        return -errno;
    if (foreground)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return -errno;
    signals_block(&before);
    pid_t child = fork();
    int error = child < 0 ? -errno : 0;
    if (child != 0)
        (void)close(ends[1]);
    if (child > 0)
        wait_for_child(daemon, child, ends[0]);
    (void)close(ends[0]);
    if (child == 0)
        begin_child(daemon, ends[1], parent);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return error;
}

void daemon_mounting(void)
{
    (void)prctl(PR_SET_PDEATHSIG, 0);
}

void daemon_ready(struct daemon *daemon)
{
    int parent = atomic_load(&daemon->parent);

    if (daemon->foreground)
        notify_send(daemon->notify, "READY=1\nSTATUS=%s", daemon->status);
    if (parent < 0)
        return;
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        (void)dup2(null, fd);
    (void)!send(parent, "", 1, MSG_NOSIGNAL);
}

enum daemon_news daemon_hear(struct daemon *daemon)
{
    char byte;
    ssize_t got = recv(atomic_load(&daemon->parent), &byte, 1, MSG_DONTWAIT);

    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return DAEMON_BOUND;
    if (got != 1)
        return DAEMON_ORPHANED; /* left open: the mount may still report success */
    (void)close(atomic_exchange(&daemon->parent, -1));
    return DAEMON_FREE;
}

bool daemon_is_free(const struct daemon *daemon)
{
    return !daemon->foreground && atomic_load(&daemon->parent) < 0;
}

void daemon_end(struct daemon *daemon)
{
    int parent = atomic_exchange(&daemon->parent, -1);
    if (parent >= 0)
        (void)close(parent);
}
