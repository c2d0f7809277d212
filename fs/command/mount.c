/* SPDX-License-Identifier: MIT */
#include "fs/command/mount.h"

#include "core/base/list.h"

struct mount *mount_of(struct server *server)
{
    return list_object(server, struct mount, driver.server);
}
