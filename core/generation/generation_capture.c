/* SPDX-License-Identifier: MIT */
#include "core/generation/generation_capture.h"

#include <errno.h>

#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/generation/file_rest.h"
#include "core/generation/sampling.h"

enum {
    QUIET_ATTEMPTS = 64,   /* how often to try to look at the file between two writes, … */
    QUIET_MOST_MS = 20,    /* … for how long, … */
    CAPTURE_ATTEMPTS = 64, /* … and to capture it while other threads find it grown */
    SLOW_MS = 10,          /* if the ends take longer, the first look takes no sample */
};

/* The result of a look at the file. */
struct sight {
    struct file_identity seen;
    struct content_ends ends;
    bool unsettled; /* the time stamp may stand for a later change too */
};

/*
 * Looks at the file while no write is under way. A write may have moved the mtime and the bytes
 * already, and not yet the size.
 */
static int look_between_writes(int fd, struct file_identity *seen)
{
    int error = file_look(fd, NULL, seen);
    if (error != 0 || !file_changed_recently(seen->ctime))
        return error;
    file_rest_stand_in_line(fd);
    return file_look(fd, NULL, seen);
}

/*
 * Looks at the file and its ends, with no change in between. -TRY_AGAIN: the file is written to all
 * the time, so the ends were read after the look. An end that cannot be read is no error; its
 * digests say so.
 */
static int look_quietly(int fd, int attempts, struct sight *sight)
{
    const int64_t begun = clock_ms();
    struct file_identity after;

    for (int i = 0; i < attempts && (i == 0 || clock_ms() - begun < QUIET_MOST_MS); i++) {
        int error = look_between_writes(fd, &sight->seen);
        if (error != 0)
            return error;
        (void)content_ends_read(fd, sight->seen.size, &sight->ends);
        error = file_look(fd, NULL, &after);
        if (error != 0)
            return error;
        if (file_identity_equal(&sight->seen, &after))
            return 0;
    }
    return -TRY_AGAIN;
}

/* Whether another thread has found the file larger, so that `seen` is out of date. */
static bool is_overtaken(struct generation *generation, const struct file_identity *before,
                         const struct file_identity *seen)
{
    const struct generation_state now = generation_state(generation);
    return !now.captured && seen->size >= before->size && seen->size < now.identity.size;
}

/* Sets the new state, unless another thread has captured the file. Returns 0 or -ESTALE. */
static int set_captured(struct generation_state *state, void *argument)
{
    const struct sight *sight = argument;

    if (state->captured)
        return 0;
    if (!file_identity_same_file(&sight->seen, &state->identity) ||
        sight->seen.size < state->identity.size)
        return -ESTALE;
    state->identity = sight->seen;
    state->base = sight->seen;
    state->moved = clock_ms();
    state->captured = true;
    state->ends = sight->ends;
    if (sight->unsettled)
        state->doubts |= DOUBT_TIME;
    return 0;
}

static int capture_sight(struct generation *generation, struct sight *sight)
{
    const struct file_identity was = generation_identity(generation);

    if (generation_update(generation, set_captured, sight) == 0)
        return 0;
    bool same_file = file_identity_same_file(&sight->seen, &was);
    return generation_end(generation, same_file ? END_SHORTENED : END_REPLACED, &sight->seen);
}

static bool wants_sample(const struct generation_state *state)
{
    return state->sampled == 0 && state->ends.readable &&
           content_sample_count(state->identity.size) > 0;
}

bool generation_wants_sample(struct generation *generation)
{
    const struct generation_state now = generation_state(generation);
    return wants_sample(&now);
}

bool generation_recall_sample(struct generation *generation, uint64_t size,
                              struct content_sample *sample)
{
    const struct generation_state now = generation_state(generation);
    *sample = now.sample;
    return now.sampled == size && size > 0 && !generation_is_over(generation);
}

/* A sample of a file that had these attributes before and after it was taken. */
struct first_sample {
    struct file_identity of;
    struct content_sample sample;
    int64_t begun;
};

static int set_first_sample(struct generation_state *state, void *argument)
{
    const struct first_sample *first = argument;
    if (state->sampled == 0 && file_identity_equal(&state->identity, &first->of))
        sampling_set(state, &first->sample, first->of.size, first->begun);
    return 0;
}

void generation_take_sample(struct generation *generation, int fd)
{
    const struct file_identity was = generation_identity(generation);
    struct first_sample first = {.begun = clock_ms()};

    if (!generation_wants_sample(generation) ||
        content_sample_read(fd, was.size, &first.sample) != 0 ||
        file_look(fd, NULL, &first.of) != 0 || !file_identity_equal(&first.of, &was))
        return;
    (void)generation_update(generation, set_first_sample, &first);
}

/* Looks at the file until the result is current. */
static int look_until_current(struct generation *generation, int fd, struct sight *sight)
{
    for (int i = 0; i < CAPTURE_ATTEMPTS; i++) {
        const struct file_identity before = generation_identity(generation);
        int error = look_quietly(fd, i == 0 ? QUIET_ATTEMPTS : 1, sight);
        if (error != 0 && error != -TRY_AGAIN)
            return error;
        if (!is_overtaken(generation, &before, &sight->seen))
            break;
    }
    return 0;
}

int generation_capture(struct generation *generation, int fd)
{
    struct sight sight;

    if (generation_captured(generation))
        return 0;
    file_rest_await(fd);
    const int64_t begun = clock_ms();
    int error = look_until_current(generation, fd, &sight);
    if (error != 0)
        return error;
    sight.unsettled = file_identity_unsettled_ms(&sight.seen, fd) > 0;
    error = capture_sight(generation, &sight);
    if (error == 0 && file_changed_recently(sight.seen.ctime) && clock_ms() - begun <= SLOW_MS)
        generation_take_sample(generation, fd);
    return error;
}
