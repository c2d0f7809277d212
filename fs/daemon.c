#include "fs/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include <fuse_log.h>

#include "core/cleanup.h"

static void log_to_stderr(enum fuse_log_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)vfprintf(stderr, format, arguments);
}

/* The levels of libfuse are those of syslog(3). */
static void log_to_syslog(enum fuse_log_level level, const char *format, va_list arguments)
{
    vsyslog((int)level | LOG_DAEMON, format, arguments);
}

void daemon_log_to_stderr(void)
{
    fuse_set_log_func(log_to_stderr);
}

/* Waits for the child to say that it is ready, or to end. */
static void wait_for_child(pid_t child, int ready)
{
    char byte;
    int status = 0;

    for (;;) {
        ssize_t got = read(ready, &byte, 1);
        if (got == 1)
            _exit(EXIT_SUCCESS);
        if (got < 0 && errno == EINTR)
            continue;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        _exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
    }
}

int daemon_start(struct daemon *daemon, bool foreground)
{
    int ends[2];

    *daemon = (struct daemon){.foreground = foreground, .ready = -1};
    if (chdir("/") != 0) /* nobody's directory is kept busy */
        return -errno;
    if (foreground)
        return 0;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    pid_t child = fork();
    if (child < 0) {
        int error = -errno;
        (void)close(ends[0]);
        (void)close(ends[1]);
        return error;
    }
    (void)close(ends[child > 0 ? 1 : 0]);
    if (child > 0)
        wait_for_child(child, ends[0]);
    daemon->ready = ends[1];
    (void)setsid();
    return 0;
}

void daemon_ready(struct daemon *daemon)
{
    if (daemon->foreground || daemon->ready < 0)
        return;
    fuse_set_log_func(log_to_syslog);
    AUTO_CLOSE int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd <= 2; fd++)
        (void)dup2(null, fd);
    (void)!write(daemon->ready, "", 1);
    cleanup_close(&daemon->ready);
}
