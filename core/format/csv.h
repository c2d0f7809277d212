/* SPDX-License-Identifier: MIT */
/*
 * CSV as Python's `csv` module reads its default dialect, with any delimiter of one byte.
 *
 *                     delimiter    quote        LF           any other byte
 *     start of field  start        quoted       start, end   unquoted
 *     unquoted        start        unquoted     start, end   unquoted
 *     quoted          quoted       quote        quoted       quoted
 *     quote           start        quoted       start, end   unquoted
 *
 * "Quote" is the state after a quote in a quoted field: it was the closing one, unless another
 * follows. There is no malformed CSV: a quote within an unquoted field is a byte, and so is what
 * follows a closing quote. Records end in LF alone, so a CR is a byte, too. Python ends a record at
 * a CR outside quotes; if an LF follows, the records are the same.
 */
#ifndef BIGFS_CORE_FORMAT_CSV_H
#define BIGFS_CORE_FORMAT_CSV_H

#include "core/format/record_format.h"

/* By the delimiter. Those of a quote, LF, CR, NUL and `/` are never used. */
extern const struct record_format csv_formats[256];

/*
 * The format with this name in paths: "csv", "csv=tab", or "csv=" and another delimiter than comma,
 * quote, `/`, CR, LF and NUL. NULL: it is none of these.
 */
const struct record_format *csv_format_named(const char *name, size_t length);

#endif
