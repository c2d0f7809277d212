/* SPDX-License-Identifier: MIT */
#include "fs/tree/refused_name.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "core/base/cleanup.h"

bool refused_name_is_said(struct driver *driver)
{
    return log_has(&driver->server.log, FUSE_LOG_INFO);
}

void refused_name_say(struct driver *driver, const struct node *parent, const char *name,
                      const char *reason)
{
    struct log *log = &driver->server.log;
    const uint64_t key = XXH3_64bits_withSeed(
        reason, strlen(reason), XXH3_64bits_withSeed(name, strlen(name), parent->inode));

    if (!log_may_write_once(log, LOG_NAME, FUSE_LOG_INFO, key))
        return;
    AUTO_FREE char *path = node_path(parent, name);
    if (path != NULL)
        log_write(log, LOG_NAME, FUSE_LOG_INFO, "%s: no such name: %s", path, reason);
}
