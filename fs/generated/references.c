/* SPDX-License-Identifier: MIT */
#include "fs/generated/references.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"
#include "core/view/piece_name.h"

static const char opening[] = "{\"version\": 1, \"refs\": {\n";
static const char closing[] = "}}\n";
static const char scheme[] = "file://";

/* The longest that the numbers of a piece are, with what stands between and after them. */
enum { NUMBERS_MOST = sizeof(", , ]\n") + 2 * 20 };

static_assert(sizeof(",\"\": [\"\"") + sizeof(scheme) + NUMBERS_MOST +
                      JSON_BYTE_MOST * (PIECE_NAME_MOST + TEXT_PATH_MOST) <=
                  TEXT_LINE_MOST,
              "the longest reference is no line");

/* The cursor after the last line. No piece begins there: it is beyond the largest offset. */
static const uint64_t CLOSED = UINT64_MAX;

static size_t put_text(const char *text, char *line)
{
    size_t length = 0;
    for (; text[length] != '\0'; length++)
        line[length] = text[length];
    return length;
}

static size_t write_reference(const struct view_text *text, const struct selector *selector,
                              const struct range *bytes, bool first, char *line)
{
    char name[PIECE_NAME_MOST + 1];
    char url[sizeof(scheme) + TEXT_PATH_MOST];
    bool exact = true; /* both are parts of a path that is UTF-8 */

    piece_name_write(text->view, text->extension, view_count(text->view, &text->file), selector,
                     name);
    (void)snprintf(url, sizeof(url), "%s%s", scheme, text->path);
    size_t used = put_text(first ? "" : ",", line);
    used += json_write_string(name, line + used, &exact);
    used += put_text(": [", line + used);
    used += json_write_string(url, line + used, &exact);
    used += (size_t)snprintf(line + used, NUMBERS_MOST, ", %" PRIu64 ", %" PRIu64 "]\n",
                             bytes->offset, bytes->length);
    return used;
}

/* Writes the line of the next piece or, after the last one, the end. */
static int write_next(const struct view_text *text, struct text_place *place, char *line,
                      size_t *length)
{
    struct selector selector;
    struct piece_data data;
    struct piece piece;

    int error = view_next(text->view, &text->file, &place->cursor, &selector);
    if (error == -NO_MORE_PIECES) {
        place->cursor = CLOSED;
        *length = put_text(closing, line);
        return 0;
    }
    if (error == 0)
        error = view_resolve(text->view, &selector, &text->file, &piece, &data);
    if (error == 0)
        *length = write_reference(text, &selector, &data.bytes, place->line == 1, line);
    return error;
}

static int write_references_line(const struct view_text *text, struct text_place *place, char *line,
                                 size_t *length)
{
    if (place->cursor == CLOSED)
        return -NO_MORE_PIECES;
    if (place->line > 0)
        return write_next(text, place, line, length);
    *length = put_text(opening, line);
    return 0;
}

/* A name in the path is a part of it, and so is the extension that pieces have. */
static bool can_refer(const struct view *view, const char *path)
{
    if (view->header > 0 || strlen(path) > TEXT_PATH_MOST)
        return false;
    while (*path != '\0') {
        size_t length = utf8_character(path);
        if (length == 0)
            return false;
        path += length;
    }
    return true;
}

const struct generated_type references_text = {
    .name = ".json",
    .help = "its pieces as an fsspec reference, to read them without a mount; not with header, nor "
            "in plain",
    .tells_path = true,
    .can_tell = can_refer,
    .line = write_references_line,
};
