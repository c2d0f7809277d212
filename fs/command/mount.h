/* SPDX-License-Identifier: MIT */
/* One mount in its process. */
#ifndef BIGFS_FS_COMMAND_MOUNT_H
#define BIGFS_FS_COMMAND_MOUNT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fs/command/daemon.h"
#include "fs/command/departure.h"
#include "fs/command/kernel_readahead.h"
#include "fs/command/notify_socket.h"
#include "fs/tree/driver.h"

/* A driver, and the state of the process that serves it. */
struct mount {
    struct driver driver;
    struct daemon daemon;
    struct notify_socket notify;
    struct kernel_readahead readahead;
    struct departure departure;
    atomic_bool ready; /* the log has said that it serves */
    bool departing;    /* the time limit of the departure is running */
    atomic_bool init_answered;
};

/* The mount whose server is the user data of a session. */
struct mount *mount_of(struct server *server);

#endif
