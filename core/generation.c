#include "core/generation.h"

#include <errno.h>
#include <stdlib.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "core/file_rest.h"
#include "core/outcome.h"

enum {
    QUIET_ATTEMPTS = 64,    /* how often we try to look at the file between two writes, … */
    QUIET_MOST_MS = 20,     /* … for how long, … */
    CAPTURE_ATTEMPTS = 64,  /* … and to capture it while other threads find it grown */
    COMPARE_EVERY_MS = 500, /* how often the sample of a file that grows is compared, … */
    COMPARE_SHARE = 10,     /* … unless that takes a larger part of the time than one of these */
    SLOW_MS = 10,           /* a file whose ends take so long is not sampled at its first look */
    RECENT_S = 60,          /* how old a change is of a file that may change soon */
    COARSEST_MS = 2050,     /* how long a time stamp may stand for further changes */
};

struct generation *generation_new(const struct file_identity *identity)
{
    static _Atomic uint64_t last_serial;
    struct generation *generation = calloc(1, sizeof(*generation));

    if (generation == NULL)
        return NULL;
    atomic_init(&generation->references, 1);
    generation->serial = atomic_fetch_add(&last_serial, 1) + 1;
    open_file_init(&generation->file);
    scan_memory_init(&generation->lines);
    extents_init(&generation->extents);
    index_slot_init(&generation->lines_index);
    pthread_mutex_init(&generation->lock, NULL);
    generation->identity = *identity;
    return generation;
}

struct generation *generation_ref(struct generation *generation)
{
    atomic_fetch_add(&generation->references, 1);
    return generation;
}

void generation_unref(struct generation *generation)
{
    if (generation == NULL || atomic_fetch_sub(&generation->references, 1) != 1)
        return;
    assert(generation->file.fd < 0);
    scan_memory_destroy(&generation->lines);
    extents_destroy(&generation->extents);
    index_slot_destroy(&generation->lines_index);
    pthread_mutex_destroy(&generation->lock);
    free(generation);
}

struct file_identity generation_identity(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->identity;
}

struct file_identity generation_revised(struct generation *generation, unsigned *revision)
{
    HOLD_LOCK(&generation->lock);
    *revision = generation->revision;
    return generation->identity;
}

unsigned generation_era(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->era;
}

/* Whether `a` can be the earlier look at a file that was only appended to. */
static bool is_before(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_file(a, b) && a->size <= b->size &&
           time_compare(a->mtime, b->mtime) <= 0 && time_compare(a->ctime, b->ctime) <= 0;
}

bool generation_covers(struct generation *generation, const struct file_identity *then)
{
    HOLD_LOCK(&generation->lock);
    if (!generation->settled)
        return false;
    return file_identity_equal(then, &generation->identity) ||
           (is_before(&generation->base, then) && is_before(then, &generation->identity));
}

uint64_t generation_size(struct generation *generation)
{
    return generation_identity(generation).size;
}

static int end_of(struct generation *generation)
{
    atomic_store(&generation->stale, true);
    return -ESTALE;
}

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

bool generation_settled(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->settled;
}

/* The lock is held. */
static void set_doubt(struct generation *generation, unsigned doubt, bool doubted)
{
    if (doubted)
        atomic_fetch_or(&generation->doubts, doubt);
    else
        atomic_fetch_and(&generation->doubts, ~doubt);
}

/* Takes over a sample that took the time since `begun` to read. The lock is held. */
static void set_sample(struct generation *generation, const struct content_sample *sample,
                       uint64_t size, int64_t begun)
{
    int64_t now = clock_ms();
    int64_t pause = COMPARE_SHARE * (now - begun);
    generation->sample = *sample;
    generation->sampled = size;
    generation->sample_due = now + (pause > COMPARE_EVERY_MS ? pause : COMPARE_EVERY_MS);
    set_doubt(generation, DOUBT_SAMPLE, false);
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
        return end_of(generation);
    generation->identity = *seen;
    generation->base = *seen;
    generation->moved = clock_ms();
    generation->settled = true;
    generation->ends = *ends;
    set_doubt(generation, DOUBT_TIME, doubted);
    return 0;
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

struct snapshot {
    struct file_identity identity;
    bool settled;
    struct content_ends ends;
    struct content_sample sample;
    uint64_t sampled;
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

int generation_confirm_sample(struct generation *generation, int fd)
{
    const struct snapshot was = take_snapshot(generation);
    return was.sampled > 0 ? compare_sample(&was, fd) : 0;
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
    const struct snapshot was = take_snapshot(generation);
    const int64_t begun = clock_ms();
    struct content_sample sample;
    struct file_identity now;

    if (was.sampled > 0 || content_sample_read(fd, was.identity.size, &sample) != 0 ||
        file_look(fd, NULL, &now) != 0 || !file_identity_equal(&now, &was.identity))
        return;
    HOLD_LOCK(&generation->lock);
    if (generation->sampled == 0 && file_identity_equal(&generation->identity, &now))
        set_sample(generation, &sample, now.size, begun);
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
 * Moves the generation on, unless another thread has moved it meanwhile. Whoever grew the file may
 * have filled holes of it too, and if only the ctime moved it may be a new content with the old
 * mtime: what was found of record ends there is no more.
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
            set_sample(generation, &step->sample, step->identity.size, step->begun);
        else
            set_doubt(generation, DOUBT_SAMPLE, true);
        set_doubt(generation, DOUBT_TIME, step->doubted);
        if (!revised)
            atomic_store(&generation->grown, true);
    }
    if (forget)
        scan_memory_forget(&generation->lines);
}

/*
 * Whether the file can have grown out of the snapshot, or be the same, going by the attributes: a
 * copy-up gives a file of an overlay another inode, and its descriptors with it. If
 * the mtime alone has moved, the write that did that must end first; *now is what is there then.
 */
static int check_attributes(const struct snapshot *was, int fd, struct file_identity *now)
{
    if (!was->ends.readable ||
        (!file_identity_same_file(&was->identity, now) && !file_is_on_overlay(fd)))
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
    set_sample(generation, &sample, was->identity.size, begun);
    if (past)
        set_doubt(generation, DOUBT_TIME, false);
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

void generation_forget_record_ends(struct generation *generation)
{
    {
        HOLD_LOCK(&generation->lock);
        generation->era++;
    }
    scan_memory_forget(&generation->lines);
}

void generation_note_blocks(struct generation *generation, const struct file_identity *seen)
{
    HOLD_LOCK(&generation->lock);
    if (file_identity_equal(&generation->identity, seen))
        generation->identity.blocks = seen->blocks;
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
    return error == -ESTALE ? end_of(generation) : error;
}
