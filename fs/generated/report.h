/* The files of .bigfs: what this mount is and does. */
#ifndef BIGFS_FS_GENERATED_REPORT_H
#define BIGFS_FS_GENERATED_REPORT_H

#include <stddef.h>
#include <sys/types.h>

struct driver;

enum report {
    REPORT_STATUS,  /* for people */
    REPORT_METRICS, /* in the Prometheus text format */
    REPORT_VERSION,
    REPORTS,
};

/* The report's file name. */
const char *report_name(enum report report);

/* The report with this name, or REPORTS. */
enum report report_named(const char *name);

/*
 * Writes a report as it stands now, for the user `reader`: *text is the caller's to free. Paths and
 * names are for root and for the user that the driver runs as; the others may not be allowed to see
 * them in SOURCE, and get numbers. Returns 0 or -ENOMEM. Thread-safe; does not look at SOURCE.
 */
int report_write(struct driver *driver, enum report report, uid_t reader, char **text,
                 size_t *length);

#endif
