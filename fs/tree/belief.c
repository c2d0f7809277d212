/* SPDX-License-Identifier: MIT */
#include "fs/tree/belief.h"

#include <time.h>

#include "core/base/clock.h"
#include "fs/tree/node_type.h"

enum {
    RECENT_S = 3,
    SLACK_MS = 100,   /* the kernel counts ticks */
    FOLLOWS_MS = 200, /* an open mostly comes within this time after the reply to its look-up */
};

static bool has_changed_recently(const struct stat *attributes)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - attributes->st_ctim.tv_sec < RECENT_S;
}

static double believe(struct node *node)
{
    atomic_store(&node->believed_until, clock_ms() + BELIEVED_SECONDS * 1000 + SLACK_MS);
    return BELIEVED_SECONDS;
}

/* Whether the name was looked up just now, for an open that may be still to come. */
static bool awaits_open(const struct node *node)
{
    return clock_ms() - atomic_load(&node->doubted) < FOLLOWS_MS;
}

double belief_in_name(struct node *node, const struct stat *attributes)
{
    if (node->type->is_new_each_time)
        return 0;
    if (!node->type->is_outdated_by_growth || !has_changed_recently(attributes))
        return believe(node);
    atomic_store(&node->doubted, clock_ms());
    return 0;
}

double belief_in_listed_name(struct node *node)
{
    return node->type->is_new_each_time || awaits_open(node) ? 0 : believe(node);
}

bool belief_accepts_growth(const struct node *node)
{
    return clock_ms() > atomic_load(&node->believed_until) || awaits_open(node);
}
