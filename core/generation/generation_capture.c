#include "core/generation/generation_capture.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/generation/file_rest.h"

enum {
    QUIET_ATTEMPTS = 64,   /* how often we try to look at the file between two writes, … */
    QUIET_MOST_MS = 20,    /* … for how long, … */
    CAPTURE_ATTEMPTS = 64, /* … and to capture it while other threads find it grown */
    SLOW_MS = 10,          /* a file whose ends take so long is not sampled at its first look */
    RECENT_S = 3,          /* how old a change is of a file that may change soon */
};

/*
 * Looks at the file and its ends with nothing happening in between. -TRY_AGAIN: somebody writes all
 * the time; then the ends were read after the look. That one cannot be read is told by the digests,
 * and is no error.
 */
static int look_quietly(int fd, int attempts, struct file_identity *identity,
                        struct content_ends *ends)
{
    const int64_t begun = clock_ms();
    struct file_identity after;

    for (int i = 0; i < attempts && (i == 0 || clock_ms() - begun < QUIET_MOST_MS); i++) {
        int error = file_look(fd, NULL, identity);
        if (error != 0)
            return error;
        (void)content_ends_read(fd, identity->size, ends);
        error = file_look(fd, NULL, &after);
        if (error != 0)
            return error;
        if (file_identity_equal(identity, &after))
            return 0;
    }
    return -TRY_AGAIN;
}

/* Whether a later look found the file larger than `seen` is, so that this is out of date. */
static bool is_overtaken(struct generation *generation, const struct file_identity *before,
                         const struct file_identity *seen)
{
    HOLD_LOCK(&generation->lock);
    return !generation->settled && seen->size >= before->size &&
           seen->size < generation->identity.size;
}

static int settle(struct generation *generation, const struct file_identity *seen,
                  const struct content_ends *ends, bool doubted)
{
    HOLD_LOCK(&generation->lock);
    if (generation->settled)
        return 0;
    if (!file_identity_same_file(seen, &generation->identity) ||
        seen->size < generation->identity.size)
        return generation_end(generation);
    generation->identity = *seen;
    generation->base = *seen;
    generation->moved = clock_ms();
    generation->settled = true;
    generation->ends = *ends;
    generation_set_doubt(generation, DOUBT_TIME, doubted);
    return 0;
}

bool generation_wants_sample(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->sampled == 0 && generation->ends.readable &&
           content_sample_count(generation->identity.size) > 0;
}

bool generation_recall_sample(struct generation *generation, uint64_t size,
                              struct content_sample *sample)
{
    HOLD_LOCK(&generation->lock);
    *sample = generation->sample;
    return generation->sampled == size && size > 0 && !atomic_load(&generation->stale);
}

void generation_take_sample(struct generation *generation, int fd)
{
    const struct file_identity was = generation_identity(generation);
    const int64_t begun = clock_ms();
    struct content_sample sample;
    struct file_identity now;

    if (!generation_wants_sample(generation) || content_sample_read(fd, was.size, &sample) != 0 ||
        file_look(fd, NULL, &now) != 0 || !file_identity_equal(&now, &was))
        return;
    HOLD_LOCK(&generation->lock);
    if (generation->sampled == 0 && file_identity_equal(&generation->identity, &now))
        generation_set_sample(generation, &sample, now.size, begun);
}

/* Whether the file has changed a short while ago, and so may change again soon. */
static bool is_recent(const struct file_identity *identity)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec - identity->ctime.tv_sec < RECENT_S;
}

int generation_capture(struct generation *generation, int fd)
{
    struct file_identity before;
    struct file_identity seen;
    struct content_ends ends;
    int error = 0;

    if (generation_settled(generation))
        return 0;
    file_rest_await(fd);
    const int64_t begun = clock_ms();
    for (int i = 0; i < CAPTURE_ATTEMPTS; i++) {
        before = generation_identity(generation);
        error = look_quietly(fd, i == 0 ? QUIET_ATTEMPTS : 1, &seen, &ends);
        if (error != 0 && error != -TRY_AGAIN)
            return error;
        if (!is_overtaken(generation, &before, &seen))
            break;
    }
    error = settle(generation, &seen, &ends, file_identity_unsettled_ms(&seen, fd) > 0);
    if (error == 0 && is_recent(&seen) && clock_ms() - begun <= SLOW_MS)
        generation_take_sample(generation, fd);
    return error;
}
