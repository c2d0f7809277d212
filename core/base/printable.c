/* SPDX-License-Identifier: MIT */
#include "core/base/printable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ESCAPE_MOST = 4 }; /* bytes: \xHH */

/* Whether the bytes at `text` are a control character, of one byte or of two. */
static size_t control_length(const unsigned char *text)
{
    if (text[0] < 0x20 || text[0] == 0x7f)
        return 1;
    return text[0] == 0xc2 && text[1] >= 0x80 && text[1] <= 0x9f ? 2 : 0;
}

/* Escapes one byte. Returns the length of the result. */
static size_t escape(unsigned char byte, char *out)
{
    if (byte == '\t' || byte == '\n' || byte == '\\') {
        out[0] = '\\';
        out[1] = byte == '\t' ? 't' : byte == '\n' ? 'n' : '\\';
        return 2;
    }
    return (size_t)snprintf(out, ESCAPE_MOST + 1, "\\x%02x", byte);
}

char *printable(const char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    char *copy = malloc(strlen(text) * ESCAPE_MOST + 1);
    size_t used = 0;

    if (copy == NULL)
        return NULL;
    while (*from != '\0') {
        size_t controls = *from == '\\' ? 1 : control_length(from);
        if (controls == 0)
            copy[used++] = (char)*from++;
        for (; controls > 0; controls--)
            used += escape(*from++, copy + used);
    }
    copy[used] = '\0';
    return copy;
}
