/* SPDX-License-Identifier: MIT */
#include "fs/command/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <fuse_log.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"
#include "fs/command/signals.h"

/*
 * Formats a message so that it is at most one line, whatever the names in it contain. libfuse
 * writes a line in several parts; *ends: this part ends the line. NULL: no memory.
 */
static char *one_line(const char *format, va_list arguments, bool *ends)
{
    AUTO_FREE char *message = NULL;

    *ends = false;
    if (vasprintf(&message, format, arguments) < 0) {
        message = NULL;
        return NULL;
    }
    size_t length = strlen(message);
    *ends = length > 0 && message[length - 1] == '\n';
    if (*ends)
        message[length - 1] = '\0';
    return printable(message);
}

static void log_to_stderr(enum fuse_log_level level, const char *format, va_list arguments)
{
    bool ends = false;
    AUTO_FREE char *line = one_line(format, arguments, &ends);
    (void)level;
    if (line != NULL)
        (void)fprintf(stderr, "%s%s", line, ends ? "\n" : "");
}

/* libfuse has the levels of syslog(3). */
static void log_to_syslog(enum fuse_log_level level, const char *format, va_list arguments)
{
    bool ends = false;
    AUTO_FREE char *line = one_line(format, arguments, &ends);
    if (line != NULL)
        syslog((int)level | LOG_DAEMON, "%s", line);
}

void daemon_log_to_stderr(void)
{
    fuse_set_log_func(log_to_stderr);
}

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

/* Waits for the child to report that it is ready, or to end. The signals are blocked. */
static _Noreturn void wait_for_child(pid_t child, int socket)
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
            _exit(EXIT_SUCCESS);
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

int daemon_start(struct daemon *daemon, bool foreground)
{
    int ends[2];
    sigset_t before;
    pid_t parent = getpid();

    daemon->foreground = foreground;
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
        wait_for_child(child, ends[0]);
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

    if (parent < 0)
        return;
    fuse_set_log_func(log_to_syslog);
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

void daemon_end(struct daemon *daemon)
{
    int parent = atomic_exchange(&daemon->parent, -1);
    if (parent >= 0)
        (void)close(parent);
}
