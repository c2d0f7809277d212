/* SPDX-License-Identifier: MIT */
/*
 * Names in messages: what is written to a terminal or a log is one line without control characters.
 *
 * A name may hold any byte but NUL and "/". Control characters could move a terminal's cursor, or
 * begin a forged line.
 */
#ifndef BIGFS_CORE_BASE_PRINTABLE_H
#define BIGFS_CORE_BASE_PRINTABLE_H

/*
 * A copy of the text in which control characters (those of ASCII, and U+0080 to U+009F in UTF-8)
 * and backslashes are escaped as in C: "\t", "\n", "\\", others as "\xHH". The caller frees it.
 * NULL if there is no memory. Thread-safe.
 */
char *printable(const char *text);

/* The copy, or a substitute if there was no memory for one. */
static inline const char *printable_or(const char *copy)
{
    return copy != 0 ? copy : "(a name)";
}

#endif
