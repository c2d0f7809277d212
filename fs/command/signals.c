/* SPDX-License-Identifier: MIT */
#include "fs/command/signals.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static bool is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static void signals_that_end(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    if (!is_ignored(SIGHUP))
        sigaddset(signals, SIGHUP);
}

void signals_block(sigset_t *before)
{
    sigset_t signals;
    signals_that_end(&signals);
    (void)pthread_sigmask(SIG_BLOCK, &signals, before);
}

int signals_open(void)
{
    sigset_t signals;
    signals_that_end(&signals);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int signals_take(int fd)
{
    struct signalfd_siginfo taken;
    return read(fd, &taken, sizeof(taken)) == (ssize_t)sizeof(taken) ? (int)taken.ssi_signo : 0;
}

const char *signals_name(int number)
{
    return number == SIGHUP ? "SIGHUP" : number == SIGINT ? "SIGINT" : "SIGTERM";
}

void signals_end_by(int number)
{
    sigset_t signals;

    (void)signal(number, SIG_DFL);
    sigemptyset(&signals);
    sigaddset(&signals, number);
    (void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    (void)raise(number);
}

void signals_ignore_file_limit(void)
{
    (void)signal(SIGXFSZ, SIG_IGN);
}

void signals_ignore_broken_pipes(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
}
