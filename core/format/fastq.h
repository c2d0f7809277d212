/* SPDX-License-Identifier: MIT */
/*
 * FASTQ reads: records of four lines, whatever the lines hold. The state is how many lines of the
 * record have ended.
 */
#ifndef BIGFS_CORE_FORMAT_FASTQ_H
#define BIGFS_CORE_FORMAT_FASTQ_H

#include "core/format/record_format.h"

extern const struct record_format fastq_format;

#endif
