/* SPDX-License-Identifier: MIT */
#include "fs/command/table_form.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/json.h"
#include "fs/generated/tsv.h"
#include "fs/generated/tsv_length.h"

/* --- text ------------------------------------------------------------------------------------- */

static_assert((int)TSV_LINE_MOST <= (int)TABLE_LINE_MOST, "a line of a table fits");

static size_t begin_text(const struct view *view, char *text)
{
    return tsv_heading(view, text);
}

static size_t write_text_row(const struct view *view, const struct table_row *row, uint64_t before,
                             char *text)
{
    (void)before;
    return tsv_write_row(view, row, text);
}

static size_t end_text(uint64_t rows, char *text)
{
    (void)rows;
    (void)text;
    return 0;
}

const struct table_form table_as_text = {begin_text, write_text_row, end_text};

/* --- JSON ------------------------------------------------------------------------------------- */

enum { NUMBER_MOST = 32 + 20 }; /* bytes: the name of a column, and its value */

static_assert(PIECE_NAME_MOST * (JSON_BYTE_MOST + (int)sizeof("255,")) +
                      (TABLE_NUMBERS_MOST + 2) * NUMBER_MOST <=
                  (int)TABLE_LINE_MOST,
              "an object of a table fits");

static size_t begin_json(const struct view *view, char *text)
{
    (void)view;
    return (size_t)sprintf(text, "[\n");
}

/* Writes the bytes of a name as an array of numbers. */
static size_t write_bytes(const char *name, char *text)
{
    size_t used = (size_t)sprintf(text, ", \"name_bytes\": [");

    for (const char *byte = name; *byte != '\0'; byte++)
        used += (size_t)sprintf(text + used, "%s%u", byte != name ? "," : "",
                                (unsigned)(unsigned char)*byte);
    return used + (size_t)sprintf(text + used, "]");
}

static size_t write_json_row(const struct view *view, const struct table_row *row, uint64_t before,
                             char *text)
{
    struct table_number numbers[TABLE_NUMBERS_MOST];
    const size_t count = table_row_numbers(view->type, row, numbers);
    bool exact = true;

    size_t used = (size_t)sprintf(text, "%s{\"name\": ", before > 0 ? ",\n" : "");
    used += json_write_string(row->name, text + used, &exact);
    if (!exact)
        used += write_bytes(row->name, text + used);
    for (size_t i = 0; i < count; i++)
        used +=
            (size_t)sprintf(text + used, ", \"%s\": %" PRIu64, numbers[i].name, numbers[i].value);
    return used + (size_t)sprintf(text + used, "}");
}

static size_t end_json(uint64_t rows, char *text)
{
    return (size_t)sprintf(text, rows > 0 ? "\n]\n" : "]\n");
}

const struct table_form table_as_json = {begin_json, write_json_row, end_json};
