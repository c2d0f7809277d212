/* SPDX-License-Identifier: MIT */
#include "core/generation/generation_check.h"

#include <errno.h>

#include "core/base/clock.h"
#include "core/file/file_system_kind.h"
#include "core/generation/file_rest.h"
#include "core/generation/sampling.h"

enum { COARSEST_MS = 2050 }; /* how long a time stamp may cover further changes */

/* A look at a file that may have changed. */
struct look {
    struct generation *generation;
    int fd;
    struct generation_state was;
    struct file_identity now;
};

/* Ends the generation. Returns -ESTALE. */
static int end_because(const struct look *look, enum end_reason reason)
{
    return generation_end(look->generation, reason, &look->now);
}

/* Compares the digests of the ends of the old content. Returns 0, -ESTALE, or a read error. */
static int compare_ends(const struct look *look)
{
    struct content_ends now;
    int error = content_ends_read(look->fd, look->was.identity.size, &now);
    if (error != 0)
        return error;
    return content_ends_equal(&now, &look->was.ends) ? 0 : -ESTALE;
}

static int compare_sample(const struct generation_state *was, int fd)
{
    struct content_sample now;
    int error = content_sample_read(fd, was->sampled, &now);
    if (error != 0)
        return error;
    return content_sample_equal(&now, &was->sample) ? 0 : -ESTALE;
}

/* --- did it only grow? ------------------------------------------------------------------------ */

/* Records that the sample of `sampled` bytes was compared again. */
struct comparison {
    uint64_t sampled;
    int64_t begun;
};

static int note_comparison(struct generation_state *state, void *argument)
{
    const struct comparison *comparison = argument;
    if (state->sampled == comparison->sampled)
        sampling_rest(state, comparison->begun);
    return 0;
}

bool generation_only_grew(struct generation *generation, int fd, uint64_t size)
{
    const struct generation_state was = generation_state(generation);
    struct comparison comparison = {was.sampled, clock_ms()};

    if (was.sampled == 0 || was.sampled_from > size)
        return false;
    if (comparison.begun < was.sample_rest)
        return true;
    if (compare_sample(&was, fd) != 0)
        return false;
    (void)generation_update(generation, note_comparison, &comparison);
    return true;
}

/* --- following a file ------------------------------------------------------------------------- */

/* What the generation will become, unless another thread has moved it since it was `was`. */
struct step {
    const struct generation_state *was;
    struct file_identity identity;
    struct content_ends ends;
    bool with_sample; /* if true: */
    struct content_sample sample;
    int64_t begun; /* when reading the sample began, in ms */
    bool doubted;  /* the time stamp is not yet past */
};

/*
 * Whether a state still has the attributes of an earlier copy, so that no other thread has moved
 * it.
 */
static bool is_unmoved(const struct generation_state *state, const struct generation_state *was)
{
    return file_identity_equal(&state->identity, &was->identity);
}

static int move_on(struct generation_state *state, void *argument)
{
    const struct step *step = argument;
    bool revised = step->identity.size == step->was->identity.size;

    if (!is_unmoved(state, step->was))
        return 0;
    if (revised) {
        state->revision++;
        state->base = step->identity;
    }
    state->identity = step->identity;
    state->moved = clock_ms();
    state->ends = step->ends;
    state->doubts = step->doubted ? DOUBT_TIME : 0;
    if (step->with_sample)
        sampling_set(state, &step->sample, step->identity.size, step->begun);
    else
        state->doubts |= DOUBT_SAMPLE;
    return 0;
}

/* Whether size and mtime are what they were. */
static bool is_same_content(const struct look *look)
{
    return look->now.size == look->was.identity.size &&
           time_equal(look->now.mtime, look->was.identity.mtime);
}

/*
 * Checks by attributes whether the file can be the same or have grown. A copy-up gives a file of an
 * overlay, and its descriptors, another inode. If only the mtime has moved, waits for the write
 * that moved it to end. look->now is then the current identity.
 */
static int check_attributes(struct look *look)
{
    if (!look->was.ends.readable)
        return end_because(look, END_UNPROVEN);
    if (!file_identity_same_file(&look->was.identity, &look->now) &&
        !file_system_has(look->fd, FILE_SYSTEM_COPIES_UP))
        return end_because(look, END_REPLACED);
    if (look->now.size == look->was.identity.size && !is_same_content(look)) {
        int error = compare_ends(look);
        if (error == 0)
            error = file_rest_await_write(look->fd, &look->was.identity, &look->now);
        if (error != 0)
            return error == -ESTALE ? end_because(look, END_REWRITTEN) : error;
    }
    if (is_same_content(look) || look->now.size > look->was.identity.size)
        return 0;
    bool shorter = look->now.size < look->was.identity.size;
    return end_because(look, shorter ? END_SHORTENED : END_REWRITTEN);
}

/* Reads the digests of the current content, and compares those of the old content. */
static int prove_step(const struct look *look, struct step *step)
{
    /*
     * The new digests first, then the old ones: the new content was then seen while the old bytes
     * were still in place.
     */
    (void)content_ends_read(look->fd, look->now.size, &step->ends);
    if (step->with_sample)
        (void)content_sample_read(look->fd, look->now.size, &step->sample);
    int error = compare_ends(look);
    if (error == 0 && step->with_sample)
        error = compare_sample(&look->was, look->fd);
    return error;
}

/* Moves the generation on to the current file, if that has grown out of the old one. */
static int follow_captured(struct look *look)
{
    int error = check_attributes(look);
    if (error != 0)
        return error;
    bool same_size = look->now.size == look->was.identity.size;
    struct step step = {
        .was = &look->was,
        .identity = look->now,
        .with_sample = same_size || sampling_is_due(&look->was),
        .begun = clock_ms(),
        .doubted = file_identity_unsettled_ms(&look->now, look->fd) > 0,
    };
    error = prove_step(look, &step);
    if (error == -ESTALE)
        return end_because(look, END_DIGEST);
    if (error == 0 && step.ends.readable)
        (void)generation_update(look->generation, move_on, &step);
    /* A bad block at an end is an error for its readers only: size and mtime are unchanged. */
    return same_size ? 0 : error;
}

/* It has not been read, so it becomes the current file. Returns 0 or -ESTALE. */
static int follow_unread(struct generation_state *state, void *argument)
{
    const struct look *look = argument;

    if (state->captured) /* captured meanwhile: the next look decides */
        return 0;
    if (!file_identity_same_file(&look->now, &state->identity) ||
        look->now.size < state->identity.size)
        return -ESTALE;
    state->identity = look->now;
    return 0;
}

/* --- doubts ----------------------------------------------------------------------------------- */

/* A sample that was taken and equals the last one. */
struct proof {
    const struct generation_state *was;
    struct content_sample sample;
    int64_t begun;
    bool past; /* the time stamp can no longer cover a later change */
};

static int take_proof(struct generation_state *state, void *argument)
{
    const struct proof *proof = argument;

    if (!is_unmoved(state, proof->was))
        return 0;
    sampling_set(state, &proof->sample, proof->was->identity.size, proof->begun);
    if (proof->past)
        state->doubts &= ~(unsigned)DOUBT_TIME;
    return 0;
}

/* Compares the digests of a file that looks unchanged, as long as its time stamp is not trusted. */
static int dispel_doubts(struct look *look)
{
    const struct generation_state *was = &look->was;
    struct proof proof = {
        .was = was,
        .begun = clock_ms(),
        /* Even if the local clock and that of the file disagree, it is past after a while. */
        .past = file_identity_unsettled_ms(&was->identity, look->fd) == 0 ||
                clock_ms() - was->moved >= COARSEST_MS,
    };
    int error = content_sample_read(look->fd, was->identity.size, &proof.sample);

    if (error == 0)
        error = compare_sample(was, look->fd);
    if (error == 0 && (was->doubts & DOUBT_TIME) != 0 && was->ends.readable)
        error = compare_ends(look);
    if (error == -ESTALE)
        return end_because(look, END_DIGEST);
    if (error == 0)
        (void)generation_update(look->generation, take_proof, &proof);
    return error;
}

/* Checks a file that may have changed, or that looks unchanged but is not trusted. */
static int check_in_doubt(struct look *look, bool *changed)
{
    look->was = generation_state(look->generation);
    int error = file_look(look->fd, NULL, &look->now);
    if (error != 0)
        return error;
    *changed = !file_identity_equal(&look->now, &look->was.identity);
    if (*changed && look->was.captured)
        return follow_captured(look);
    if (*changed && generation_update(look->generation, follow_unread, look) != 0)
        return end_because(look, file_identity_same_file(&look->now, &look->was.identity)
                                     ? END_SHORTENED
                                     : END_REPLACED);
    if (*changed || !look->was.captured)
        return 0;
    bool due = (look->was.doubts & DOUBT_TIME) != 0 ||
               (look->was.doubts != 0 && sampling_is_due(&look->was));
    return due ? dispel_doubts(look) : 0;
}

bool generation_is_still(struct generation *generation, int fd, const struct file_identity *then)
{
    struct file_identity now;

    return file_look(fd, NULL, &now) == 0 && file_identity_equal(&now, then) &&
           generation_is_as(generation, &now);
}

int generation_check(struct generation *generation, int fd, bool *changed)
{
    struct look look = {.generation = generation, .fd = fd};
    int error = file_look(fd, NULL, &look.now);

    *changed = false;
    if (error != 0)
        return error;
    if (generation_is_over(generation))
        return -ESTALE;
    return generation_is_as(generation, &look.now) ? 0 : check_in_doubt(&look, changed);
}
