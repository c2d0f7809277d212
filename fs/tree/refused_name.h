/* SPDX-License-Identifier: MIT */
/*
 * Says in the log, at level info, why a name is ENOENT that could have been a view or a piece.
 *
 * Most of such names are probes of programs, such as .git and desktop.ini. So nothing is formatted
 * unless the level is info. A program such as ls asks twice for one name, which is said once.
 */
#ifndef BIGFS_FS_TREE_REFUSED_NAME_H
#define BIGFS_FS_TREE_REFUSED_NAME_H

#include "core/view/name_reason.h"
#include "fs/tree/driver.h"

/* Whether anybody wants to know why a name was refused. */
bool refused_name_is_said(struct driver *driver);

/* Says why `name` in `parent` was refused, unless it was just said, or too much is. */
void refused_name_say(struct driver *driver, const struct node *parent, const char *name,
                      const char *reason);

#endif
