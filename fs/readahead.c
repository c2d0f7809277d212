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
        unsigned code = 0;
        if (sscanf(from, "\\%3o", &code) == 1) {
            *to = (char)code;
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/*
 * Finds the device number of what is mounted at `mountpoint`, without a question to the mount: a
 * later mount covers an earlier one. Returns false where nothing is.
 */
static bool find_device(const char *mountpoint, unsigned *major, unsigned *minor)
{
    AUTO_FCLOSE FILE *table = fopen("/proc/self/mountinfo", "re");
    AUTO_FREE char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (table != NULL && getline(&line, &room, table) > 0) {
        AUTO_FREE char *path = NULL;
        unsigned device[2];
        if (sscanf(line, "%*u %*u %u:%u %*s %ms", &device[0], &device[1], &path) != 3)
            continue;
        unescape(path);
        if (strcmp(path, mountpoint) != 0)
            continue;
        *major = device[0];
        *minor = device[1];
        found = true;
    }
    return found;
}

static void raise_readahead(const char *mountpoint)
{
    char name[64];
    char value[16];
    unsigned major;
    unsigned minor;

    if (!find_device(mountpoint, &major, &minor))
        return;
    (void)snprintf(name, sizeof(name), "/sys/class/bdi/%u:%u/read_ahead_kb", major, minor);
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
