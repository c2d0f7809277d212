/* SPDX-License-Identifier: MIT */
/*
 * The types of generated files. Each is a row of the table and a pair of files. The table
 * generated_types[] is declared in fs/tree/generated_type.h.
 */
#ifndef BIGFS_FS_GENERATED_GENERATED_TYPES_H
#define BIGFS_FS_GENERATED_GENERATED_TYPES_H

#include "fs/tree/generated_type.h"

#endif
