/* SPDX-License-Identifier: MIT */
#include "core/view/name_reason.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/nearest_word.h"
#include "core/base/quantity.h"
#include "core/view/piece_name.h"
#include "core/view/view_argument.h"
#include "core/view/view_types.h"

static void set_reason(struct name_reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void set_reason(struct name_reason *reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof(reason->text), format, arguments);
    va_end(arguments);
}

/* --- views ------------------------------------------------------------------------------------ */

/* Writes the names of the views that are directories: "bytes, lines, …". */
static void list_views(char *text, size_t room)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; view_types[i] != NULL && used < room; i++)
        if (!view_types[i]->is_single)
            used += (size_t)snprintf(text + used, room - used, "%s%s", used > 0 ? ", " : "",
                                     view_types[i]->name);
}

static void refuse_view(const char *name, size_t length, struct name_reason *reason)
{
    struct nearest_word nearest = nearest_word_begin(name, length);
    char names[100];

    for (size_t i = 0; view_types[i] != NULL; i++)
        nearest_word_offer(&nearest, view_types[i]->name);
    list_views(names, sizeof(names));
    if (nearest.word != NULL)
        set_reason(reason, "did you mean %s?", nearest.word);
    else
        set_reason(reason, "the views are %s", names);
}

void name_reason_of_view(const char *name, size_t length, const struct view_defaults *defaults,
                         struct name_reason *reason)
{
    const char *at = memchr(name, '@', length);
    const size_t used = at != NULL ? (size_t)(at - name) : length;
    const struct view_type *type = view_types[view_type_named(name, used)];

    if (type == NULL)
        refuse_view(name, used, reason);
    else if (at == NULL)
        set_reason(reason, "%s is one file and no directory of pieces", type->name);
    else
        view_arguments_explain(at + 1, length - used - 1, defaults->patterns, type, reason->text,
                               sizeof(reason->text));
}

void name_reason_of_span(const struct view *view, uint64_t size, struct name_reason *reason)
{
    if (view->has_to && view->from > view->to)
        set_reason(reason, "from= is beyond to=");
    else
        set_reason(reason, "from= or to= is beyond the end, which is at %" PRIu64,
                   view_size(view, size));
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* A number that no piece has, or that is written in another way. */
static void refuse_number(const struct view *view, const char *extension, uint64_t count,
                          const char *name, size_t digits, struct name_reason *reason)
{
    struct selector selector = {.kind = SELECT_NUMBER};
    char written[PIECE_NAME_MOST + 1];

    if (count == 0)
        set_reason(reason, "the view has no pieces");
    else if (quantity_parse_number(name, digits, &selector.offset) != 0 || selector.offset >= count)
        set_reason(reason, "pieces are numbered from 0 to %" PRIu64, count - 1);
    else {
        piece_name_write(view, extension, count, &selector, written);
        set_reason(reason, "write %" PRIu64 " or %s", selector.offset, written);
    }
}

/* Neither a number nor a range. */
static void refuse_piece(const struct view *view, const char *extension, uint64_t count,
                         const char *name, struct name_reason *reason)
{
    static const struct selector first = {.kind = SELECT_NUMBER};
    const char *ranges = view->type->range_names;
    char written[PIECE_NAME_MOST + 1];

    if (!view_is_numbered(view)) {
        set_reason(reason, "write %s", ranges);
        return;
    }
    piece_name_write(view, extension, count, &first, written);
    if (ranges != NULL && strpbrk(name, "-+") != NULL) {
        set_reason(reason, "write %s; or a number, such as 0 or %s", ranges, written);
        return;
    }
    set_reason(reason, "write a number, such as 0 or %s%s%s", written,
               ranges != NULL ? ", or " : "", ranges != NULL ? ranges : "");
}

/* A range that the file does not have. */
static void refuse_range(const struct view *view, const struct view_file *file,
                         struct name_reason *reason)
{
    if (view->type->range_names == NULL) {
        set_reason(reason, "the file has changed meanwhile");
        return;
    }
    if (view->type->units == NULL) {
        set_reason(reason, "none begins and ends there: write %s", view->type->range_names);
        return;
    }
    const struct range all = view->type->units(view, file);
    set_reason(reason, "it begins after the end, which is at %" PRIu64, all.offset + all.length);
}

void name_reason_of_piece(const struct view *view, const char *extension,
                          const struct view_file *file, const char *name,
                          struct name_reason *reason)
{
    const uint64_t count = view_count(view, file);
    const size_t digits = strspn(name, "0123456789");
    struct selector selector;

    if (piece_name_read(view, extension, count, name, &selector) == 0)
        refuse_range(view, file, reason);
    else if (view_is_numbered(view) && digits > 0 && (name[digits] == '\0' || name[digits] == '.'))
        refuse_number(view, extension, count, name, digits, reason);
    else
        refuse_piece(view, extension, count, name, reason);
}
