/* SPDX-License-Identifier: MIT */
/*
 * FASTA sequences: a record starts at a `>` at the start of a line. What comes before the first one
 * is a record of its own.
 */
#ifndef BIGFS_CORE_FORMAT_FASTA_H
#define BIGFS_CORE_FORMAT_FASTA_H

#include "core/format/record_format.h"

extern const struct record_format fasta_format;

#endif
