#include "core/generation/generation_check.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/file/file_system_kind.h"
#include "core/generation/file_rest.h"

enum { COARSEST_MS = 2050 }; /* how long a time stamp may stand for further changes */

struct snapshot {
    struct file_identity identity;
    bool settled;
    struct content_ends ends;
    struct content_sample sample;
    uint64_t sampled;
    uint64_t sampled_from;
    int64_t sample_rest;
    int64_t sample_due;
    int64_t moved;
};

static struct snapshot take_snapshot(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return (struct snapshot){
        .identity = generation->identity,
        .settled = generation->settled,
        .ends = generation->ends,
        .sample = generation->sample,
        .sampled = generation->sampled,
        .sampled_from = generation->sampled_from,
        .sample_rest = generation->sample_rest,
        .sample_due = generation->sample_due,
        .moved = generation->moved,
    };
}

static bool is_sample_due(const struct snapshot *was)
{
    return was->sampled == 0 || clock_ms() >= was->sample_due;
}

static int compare_ends(const struct snapshot *was, int fd)
{
    struct content_ends now;
    int error = content_ends_read(fd, was->identity.size, &now);
    if (error != 0)
        return error;
    return content_ends_equal(&now, &was->ends) ? 0 : -ESTALE;
}

static int compare_sample(const struct snapshot *was, int fd)
{
    struct content_sample now;
    int error = content_sample_read(fd, was->sampled, &now);
    if (error != 0)
        return error;
    return content_sample_equal(&now, &was->sample) ? 0 : -ESTALE;
}

bool generation_only_grew(struct generation *generation, int fd, uint64_t size)
{
    const struct snapshot was = take_snapshot(generation);
    const int64_t begun = clock_ms();

    if (was.sampled == 0 || was.sampled_from > size)
        return false;
    if (begun < was.sample_rest)
        return true;
    if (compare_sample(&was, fd) != 0)
        return false;
    HOLD_LOCK(&generation->lock);
    if (generation->sampled == was.sampled)
        generation_set_rest(generation, begun);
    return true;
}

/* What the generation is to become. */
struct step {
    struct file_identity identity;
    struct content_ends ends;
    bool with_sample; /* and: */
    struct content_sample sample;
    int64_t begun; /* when it began to be read, in ms */
    bool doubted;  /* its time stamp is not yet past */
};

/*
 * Moves the generation on, unless another thread has moved it meanwhile. The write that grew the
 * file may have filled holes of it too, and if only the ctime moved it may be a new content with
 * the old mtime: what was found of record ends there is no more.
 */
static void move_on(struct generation *generation, const struct snapshot *was,
                    const struct step *step)
{
    bool revised = step->identity.size == was->identity.size;
    bool forget = revised || extents_possible(&was->identity);
    {
        HOLD_LOCK(&generation->lock);
        if (!file_identity_equal(&generation->identity, &was->identity))
            return;
        generation->revision += revised ? 1 : 0;
        if (revised)
            generation->base = step->identity;
        generation->identity = step->identity;
        generation->moved = clock_ms();
        generation->ends = step->ends;
        generation->era += forget ? 1 : 0;
        if (step->with_sample)
            generation_set_sample(generation, &step->sample, step->identity.size, step->begun);
        else
            generation_set_doubt(generation, DOUBT_SAMPLE, true);
        generation_set_doubt(generation, DOUBT_TIME, step->doubted);
        if (!revised)
            atomic_store(&generation->grown, true);
    }
    if (forget)
        scan_memory_forget(&generation->lines);
}

/*
 * Whether the file can have grown out of the snapshot, or be the same, going by the attributes: a
 * copy-up gives a file of an overlay another inode, and its descriptors with it. If the mtime alone
 * has moved, the write that did that must end first; *now is what is there then.
 */
static int check_attributes(const struct snapshot *was, int fd, struct file_identity *now)
{
    if (!was->ends.readable || (!file_identity_same_file(&was->identity, now) &&
                                !file_system_has(fd, FILE_SYSTEM_COPIES_UP)))
        return -ESTALE;
    if (now->size == was->identity.size && !time_equal(now->mtime, was->identity.mtime)) {
        int error = compare_ends(was, fd);
        if (error == 0)
            error = file_rest_await_write(fd, &was->identity, now);
        if (error != 0)
            return error;
    }
    bool same = now->size == was->identity.size && time_equal(now->mtime, was->identity.mtime);
    return same || now->size > was->identity.size ? 0 : -ESTALE;
}

/* Whether the file has grown out of the snapshot; moves the generation on to what it is now. */
static int follow(struct generation *generation, const struct snapshot *was, int fd,
                  struct file_identity *now)
{
    int error = check_attributes(was, fd, now);
    if (error != 0)
        return error;
    bool same_size = now->size == was->identity.size;
    struct step step = {
        .identity = *now,
        .with_sample = same_size || is_sample_due(was),
        .begun = clock_ms(),
        .doubted = file_identity_unsettled_ms(now, fd) > 0,
    };
    /*
     * The new digests first and the old ones after them: what we move on to was then seen while the
     * old bytes were still in place.
     */
    (void)content_ends_read(fd, now->size, &step.ends);
    if (step.with_sample)
        (void)content_sample_read(fd, now->size, &step.sample);
    error = compare_ends(was, fd);
    if (error == 0 && step.with_sample)
        error = compare_sample(was, fd);
    if (error == 0 && step.ends.readable)
        move_on(generation, was, &step);
    /* A bad block at an end is the error of its reader; size and mtime say that all is well. */
    return error != 0 && error != -ESTALE && same_size ? 0 : error;
}

/* Nobody has read of it: it becomes what is there now. */
static int follow_unread(struct generation *generation, const struct file_identity *now)
{
    HOLD_LOCK(&generation->lock);
    if (generation->settled) /* meanwhile: the next look tells */
        return 0;
    if (!file_identity_same_file(now, &generation->identity))
        return -ESTALE;
    if (now->size >= generation->identity.size)
        generation->identity = *now;
    return now->size >= generation->identity.size ? 0 : -ESTALE;
}

/* Compares the digests of a file that looks as it did, for as long as that is not to be trusted. */
static int dispel(struct generation *generation, const struct snapshot *was, int fd,
                  unsigned doubts)
{
    /* Even if our clock and that of the file do not agree, it is past after a while. */
    bool past = file_identity_unsettled_ms(&was->identity, fd) == 0 ||
                clock_ms() - was->moved >= COARSEST_MS;
    const int64_t begun = clock_ms();
    struct content_sample sample;
    int error = content_sample_read(fd, was->identity.size, &sample);

    if (error == 0)
        error = compare_sample(was, fd);
    if (error == 0 && (doubts & DOUBT_TIME) != 0 && was->ends.readable)
        error = compare_ends(was, fd);
    if (error != 0)
        return error;
    HOLD_LOCK(&generation->lock);
    if (!file_identity_equal(&generation->identity, &was->identity))
        return 0;
    generation_set_sample(generation, &sample, was->identity.size, begun);
    if (past)
        generation_set_doubt(generation, DOUBT_TIME, false);
    return 0;
}

/* The check of a file that may have changed, or looks as it did but is not to be trusted. */
static int check_in_doubt(struct generation *generation, int fd, bool *changed)
{
    const struct snapshot was = take_snapshot(generation);
    unsigned doubts = atomic_load(&generation->doubts);
    struct file_identity now;

    int error = file_look(fd, NULL, &now);
    if (error != 0)
        return error;
    *changed = !file_identity_equal(&now, &was.identity);
    if (*changed)
        return was.settled ? follow(generation, &was, fd, &now) : follow_unread(generation, &now);
    if (was.settled && ((doubts & DOUBT_TIME) != 0 || (doubts != 0 && is_sample_due(&was))))
        return dispel(generation, &was, fd, doubts);
    return 0;
}

bool generation_is_still(struct generation *generation, int fd, const struct file_identity *then)
{
    struct file_identity now;

    return file_look(fd, NULL, &now) == 0 && !atomic_load(&generation->stale) &&
           atomic_load(&generation->doubts) == 0 && file_identity_equal(&now, then);
}

int generation_check(struct generation *generation, int fd, bool *changed)
{
    const struct file_identity was = generation_identity(generation);
    struct file_identity now;
    int error = file_look(fd, NULL, &now);

    *changed = false;
    if (error != 0)
        return error;
    if (atomic_load(&generation->stale))
        return -ESTALE;
    if (file_identity_equal(&now, &was) && atomic_load(&generation->doubts) == 0) {
        if (now.blocks != was.blocks)
            generation_note_blocks(generation, &now);
        return 0;
    }
    error = check_in_doubt(generation, fd, changed);
    return error == -ESTALE ? generation_end(generation) : error;
}
