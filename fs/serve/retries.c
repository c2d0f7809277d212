#include "fs/serve/retries.h"

#include <string.h>

#include "core/base/cleanup.h"

void retries_init(struct retries *retries)
{
    memset(retries, 0, sizeof(*retries));
    pthread_mutex_init(&retries->lock, NULL);
}

void retries_destroy(struct retries *retries)
{
    pthread_mutex_destroy(&retries->lock);
}

void retries_expect(struct retries *retries, pid_t thread, uint64_t inode)
{
    HOLD_LOCK(&retries->lock);
    retries->expected[retries->next].used = true;
    retries->expected[retries->next].thread = thread;
    retries->expected[retries->next].inode = inode;
    retries->next = (retries->next + 1) % RETRIES_KEPT;
}

void retries_give_up(struct retries *retries, pid_t thread)
{
    HOLD_LOCK(&retries->lock);
    for (size_t i = 0; i < RETRIES_KEPT; i++)
        if (retries->expected[i].thread == thread)
            retries->expected[i].used = false;
}

bool retries_take(struct retries *retries, pid_t thread, uint64_t inode)
{
    bool found = false;
    HOLD_LOCK(&retries->lock);
    for (size_t i = 0; i < RETRIES_KEPT; i++) {
        if (!retries->expected[i].used || retries->expected[i].thread != thread)
            continue;
        found = found || retries->expected[i].inode == inode;
        retries->expected[i].used = false;
    }
    return found;
}
