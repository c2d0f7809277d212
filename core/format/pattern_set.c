/* SPDX-License-Identifier: MIT */
#include "core/format/pattern_set.h"

#include <ctype.h>
#include <string.h>

static const char unclosed[] = "a [ has no ] after it";

static const struct named_class {
    const char *name;
    int (*has)(int byte);
} classes[] = {
    {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
    {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
    {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
};

/* Reads "alpha:]", and adds the bytes. */
static const char *parse_class(const char **at, struct byte_set *bytes)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        const size_t length = strlen(classes[i].name);
        if (strncmp(*at, classes[i].name, length) != 0 || strncmp(*at + length, ":]", 2) != 0)
            continue;
        for (int byte = 0; byte < 128; byte++)
            if (classes[i].has(byte))
                bytes->has[byte] = true;
        *at += length + 2;
        return NULL;
    }
    return "a class is unknown: use [:alpha:], [:digit:] and the like";
}

/* Reads a byte, or [.x.] or [=x=] for one. */
static const char *parse_set_byte(const char **at, unsigned char *byte)
{
    const char *text = *at;

    if (text[0] == '[' && (text[1] == '.' || text[1] == '=')) {
        if (text[2] == '\0' || text[3] != text[1] || text[4] != ']')
            return "a [. or [= names no single byte";
        *byte = (unsigned char)text[2];
        *at += 5;
        return NULL;
    }
    *byte = (unsigned char)*text;
    *at += 1;
    return NULL;
}

/* Reads a byte or a range. */
static const char *parse_range(const char **at, struct byte_set *bytes)
{
    unsigned char first = 0;
    const char *wrong = parse_set_byte(at, &first);
    unsigned char last = first;

    if (wrong == NULL && (*at)[0] == '-' && (*at)[1] != ']' && (*at)[1] != '\0') {
        *at += 1;
        wrong = parse_set_byte(at, &last);
    }
    if (wrong == NULL && last < first)
        wrong = "a range ends before it begins";
    for (unsigned byte = first; wrong == NULL && byte <= last; byte++)
        bytes->has[byte] = true;
    return wrong;
}

const char *pattern_set_parse(const char **at, struct byte_set *bytes)
{
    const bool others = **at == '^';
    const char *wrong = NULL;

    memset(bytes, 0, sizeof(*bytes));
    *at += others ? 1 : 0;
    for (bool first = true; wrong == NULL && (**at != ']' || first); first = false) {
        if (**at == '\0') {
            wrong = unclosed;
        } else if ((*at)[0] == '[' && (*at)[1] == ':') {
            *at += 2;
            wrong = parse_class(at, bytes);
        } else {
            wrong = parse_range(at, bytes);
        }
    }
    if (wrong != NULL)
        return wrong;
    *at += 1;
    for (unsigned byte = 0; byte < 256; byte++)
        bytes->has[byte] = bytes->has[byte] != others;
    return NULL;
}
