/* SPDX-License-Identifier: MIT */
#include "core/format/record_formats.h"

#include <string.h>

#include "core/format/csv.h"
#include "core/format/fasta.h"
#include "core/format/fastq.h"
#include "core/format/lines.h"
#include "core/format/nul.h"

const struct record_formats record_formats[] = {
    {&lines_format, 1, NULL, NULL, NULL},
    {&nul_format, 1, NULL, NULL, NULL},
    {&fastq_format, 1, NULL, NULL, NULL},
    {&fasta_format, 1, NULL, NULL, NULL},
    {csv_formats, 256, csv_format_named, "csv",
     "csv= takes tab, or one byte other than a comma or a quote"},
    {NULL, 0, NULL, NULL, NULL},
};

const struct record_format *const default_format = &lines_format;

static const struct record_format *named_in(const struct record_formats *row, const char *name,
                                            size_t length)
{
    if (row->named != NULL)
        return row->named(name, length);
    bool same =
        strlen(row->formats->name) == length && memcmp(row->formats->name, name, length) == 0;
    return same ? row->formats : NULL;
}

const struct record_format *record_format_named(const char *name, size_t length)
{
    const struct record_format *found = NULL;
    for (const struct record_formats *row = record_formats + 1; row->count > 0 && found == NULL;
         row++)
        found = named_in(row, name, length);
    return found;
}

const struct record_format *record_format_numbered(uint32_t number)
{
    for (const struct record_formats *row = record_formats; row->count > 0; row++)
        for (size_t i = 0; i < row->count; i++)
            if (row->formats[i].number == number)
                return &row->formats[i];
    return NULL;
}

const struct record_format *record_format_filed(const char *name)
{
    for (const struct record_formats *row = record_formats; row->count > 0; row++)
        for (size_t i = 0; i < row->count; i++)
            if (strcmp(row->formats[i].name, name) == 0)
                return &row->formats[i];
    return NULL;
}
