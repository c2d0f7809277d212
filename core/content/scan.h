/* SPDX-License-Identifier: MIT */
/*
 * The only way to scan a stretch of content, for whatever purpose.
 *
 *     stretch    |   data    |  hole  |        data        |
 *     visitor     data  data   hole    data  data  data …      steps of at most 2 MiB
 *
 * The scan does what every purpose needs: windows and the guard around them, copying if a file
 * cannot be mapped, dropping from the page cache what the scan brought in, holes, and cancellation.
 * A visitor is a few lines.
 */
#ifndef BIGFS_CORE_CONTENT_SCAN_H
#define BIGFS_CORE_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/content.h"

struct scan_visitor {
    /*
     * Looks at bytes of content, starting at `offset`. May be left halfway if the disk fails, so it
     * must take no lock and allocate nothing. Returns false if it has seen enough.
     */
    bool (*data)(void *argument, const uint8_t *bytes, size_t length, uint64_t offset);

    /* Skips a hole. NULL: holes are not looked for; `data` gets them as zeros. */
    bool (*hole)(void *argument, uint64_t offset, uint64_t length);
};

/*
 * Scans [start, end) of a pinned reading in order, until the visitor has seen enough. If this
 * returns 0 or -CANCELLED, the visitor's results may be trusted: all bytes that it saw were of the
 * generation. Other results are -ESTALE, -EIO, or why the file cannot be opened. Blocks as reads of
 * the file do. Thread-safe.
 */
int scan(const struct reading *reading, uint64_t start, uint64_t end,
         const struct scan_visitor *visitor, void *argument);

#endif
