/* SPDX-License-Identifier: MIT */
/*
 * The mounts that this process can see: /proc/self/mountinfo. Does not ask the mounted file systems
 * anything.
 *
 * `table` is a descriptor from mount_table_open(), so that the table can be read again even if no
 * descriptor is free. Only one thread at a time may use it. If it is -1, one is opened for the
 * call.
 */
#ifndef BIGFS_CORE_FILE_MOUNT_TABLE_H
#define BIGFS_CORE_FILE_MOUNT_TABLE_H

#include <stdbool.h>
#include <sys/types.h>

/* The type of bigfs's own mounts in the table. */
#define BIGFS_MOUNT_TYPE "fuse.bigfs"

/* One mount. The strings live as long as the visit. */
struct mount_entry {
    int id;             /* no other mount has it at the same time */
    dev_t device;       /* st_dev of everything in it */
    const char *path;   /* where it is mounted, absolute */
    const char *type;   /* of the file system; with its subtype, as in fuse.bigfs */
    const char *source; /* what it claims to show */
};

/* Opens the table. poll(2) with POLLPRI reports changes. Returns a descriptor or -errno. */
int mount_table_open(void);

/*
 * Visits all mounts, the oldest first. Returns 0, or -errno if the table cannot be read to its end.
 */
int mount_table_visit(int table, void (*visit)(void *argument, const struct mount_entry *entry),
                      void *argument);

/*
 * Finds the device that is mounted at `mountpoint`, an absolute path without symbolic links. A
 * later mount covers an earlier one. Returns false if nothing is mounted there.
 */
bool mount_table_find(int table, const char *mountpoint, dev_t *device);

/* What is mounted at one place. */
struct mount_description {
    int id;
    dev_t device; /* as in an entry */
    char *type;   /* owned, as the strings of an entry */
    char *source; /* owned */
};

/*
 * Describes what is mounted at `mountpoint`, an absolute path without symbolic links: the last
 * mount, if several are. Returns 0, -ENOENT if nothing is mounted there, -ENOMEM, or as
 * mount_table_visit(). On failure there is nothing to free.
 */
int mount_table_describe(int table, const char *mountpoint, struct mount_description *found);
void mount_description_free(struct mount_description *found);

/* Whether anything with this device is mounted. */
bool mount_table_has(int table, dev_t device);

#endif
