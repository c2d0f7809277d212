/* SPDX-License-Identifier: MIT */
#include "core/base/json.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/utf8.h"

static const uint8_t replacement[] = {0xef, 0xbf, 0xbd}; /* U+FFFD */

/* The control character at the start of a text, of `length` bytes, or 0. A terminal obeys each. */
static unsigned control_at(const char *text, size_t length)
{
    const uint8_t *bytes = (const uint8_t *)text;

    if (length == 1 && (bytes[0] < ' ' || bytes[0] == 0x7f))
        return bytes[0];
    if (length == 2 && bytes[0] == 0xc2 && bytes[1] < 0xa0) /* U+0080 to U+009F */
        return bytes[1];
    return 0;
}

/* Writes a character of `length` bytes. Returns how many bytes that took. */
static size_t write_character(const char *text, size_t length, char *string)
{
    const unsigned control = control_at(text, length);

    if (control != 0)
        return (size_t)sprintf(string, "\\u%04x", control);
    size_t used = 0;
    if (text[0] == '"' || text[0] == '\\')
        string[used++] = '\\';
    memcpy(string + used, text, length);
    return used + length;
}

size_t json_write_string(const char *text, char *string, bool *exact)
{
    size_t used = 0;

    *exact = true;
    string[used++] = '"';
    while (*text != '\0') {
        const size_t length = utf8_character(text);
        if (length > 0) {
            used += write_character(text, length, string + used);
            text += length;
        } else {
            memcpy(string + used, replacement, sizeof(replacement));
            used += sizeof(replacement);
            text++;
            *exact = false;
        }
    }
    string[used++] = '"';
    return used;
}
