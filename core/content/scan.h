/*
 * The one way to look through a stretch of content, for whatever purpose.
 *
 *     stretch    |   data    |  hole  |        data        |
 *     visitor     data  data   hole    data  data  data …      steps of at most 2 MiB
 *
 * The scan owns what every purpose needs: windows and the guard around them, copying if a file
 * cannot be mapped, dropping from the page cache what the scan brought in, holes, and the look
 * whether the caller still waits. A visitor is a few lines.
 */
#ifndef BIGFS_CORE_CONTENT_SCAN_H
#define BIGFS_CORE_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/content/content.h"

struct scan_visitor {
    /*
     * Looks at bytes of content, which begin at `offset`. May be left in the middle if the disk
     * fails, so it takes no lock and allocates nothing. Returns false if it has seen enough.
     */
    bool (*data)(void *argument, const uint8_t *bytes, size_t length, uint64_t offset);

    /* Passes a hole. NULL: holes are not looked for, and reach `data` as zeros. */
    bool (*hole)(void *argument, uint64_t offset, uint64_t length);
};

/*
 * Scans [start, end) of a pinned reading, from start to end, until the visitor has seen enough.
 * What the visitor found may be believed if this returns 0 or -CANCELLED: all bytes that it saw
 * were of the generation. Returns also -ESTALE, -EIO, or why the file cannot be opened. Blocks as
 * reads of the file do. Thread-safe.
 */
int scan(const struct reading *reading, uint64_t start, uint64_t end,
         const struct scan_visitor *visitor, void *argument);

#endif
