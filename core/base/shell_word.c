/* SPDX-License-Identifier: MIT */
#include "core/base/shell_word.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/printable.h"

static const char plain[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";

/* Whether it has characters that printable() escapes, other than backslashes. */
static bool has_control(const char *text)
{
    AUTO_FREE char *shown = printable(text);
    size_t longer = shown != NULL ? strlen(shown) - strlen(text) : 0;

    for (const char *at = text; *at != '\0'; at++)
        longer -= *at == '\\' ? 1 : 0;
    return longer > 0;
}

static void write_single_quoted(FILE *out, const char *text)
{
    (void)fputc('\'', out);
    for (; *text != '\0'; text++)
        if (*text == '\'')
            (void)fputs("'\\''", out);
        else
            (void)fputc(*text, out);
    (void)fputc('\'', out);
}

static void write_octal(FILE *out, const char *text)
{
    (void)fputs("$'", out);
    for (; *text != '\0'; text++)
        if (*text == '\'' || *text == '\\')
            (void)fprintf(out, "\\%c", *text);
        else if ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f)
            (void)fprintf(out, "\\%03o", (unsigned)(unsigned char)*text);
        else
            (void)fputc(*text, out);
    (void)fputc('\'', out);
}

char *shell_word(const char *text)
{
    char *word = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&word, &length);

    if (out == NULL)
        return NULL;
    if (text[0] != '\0' && text[strspn(text, plain)] == '\0')
        (void)fputs(text, out);
    else if (has_control(text))
        write_octal(out, text);
    else
        write_single_quoted(out, text);
    if (fclose(out) != 0) {
        free(word);
        return NULL;
    }
    return word;
}
