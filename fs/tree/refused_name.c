/* SPDX-License-Identifier: MIT */
#include "fs/tree/refused_name.h"

#include <stdlib.h>

#include "core/base/cleanup.h"

bool refused_name_is_said(struct driver *driver)
{
    return log_may_write(&driver->server.log, LOG_NAME, FUSE_LOG_INFO);
}

void refused_name_say(struct driver *driver, const struct node *parent, const char *name,
                      const char *reason)
{
    AUTO_FREE char *path = node_path(parent, name);

    if (path != NULL)
        log_write(&driver->server.log, LOG_NAME, FUSE_LOG_INFO, "%s: no such name: %s", path,
                  reason);
}
