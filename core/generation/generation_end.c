/* SPDX-License-Identifier: MIT */
#include "core/generation/generation_end.h"

static const struct {
    const char *name;
    const char *text;
} reasons[END_REASONS] = {
    [END_REPLACED] = {"replaced", "the path leads to another file"},
    [END_SHORTENED] = {"shortened", "the file became smaller"},
    [END_REWRITTEN] = {"rewritten", "the file was written to, other than by appending"},
    [END_DIGEST] = {"digest", "a block that should be unchanged differs"},
    [END_UNPROVEN] = {"unproven", "the file changed, and its first or last block is unreadable"},
    [END_SUPERSEDED] = {"superseded", "the file changed while it was not open"},
};

const char *end_reason_name(enum end_reason reason)
{
    return reasons[reason].name;
}

const char *end_reason_text(enum end_reason reason)
{
    return reasons[reason].text;
}
