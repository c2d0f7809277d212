/* The one place where an error of the core becomes the errno that a reader gets. */
#ifndef BIGFS_FS_SERVE_ERRORS_H
#define BIGFS_FS_SERVE_ERRORS_H

#include <stdint.h>

/* Returns the errno for a reader, positive, for an error of the core, negative. */
int error_for_reader(int error);

/*
 * For how long a request that failed with this error is put aside and tried again, in ms. 0: it has
 * failed.
 */
int64_t error_patience_ms(int error);

#endif
