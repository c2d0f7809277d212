/* SPDX-License-Identifier: MIT */
/* A text as one word of a shell command, on one line. */
#ifndef BIGFS_CORE_BASE_SHELL_WORD_H
#define BIGFS_CORE_BASE_SHELL_WORD_H

/*
 * A copy of the text that a shell reads as one word: as it is if nothing in it has a meaning, else
 * in single quotes, and with control characters as $'…' of bash, zsh and ksh. It has no control
 * characters. The caller frees it. NULL if there is no memory. Thread-safe.
 */
char *shell_word(const char *text);

#endif
