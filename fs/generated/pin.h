/* SPDX-License-Identifier: MIT */
/*
 * FILE/pin: one line, the word that names the content of the file as it is now
 * (core/generation/content_word.h). In the name of a view, pin=WORD asks for that content.
 */
#ifndef BIGFS_FS_GENERATED_PIN_H
#define BIGFS_FS_GENERATED_PIN_H

#include "fs/tree/generated_type.h"

extern const struct generated_type pin_text;

#endif
