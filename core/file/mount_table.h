/*
 * The mounts that this process can see: /proc/self/mountinfo. Asks nothing of what is mounted.
 *
 * `table` is a descriptor of mount_table_open(), which one thread uses at a time: the table is read
 * again even if no descriptor is to be had. Or it is -1: then one is opened for the time being.
 */
#ifndef BIGFS_CORE_FILE_MOUNT_TABLE_H
#define BIGFS_CORE_FILE_MOUNT_TABLE_H

#include <stdbool.h>
#include <sys/types.h>

/* One mount. The strings live as long as the visit. */
struct mount_entry {
    dev_t device;       /* as st_dev of everything in it */
    const char *path;   /* where it is mounted, absolute */
    const char *type;   /* of the file system; with its subtype, as in fuse.bigfs */
    const char *source; /* what it says that it shows */
};

/* Opens the table. poll(2) with POLLPRI tells of changes. Returns a descriptor or -errno. */
int mount_table_open(void);

/*
 * Visits all mounts, the oldest first. Returns 0, or -errno if the table cannot be read to its end.
 */
int mount_table_visit(int table, void (*visit)(void *argument, const struct mount_entry *entry),
                      void *argument);

/*
 * Finds the device of what is mounted at `mountpoint`, an absolute path without symbolic links. A
 * later mount covers an earlier one. Returns false if nothing is mounted there.
 */
bool mount_table_find(int table, const char *mountpoint, dev_t *device);

/* Whether anything is mounted that has this device. */
bool mount_table_has(int table, dev_t device);

#endif
