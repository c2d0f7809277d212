/* SPDX-License-Identifier: MIT */
/* How many columns of a terminal a text takes. Text is UTF-8; each other byte takes one column. */
#ifndef BIGFS_FS_COMMAND_COLUMNS_H
#define BIGFS_FS_COMMAND_COLUMNS_H

#include <locale.h>
#include <stddef.h>

/* What the widths of characters are known from. */
struct columns {
    locale_t locale; /* owned; 0: each character is taken for one column */
};

void columns_open(struct columns *columns);
void columns_close(struct columns *columns);

/* How many columns the text takes. */
size_t columns_of(const struct columns *columns, const char *text);

/*
 * The longest end of a text that takes at most `room` columns, and begins neither within a
 * character nor with one that is drawn over the one before. It is a part of `text`.
 */
const char *columns_end(const struct columns *columns, const char *text, size_t room);

#endif
