/* SPDX-License-Identifier: MIT */
#include "core/index/build_counts.h"

static const char *const kind_names[BUILD_KINDS] = {
    [BUILD_INDEX] = "index",
    [BUILD_MAP] = "map",
};

static const char *const result_names[BUILD_RESULTS] = {
    [BUILD_FINISHED] = "finished",
    [BUILD_FAILED] = "failed",
    [BUILD_STOPPED] = "stopped",
};

void build_counts_end(struct build_counts *counts, enum build_result result, int64_t ms)
{
    counts->ended[result]++;
    counts->ms += ms;
}

const char *build_kind_name(enum build_kind kind)
{
    return kind_names[kind];
}

const char *build_result_name(enum build_result result)
{
    return result_names[result];
}
