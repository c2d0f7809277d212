/* SPDX-License-Identifier: MIT */
/*
 * Results that bigfs defines, beside the system's errnos.
 *
 * They are returned negative, as errnos are, and are larger than any errno (the kernel's MAX_ERRNO
 * is 4095). So no errno of a file system, however odd, can be mistaken for one of them.
 * fs/serve/errors.c turns them into what a reader gets.
 */
#ifndef BIGFS_CORE_BASE_OUTCOME_H
#define BIGFS_CORE_BASE_OUTCOME_H

enum outcome {
    CANCELLED = 4096, /* the answer is no longer wanted */
    AWAITS_INDEX,     /* wait for a line index first (core/index/index_builder.h) */
    WRONG_INDEX,      /* a line index is damaged or belongs to another content */
    TRY_AGAIN,        /* the file changed meanwhile; another try may find it at rest */
    NOT_AT_ONCE,      /* it is not available without waiting */
    SIZE_UNTOLD,      /* the file has bytes but its size is 0 */
    FILE_TOO_SHORT,   /* the file ends before the wanted bytes */
    NOT_MAPPABLE,     /* no window on the file is available: read a copy instead */
    NOT_UNCACHED,     /* the file cannot be read past the page cache */
    NO_MORE_DATA,     /* a seek found nothing of its kind before the end */
    NO_MORE_PIECES,   /* there is no piece after the last of a view */
    MAP_FULL,         /* a map takes no more damages (core/content/content_map.h) */
    NO_BUILD,         /* no thread builds this index now */
    MET_OURSELVES,    /* it leads back to bigfs (core/file/own_mounts.h) */
    HELD_BY_LEASE,    /* the file cannot be opened before its lease is given up */
    NO_DESCRIPTOR,    /* no descriptor is free until one is closed */
    KEPT_PART,        /* it was cancelled, and what was counted until then is kept */
    OVER_SPACE,       /* an index is larger than all the space for indexes: it is not kept */
    OTHER_DEVICE,     /* the path leads to a file system that the caller must not wait for */
};

#endif
