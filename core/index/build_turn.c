/* SPDX-License-Identifier: MIT */
#include "core/index/build_turn.h"

#include "core/base/checked.h"

/*
 * Whether a device may take one more thread: it gets half of what the others leave. The lock is
 * held.
 */
static bool has_thread_for(const struct build_turns *turns, uint64_t device)
{
    unsigned own = 0;
    unsigned others = 0;

    for (const struct list *link = turns->builds->next; link != turns->builds; link = link->next) {
        const struct index_build *build = list_object(link, const struct index_build, link);
        if (build->device == device)
            own += build->threads;
        else
            others += build->threads;
    }
    return own == 0 || (own < turns->device_limit && own < (turns->thread_count - others) / 2);
}

/* Whether steps are too far ahead of the oldest one that is under way. */
static bool is_far_ahead(const struct index_build *build)
{
    if (list_empty(&build->steps))
        return false;
    if (build->type->one_at_a_time)
        return true;
    const struct build_step *oldest = list_object(build->steps.next, const struct build_step, link);
    return build->next - oldest->start > build->ahead;
}

bool build_turn_has_steps(const struct index_build *build)
{
    return build->next < build->size && build->error == 0 && !build->abandoned &&
           !is_far_ahead(build);
}

struct index_build *build_turn_next(const struct build_turns *turns)
{
    for (struct list *link = turns->builds->next; link != turns->builds; link = link->next) {
        struct index_build *build = list_object(link, struct index_build, link);
        if (!build->ending && (build_turn_has_steps(build) || list_empty(&build->steps)) &&
            has_thread_for(turns, build->device))
            return build;
    }
    return NULL;
}

uint64_t build_turn_made_to(const struct index_build *build)
{
    if (list_empty(&build->steps))
        return min_u64(build->counted_to, build->next);
    const struct build_step *oldest = list_object(build->steps.next, const struct build_step, link);
    return min_u64(build->counted_to, oldest->start);
}
