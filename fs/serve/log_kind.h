/* SPDX-License-Identifier: MIT */
/* What lines of the log are about. Each kind is a row of the table in fs/serve/log_kind.c. */
#ifndef BIGFS_FS_SERVE_LOG_KIND_H
#define BIGFS_FS_SERVE_LOG_KIND_H

#include <stdbool.h>

enum log_kind {
    LOG_LIFE,    /* the mount itself: its start, its end, SOURCE */
    LOG_STALE,   /* files whose readers get ESTALE */
    LOG_FAILED,  /* requests that were answered with EIO */
    LOG_TROUBLE, /* what is wrong with a file */
    LOG_INDEX,   /* indexes and maps, and their directory */
    LOG_NAME,    /* names that fit no rule */
    LOG_LIBFUSE,
    LOG_KINDS
};

struct log_kind_row {
    const char *about; /* for the line that counts those left out */
    bool unlimited;    /* it has no budget */
};

extern const struct log_kind_row log_kinds[LOG_KINDS];

#endif
