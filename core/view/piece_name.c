/* SPDX-License-Identifier: MIT */
#include "core/view/piece_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/quantity.h"
#include "core/view/view_types.h"

enum {
    FEWEST_DIGITS = 6,
    OFFSET_DIGITS = 15, /* of an extent */
};

static int digits_of(uint64_t number)
{
    int digits = 1;
    while (number >= 10) {
        number /= 10;
        digits++;
    }
    return digits;
}

/* The width of the numbers of `count` pieces. */
static int number_width(uint64_t count)
{
    int digits = digits_of(saturating_sub(count, 1));
    return digits > FEWEST_DIGITS ? digits : FEWEST_DIGITS;
}

/* The extension, or "" if the name would be too long with a stem of this length. */
static const char *fitting(const char *extension, size_t stem)
{
    return strlen(extension) + stem <= PIECE_NAME_MOST ? extension : "";
}

static const char *piece_extension(const struct view *view, const char *extension, int width)
{
    return view->type->has_records ? fitting(extension, (size_t)width) : "";
}

void piece_name_write_single(const struct view_type *type, const char *extension, char *name)
{
    (void)snprintf(name, PIECE_NAME_MOST + 1, "%s%s", type->name,
                   fitting(extension, strlen(type->name)));
}

const struct view_type *piece_name_find_single(const char *extension, const char *name)
{
    char single[PIECE_NAME_MOST + 1];

    for (size_t i = 0; view_types[i] != NULL; i++) {
        const struct view_type *type = view_types[i];
        piece_name_write_single(type, extension, single);
        if (type->is_single && (strcmp(name, type->name) == 0 || strcmp(name, single) == 0))
            return type;
    }
    return NULL;
}

void piece_name_write(const struct view *view, const char *extension, uint64_t count,
                      const struct selector *selector, char *name)
{
    int width = number_width(count);

    if (selector->kind == SELECT_NUMBER)
        (void)snprintf(name, PIECE_NAME_MOST + 1, "%0*" PRIu64 "%s", width, selector->offset,
                       piece_extension(view, extension, width));
    else
        (void)snprintf(name, PIECE_NAME_MOST + 1, "%0*" PRIu64 "+%" PRIu64, OFFSET_DIGITS,
                       selector->offset, selector->length);
}

/* Reads "000005" and "5", each with and without the extension. */
static int select_number(const struct view *view, const char *extension, uint64_t count,
                         const char *name, struct selector *selector)
{
    int width = number_width(count);
    size_t digits = strspn(name, "0123456789");
    bool unpadded = digits == 1 || name[0] != '0';

    selector->kind = SELECT_NUMBER;
    if (quantity_parse_number(name, digits, &selector->offset) != 0 || selector->offset >= count)
        return -ENOENT;
    if (!unpadded && digits != (size_t)width)
        return -ENOENT;
    const char *rest = name + digits;
    if (rest[0] != '\0' && strcmp(rest, piece_extension(view, extension, width)) != 0)
        return -ENOENT;
    return 0;
}

int piece_name_read(const struct view *view, const char *extension, uint64_t count,
                    const char *name, struct selector *selector)
{
    memset(selector, 0, sizeof(*selector));
    if (view->type->read_range != NULL && view->type->read_range(name, selector))
        return 0;
    if (!view_is_numbered(view))
        return -ENOENT;
    /* A number is not a range even if its extension has a sign in it. */
    memset(selector, 0, sizeof(*selector));
    return select_number(view, extension, count, name, selector);
}
