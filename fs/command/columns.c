/* SPDX-License-Identifier: MIT */
#include "fs/command/columns.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

void columns_open(struct columns *columns)
{
    /* A file's name is UTF-8 whatever the locale of the user is; so is what terminals take. */
    columns->locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

void columns_close(struct columns *columns)
{
    if (columns->locale != (locale_t)0)
        freelocale(columns->locale);
    columns->locale = (locale_t)0;
}

/* The length of the first character, and how many columns it takes. */
static size_t next_character(const char *text, size_t *width)
{
    mbstate_t state = {0};
    wchar_t character = 0;
    const size_t length = mbrtowc(&character, text, MB_CUR_MAX, &state);
    const int known = length <= MB_CUR_MAX ? wcwidth(character) : 1;

    *width = known >= 0 ? (size_t)known : 1;
    return length > 0 && length <= MB_CUR_MAX ? length : 1;
}

static size_t measure(const char *text)
{
    size_t all = 0;

    while (*text != '\0') {
        size_t width = 0;
        text += next_character(text, &width);
        all += width;
    }
    return all;
}

static const char *find_cut(const char *text, size_t room)
{
    size_t left = measure(text);
    size_t width = 0;

    if (left <= room)
        return text;
    while (left > room) {
        text += next_character(text, &width);
        left -= width;
    }
    for (;;) {
        const size_t length = next_character(text, &width);
        if (*text == '\0' || width > 0)
            return text;
        text += length;
    }
}

size_t columns_of(const struct columns *columns, const char *text)
{
    if (columns->locale == (locale_t)0)
        return strlen(text);
    const locale_t before = uselocale(columns->locale);
    const size_t all = measure(text);
    (void)uselocale(before);
    return all;
}

const char *columns_end(const struct columns *columns, const char *text, size_t room)
{
    if (columns->locale == (locale_t)0)
        return strlen(text) > room ? text + strlen(text) - room : text;
    const locale_t before = uselocale(columns->locale);
    const char *end = find_cut(text, room);
    (void)uselocale(before);
    return end;
}
