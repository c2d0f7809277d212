/* SPDX-License-Identifier: MIT */
#include "fs/serve/log_kind.h"

const struct log_kind_row log_kinds[LOG_KINDS] = {
    [LOG_LIFE] = {.about = "the mount"},
    [LOG_STALE] = {.about = "stale files"},
    [LOG_FAILED] = {.about = "failed requests"},
    [LOG_TROUBLE] = {.about = "troubles of files"},
    /* A damaged index is removed, so no reader can have more of them. */
    [LOG_INDEX] = {.about = "indexes", .unlimited = true},
    [LOG_NAME] = {.about = "names that fit no rule"},
    [LOG_LIBFUSE] = {.about = "lines of libfuse"},
};
