#include "core/view/piece_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/quantity.h"

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

/* How wide the numbers of `count` pieces are written. */
static int number_width(uint64_t count)
{
    int digits = digits_of(saturating_sub(count, 1));
    return digits > FEWEST_DIGITS ? digits : FEWEST_DIGITS;
}

const char *file_extension(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL || dot == name || dot[1] == '\0' ? "" : dot;
}

/* The extension behind a stem of this length. One that makes the name too long is left out. */
static const char *fitting(const char *extension, size_t stem)
{
    return strlen(extension) + stem <= PIECE_NAME_MOST ? extension : "";
}

static const char *piece_extension(const struct view *view, const char *extension, int width)
{
    return view_scans(view) ? fitting(extension, (size_t)width) : "";
}

void piece_name_write_whole(const char *extension, char *name)
{
    const char *stem = view_kind_name(VIEW_WHOLE);
    (void)snprintf(name, PIECE_NAME_MOST + 1, "%s%s", stem, fitting(extension, strlen(stem)));
}

bool piece_name_is_whole(const char *extension, const char *name)
{
    char whole[PIECE_NAME_MOST + 1];
    piece_name_write_whole(extension, whole);
    return strcmp(name, view_kind_name(VIEW_WHOLE)) == 0 || strcmp(name, whole) == 0;
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

/* How the numbers of a range are written. */
typedef int parse_quantity(const char *text, size_t length, uint64_t *value);

/* Reads "OFFSET+LENGTH" and "-LENGTH". */
static int select_range(const char *name, parse_quantity *parse, struct selector *selector)
{
    const char *sign = name[0] == '-' ? name : strchr(name, '+');

    if (sign == NULL || parse(sign + 1, strlen(sign + 1), &selector->length) != 0 ||
        selector->length == 0)
        return -ENOENT;
    selector->kind = SELECT_TAIL;
    if (sign[0] == '-')
        return 0;
    selector->kind = SELECT_RANGE;
    return parse(name, (size_t)(sign - name), &selector->offset) == 0 ? 0 : -ENOENT;
}

/* Reads "A-B" and "A+COUNT", counted from 1, and "-COUNT". */
static int select_rows(const char *name, struct selector *selector)
{
    const char *dash = strchr(name, '-');
    uint64_t last = 0;

    if (dash == NULL || dash == name) {
        int error = select_range(name, quantity_parse_count, selector);
        if (error == 0 && selector->kind == SELECT_RANGE && selector->offset-- == 0)
            error = -ENOENT;
        return error;
    }
    selector->kind = SELECT_RANGE;
    if (quantity_parse_count(name, (size_t)(dash - name), &selector->offset) != 0 ||
        quantity_parse_count(dash + 1, strlen(dash + 1), &last) != 0 || selector->offset == 0 ||
        last < selector->offset)
        return -ENOENT;
    selector->length = last - --selector->offset;
    return 0;
}

int piece_name_read(const struct view *view, const char *extension, uint64_t count,
                    const char *name, struct selector *selector)
{
    bool signs = strpbrk(name, "+-") != NULL;

    memset(selector, 0, sizeof(*selector));
    if (view->kind == VIEW_EXTENTS)
        return name[0] == '-' ? -ENOENT : select_range(name, quantity_parse_size, selector);
    if (view->kind == VIEW_BYTES && signs)
        return select_range(name, quantity_parse_size, selector);
    /* A number whose extension has a sign in it is no range. */
    if (view->kind == VIEW_ROWS && signs && select_rows(name, selector) == 0)
        return 0;
    memset(selector, 0, sizeof(*selector));
    return select_number(view, extension, count, name, selector);
}
