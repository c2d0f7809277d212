#include "fs/readahead.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"

enum { WANTED = 1024 }; /* KiB: as much as a request asks for at most (docs/performance.md) */

/* Makes characters of the octal escapes of a path in mountinfo: \040 is a space. In place. */
static void unescape(char *path)
{
    char *to = path;
    for (const char *from = path; *from != '\0'; to++) {
        if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/* The third and the fifth word of a line of mountinfo: MAJOR:MINOR and the mountpoint. */
static bool parse_line(char *line, const char **device, char **mountpoint)
{
    char *rest = line;
    char *words[5];

    for (size_t i = 0; i < 5; i++) {
        words[i] = strsep(&rest, " ");
        if (words[i] == NULL)
            return false;
    }
    *device = words[2];
    *mountpoint = words[4];
    return true;
}

/*
 * Finds the device of what is mounted at `mountpoint`, without a question to the mount; a later
 * mount covers an earlier one. Returns false where nothing is.
 */
static bool find_device(const char *mountpoint, char *device, size_t size)
{
    AUTO_FCLOSE FILE *table = fopen("/proc/self/mountinfo", "re");
    AUTO_FREE char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (table != NULL && getline(&line, &room, table) > 0) {
        const char *its_device;
        char *path;
        if (!parse_line(line, &its_device, &path))
            continue;
        unescape(path);
        if (strcmp(path, mountpoint) != 0)
            continue;
        (void)snprintf(device, size, "%s", its_device);
        found = true;
    }
    return found;
}

static void raise_readahead(const char *mountpoint)
{
    char device[32];
    char name[64];
    char value[16];

    if (!find_device(mountpoint, device, sizeof(device)))
        return;
    (void)snprintf(name, sizeof(name), "/sys/class/bdi/%s/read_ahead_kb", device);
    AUTO_CLOSE int fd = open(name, O_RDWR | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, value, sizeof(value) - 1);
    if (length <= 0)
        return;
    value[length] = '\0';
    if (strtoul(value, NULL, 10) >= WANTED)
        return;
    (void)snprintf(value, sizeof(value), "%d", WANTED);
    (void)!pwrite(fd, value, strlen(value), 0);
}

static void *run(void *argument)
{
    struct readahead *readahead = argument;

    while (sem_wait(&readahead->answered) != 0)
        ;
    if (!atomic_load(&readahead->ended))
        raise_readahead(readahead->mountpoint);
    return NULL;
}

void readahead_start(struct readahead *readahead, const char *mountpoint)
{
    readahead->mountpoint = mountpoint;
    atomic_init(&readahead->ended, false);
    (void)sem_init(&readahead->answered, 0, 0);
    readahead->started = pthread_create(&readahead->thread, NULL, run, readahead) == 0;
}

void readahead_go(struct readahead *readahead)
{
    (void)sem_post(&readahead->answered);
}

void readahead_stop(struct readahead *readahead)
{
    atomic_store(&readahead->ended, true);
    (void)sem_post(&readahead->answered);
    if (readahead->started)
        (void)pthread_join(readahead->thread, NULL);
    (void)sem_destroy(&readahead->answered);
}
