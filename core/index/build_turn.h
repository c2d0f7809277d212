/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is: which build gets the next thread of a builder. The builder's lock is held in
 * all functions, which do not block.
 */
#ifndef BIGFS_CORE_INDEX_BUILD_TURN_H
#define BIGFS_CORE_INDEX_BUILD_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/list.h"
#include "core/index/index_build.h"

/* A step under way, in index_build.steps. Lives on the stack of the thread that takes it. */
struct build_step {
    struct list link; /* protected by index_builder.lock */
    uint64_t start;
    uint64_t end;
};

/* The builds of a builder, the one whose turn it is first, and the threads that they share. */
struct build_turns {
    const struct list *builds;
    unsigned thread_count;
    unsigned device_limit; /* the most threads that one device may take */
};

/* Whether the build has a step that can be taken now. */
bool build_turn_has_steps(const struct index_build *build);

/* Finds the first build that has a step to take or must be ended. NULL: none. */
struct index_build *build_turn_next(const struct build_turns *turns);

/* How far all steps are done. */
uint64_t build_turn_made_to(const struct index_build *build);

#endif
