/* SPDX-License-Identifier: MIT */
/*
 * What each option of a mount is now, given or by default. These functions are `tell` in the table
 * of options (fs/command/option_rules.h).
 */
#ifndef BIGFS_FS_COMMAND_OPTION_TELL_H
#define BIGFS_FS_COMMAND_OPTION_TELL_H

#include <stddef.h>
#include <stdio.h>

#include "fs/command/option_values.h"

enum option_told tell_chunk_size(const struct options *options, size_t number, FILE *out);
enum option_told tell_rows(const struct options *options, size_t number, FILE *out);
enum option_told tell_min_size(const struct options *options, size_t number, FILE *out);
enum option_told tell_views(const struct options *options, size_t number, FILE *out);
enum option_told tell_header(const struct options *options, size_t number, FILE *out);
enum option_told tell_format(const struct options *options, size_t number, FILE *out);
enum option_told tell_record(const struct options *options, size_t number, FILE *out);
enum option_told tell_index_dir(const struct options *options, size_t number, FILE *out);
enum option_told tell_index_space(const struct options *options, size_t number, FILE *out);
enum option_told tell_window_size(const struct options *options, size_t number, FILE *out);
enum option_told tell_window_total(const struct options *options, size_t number, FILE *out);
enum option_told tell_decode_memory(const struct options *options, size_t number, FILE *out);
enum option_told tell_cache(const struct options *options, size_t number, FILE *out);
enum option_told tell_extents(const struct options *options, size_t number, FILE *out);
enum option_told tell_threads(const struct options *options, size_t number, FILE *out);
enum option_told tell_log_level(const struct options *options, size_t number, FILE *out);
enum option_told tell_foreground(const struct options *options, size_t number, FILE *out);
enum option_told tell_debug(const struct options *options, size_t number, FILE *out);
enum option_told tell_passed_on(const struct options *options, size_t number, FILE *out);

#endif
