/*
 * Results that are bigfs's own and not the system's.
 *
 * They are returned negative, as errnos are, and are larger than any errno: the kernel's largest is
 * MAX_ERRNO, 4095. So no errno that a file system chooses to answer with, however odd, can be taken
 * for one of them. fs/operation/request.c turns them into what a reader gets.
 */
#ifndef BIGFS_CORE_BASE_OUTCOME_H
#define BIGFS_CORE_BASE_OUTCOME_H

enum outcome {
    CANCELLED = 4096, /* the caller has stopped waiting for the answer */
    AWAITS_INDEX,     /* a line index must be waited for first (core/index/indexer.h) */
    WRONG_INDEX,      /* a line index is damaged, or of another content */
    TRY_AGAIN,        /* the file changed meanwhile; another try may find it at rest */
    NOT_AT_ONCE,      /* it cannot be had without waiting */
    SIZE_UNTOLD,      /* the file has bytes, and the size 0 */
    FILE_TOO_SHORT,   /* the file ends before the bytes that are wanted */
    NOT_MAPPABLE,     /* no window on the file is to be had: read a copy instead */
    NOT_UNCACHED,     /* the file cannot be read past the page cache */
    NO_MORE_DATA,     /* a seek found nothing of its kind before the end */
    NO_MORE_PIECES,   /* the last piece of a view has been passed */
    NO_BUILD,         /* no thread makes this index now */
    MET_OURSELVES,    /* it leads back to ourselves (core/file/own_mounts.h) */
    HELD_BY_LEASE,    /* the file cannot be opened before another process gives up a lease */
    NO_DESCRIPTOR,    /* no descriptor is to be had before another one is closed */
    OTHER_DEVICE,     /* the path leads to another file system than the caller waits for */
};

#endif
