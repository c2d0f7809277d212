/*
 * The types of generated files: a row and a pair of files each. The table generated_types[] is
 * declared in fs/tree/generated_type.h.
 */
#ifndef BIGFS_FS_GENERATED_GENERATED_TYPES_H
#define BIGFS_FS_GENERATED_GENERATED_TYPES_H

#include "fs/tree/generated_type.h"

#endif
