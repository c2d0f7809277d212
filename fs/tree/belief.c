#include "fs/tree/belief.h"

#include <time.h>

#include "core/base/clock.h"
#include "fs/tree/node_type.h"

enum {
    RECENT_S = 3,
    SLACK_MS = 100, /* the kernel counts in ticks, and an open takes a moment to arrive */
};

bool belief_is_shaken(const struct stat *attributes)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - attributes->st_ctim.tv_sec < RECENT_S;
}

double belief_in_name(struct node *node, const struct stat *attributes)
{
    double seconds = node->type->name_believed != NULL ? node->type->name_believed(node, attributes)
                                                       : BELIEVED_SECONDS;
    int64_t until = clock_ms() + (int64_t)(seconds * 1000) + SLACK_MS;

    if (seconds > 0)
        atomic_store(&node->believed_until, until);
    return seconds;
}

bool belief_accepts_growth(const struct node *node)
{
    return clock_ms() > atomic_load(&node->believed_until);
}
