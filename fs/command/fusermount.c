/* SPDX-License-Identifier: MIT */
#include "fs/command/fusermount.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/cleanup.h"

/* Starts it. If `errors` is not -1, that becomes its standard error. Returns 0 or -errno. */
static int start(char **arguments, int errors, pid_t *child)
{
    posix_spawn_file_actions_t actions;

    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return -error;
    if (errors >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    if (error == 0)
        error = posix_spawnp(child, arguments[0], &actions, NULL, arguments, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return -error;
}

/* Reads all that it says, and keeps the beginning. */
static void listen(int end, char *said, size_t room)
{
    size_t used = 0;
    char more[256];

    for (;;) {
        ssize_t got = read(end, more, sizeof(more));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        for (ssize_t i = 0; i < got && used < room - 1; i++)
            said[used++] = more[i];
    }
    said[used] = '\0';
}

static int wait_for(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

int fusermount_unmount(const char *mountpoint, bool lazy, char *said, size_t room)
{
    char program[] = "fusermount3";
    char *arguments[7] = {program, "-u"};
    int ends[2] = {-1, -1};
    pid_t child = -1;
    int next = 2;

    if (lazy)
        arguments[next++] = "-z";
    if (said == NULL)
        arguments[next++] = "-q";
    arguments[next++] = "--";
    arguments[next] = (char *)(uintptr_t)mountpoint;
    if (said != NULL && pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    int error = start(arguments, ends[1], &child);
    cleanup_close(&ends[1]);
    if (error == 0 && said != NULL)
        listen(ends[0], said, room);
    cleanup_close(&ends[0]);
    return error != 0 ? error : wait_for(child);
}
