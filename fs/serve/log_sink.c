/* SPDX-License-Identifier: MIT */
#include "fs/serve/log_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "core/base/cleanup.h"

/* One write, so that lines of several processes do not mix. `head` stands before the prefix. */
static void write_line(const char *head, const char *mountpoint, const char *line)
{
    AUTO_FREE char *whole = NULL;
    const int length = mountpoint != NULL ? asprintf(&whole, "%sbigfs[%d] %s: %s\n", head,
                                                     (int)getpid(), mountpoint, line)
                                          : asprintf(&whole, "%sbigfs: %s\n", head, line);

    if (length < 0)
        whole = NULL;
    else
        (void)!write(STDERR_FILENO, whole, (size_t)length);
}

void log_to_stderr(const char *mountpoint, enum fuse_log_level level, const char *line)
{
    (void)level;
    write_line("", mountpoint, line);
}

/* As sd-daemon(3) says. */
void log_to_journal(const char *mountpoint, enum fuse_log_level level, const char *line)
{
    const char head[] = {'<', (char)('0' + level), '>', '\0'};
    write_line(head, mountpoint, line);
}

/* The ident and the pid are in openlog(3), which may be called again and again. */
void log_to_syslog(const char *mountpoint, enum fuse_log_level level, const char *line)
{
    openlog("bigfs", LOG_PID, LOG_DAEMON);
    if (mountpoint != NULL)
        syslog((int)level, "%s: %s", mountpoint, line);
    else
        syslog((int)level, "%s", line);
}

log_sink *log_sink_of_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat attributes;
    uintmax_t device = 0;
    uintmax_t inode = 0;
    char *end = NULL;

    if (stream == NULL || fstat(STDERR_FILENO, &attributes) != 0)
        return log_to_stderr;
    device = strtoumax(stream, &end, 10);
    if (*end != ':')
        return log_to_stderr;
    inode = strtoumax(end + 1, &end, 10);
    return *end == '\0' && device == attributes.st_dev && inode == attributes.st_ino
               ? log_to_journal
               : log_to_stderr;
}
