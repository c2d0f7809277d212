/* SPDX-License-Identifier: MIT */
#include "fs/command/kernel_readahead.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/file/mount_table.h"

enum { WANTED = 1024 }; /* KiB: the largest request (docs/performance.md) */

static void raise_readahead(const char *mountpoint)
{
    dev_t device;
    char name[64];
    char value[16];

    if (!mount_table_find(-1, mountpoint, &device))
        return;
    (void)snprintf(name, sizeof(name), "/sys/class/bdi/%u:%u/read_ahead_kb", major(device),
                   minor(device));
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

static void *raise_when_answered(void *argument)
{
    struct kernel_readahead *readahead = argument;

    while (sem_wait(&readahead->answered) != 0)
        ;
    if (!atomic_load(&readahead->ended))
        raise_readahead(readahead->mountpoint);
    return NULL;
}

void kernel_readahead_start(struct kernel_readahead *readahead, const char *mountpoint)
{
    readahead->mountpoint = mountpoint;
    atomic_init(&readahead->ended, false);
    (void)sem_init(&readahead->answered, 0, 0);
    readahead->started =
        pthread_create(&readahead->thread, NULL, raise_when_answered, readahead) == 0;
}

void kernel_readahead_go(struct kernel_readahead *readahead)
{
    (void)sem_post(&readahead->answered);
}

void kernel_readahead_stop(struct kernel_readahead *readahead)
{
    atomic_store(&readahead->ended, true);
    (void)sem_post(&readahead->answered);
    if (readahead->started)
        (void)pthread_join(readahead->thread, NULL);
    (void)sem_destroy(&readahead->answered);
}
