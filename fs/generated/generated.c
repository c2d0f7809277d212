#include "fs/generated/generated.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"

struct generated *generated_new(void)
{
    struct generated *generated = calloc(1, sizeof(*generated));
    if (generated == NULL)
        return NULL;
    pthread_mutex_init(&generated->lock, NULL);
    pthread_cond_init(&generated->changed, NULL);
    table_map_init(&generated->map);
    return generated;
}

void generated_free(struct generated *generated)
{
    if (generated == NULL)
        return;
    table_map_destroy(&generated->map);
    generation_unref(generated->subject.generation);
    line_index_unref(generated->subject.index);
    free(generated->text);
    pthread_cond_destroy(&generated->changed);
    pthread_mutex_destroy(&generated->lock);
    free(generated);
}

/* Waits until the state may have changed, or for a moment: nothing wakes us if our reader is gone.
   The lock is held. */
static void wait_a_moment(struct generated *generated)
{
    enum { MOMENT_NS = 20 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += MOMENT_NS;
    if (until.tv_nsec >= SECOND_NS) {
        until.tv_sec++;
        until.tv_nsec -= SECOND_NS;
    }
    (void)pthread_cond_timedwait(&generated->changed, &generated->lock, &until);
}

int generated_begin(struct generated *generated, const struct cancel *cancel, bool *make)
{
    HOLD_LOCK(&generated->lock);

    while (generated->state == GENERATED_MAKING && !generated->over) {
        if (cancel_asked(cancel))
            return -CANCELLED;
        wait_a_moment(generated);
    }
    if (generated->over)
        return -ESTALE;
    *make = generated->state == GENERATED_UNMADE;
    if (*make)
        generated->state = GENERATED_MAKING;
    return 0;
}

int generated_set_length(struct generated *generated, uint64_t length)
{
    HOLD_LOCK(&generated->lock);
    if (length < generated->told)
        return -ESTALE;
    generated->length = length;
    return 0;
}

void generated_made(struct generated *generated)
{
    HOLD_LOCK(&generated->lock);
    generated->state = GENERATED_MADE;
    pthread_cond_broadcast(&generated->changed);
}

void generated_failed(struct generated *generated)
{
    table_map_destroy(&generated->map);
    table_map_init(&generated->map);
    generation_unref(generated->subject.generation);
    line_index_unref(generated->subject.index);
    generated->subject = (struct table_subject){0};
    HOLD_LOCK(&generated->lock);
    generated->state = GENERATED_UNMADE;
    pthread_cond_broadcast(&generated->changed);
}

void generated_end(struct generated *generated)
{
    HOLD_LOCK(&generated->lock);
    generated->over = true;
    pthread_cond_broadcast(&generated->changed);
}

uint64_t generated_tell(struct generated *generated, uint64_t expected)
{
    HOLD_LOCK(&generated->lock);
    if (generated->length > 0)
        return generated->length;
    generated->told = max_u64(generated->told, expected);
    return expected;
}

bool generated_is_current(struct generated *generated, const struct file_identity *now)
{
    HOLD_LOCK(&generated->lock);
    if (generated->over)
        return false;
    return generated->state != GENERATED_MADE ||
           file_identity_equal(&generated->subject.identity, now);
}

const struct table_subject *generated_subject(struct generated *generated)
{
    HOLD_LOCK(&generated->lock);
    return generated->state == GENERATED_MADE ? &generated->subject : NULL;
}
