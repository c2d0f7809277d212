/* Where records end: the one place that knows what a record of a text file is. */
#ifndef BIGFS_CORE_RECORD_RECORD_H
#define BIGFS_CORE_RECORD_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The first byte among `length` that ends a line (LF), or NULL. CR and byte-order marks are
 * ordinary bytes.
 */
static inline const uint8_t *record_find_end(const uint8_t *bytes, size_t length)
{
    return memchr(bytes, '\n', length);
}

#endif
