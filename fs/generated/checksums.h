/* SPDX-License-Identifier: MIT */
/*
 * VIEW.xxh128: a checksum list, a line for each piece, as xxh128sum(1) writes it and reads it with
 * -c from inside the view's directory:
 *
 *     32 hexadecimal digits, two spaces, the name
 *
 * If a name has a line break, the line begins with a backslash, and backslash, line feed and
 * carriage return in the name are written as "\\", "\n" and "\r". xxh128sum reads that from version
 * 0.8.2 on.
 */
#ifndef BIGFS_FS_GENERATED_CHECKSUMS_H
#define BIGFS_FS_GENERATED_CHECKSUMS_H

#include "fs/tree/generated_type.h"

extern const struct generated_type checksums_text;

#endif
