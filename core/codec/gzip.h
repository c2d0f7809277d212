/* SPDX-License-Identifier: MIT */
/*
 * gzip files of any kind: one member or many, of any length.
 *
 * Members are the units. A place can also be within a member, at any bit where a block starts, or
 * between two codes of a long block. Then its aid has what is needed of the 32 KiB before it
 * (core/codec/gzip_aid.h). The walk decodes everything and checks each member.
 */
#ifndef BIGFS_CORE_CODEC_GZIP_H
#define BIGFS_CORE_CODEC_GZIP_H

#include "core/codec/codec.h"

#ifdef BIGFS_HAS_GZIP
extern const struct codec gzip_codec;
#endif

#endif
