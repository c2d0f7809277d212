#include "core/generation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/end_digests.h"

enum {
    QUIET_ATTEMPTS = 64, /* how often we try to look at both ends between two writes */
    REST_LEAST_MS = 20,  /* longer than a tick of the clock that mtimes are taken from */
    REST_MOST_MS = 250,
    REST_MS_PER_MIB = 2,   /* a write of the whole file should be over by then */
    APPEND_PAUSES = 100,   /* how often we look whether a write is an append … */
    APPEND_PAUSE_US = 200, /* … and how long we wait in between, in µs */
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

uint64_t generation_size(struct generation *generation)
{
    return generation_identity(generation).size;
}

static int end_of(struct generation *generation)
{
    atomic_store(&generation->stale, true);
    return -ESTALE;
}

static int look_at(int fd, struct file_identity *identity)
{
    struct stat attributes = {0};
    int error = fstat(fd, &attributes) != 0 ? -errno : 0;
    file_identity_of(&attributes, identity);
    return error;
}

/*
 * Looks at the file and at its ends with nothing happening in between. -EAGAIN: somebody writes
 * all the time, and what was seen last is of no single moment. That an end cannot be read is told
 * by the digests, and is no error.
 */
static int look_quietly(int fd, struct file_identity *identity, struct end_digests *digests)
{
    struct file_identity after;

    *digests = (struct end_digests){0};
    for (int i = 0; i < QUIET_ATTEMPTS; i++) {
        int error = look_at(fd, identity);
        if (error != 0)
            return error;
        (void)end_digests_read(fd, identity->size, digests);
        error = look_at(fd, &after);
        if (error != 0)
            return error;
        if (file_identity_equal(identity, &after))
            return 0;
    }
    return -EAGAIN;
}

bool generation_settled(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return generation->settled;
}

/* How many ms the mtime lies back; less than 0: our clock and the file's do not agree. */
static int64_t age_of(const struct file_identity *identity)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return ((int64_t)now.tv_sec - identity->mtime.tv_sec) * 1000 +
           (now.tv_nsec - identity->mtime.tv_nsec) / 1000000;
}

/* How many ms a file of this size should have been at rest before it is believed to be. */
static int64_t rest_of(const struct file_identity *identity)
{
    uint64_t most_mib = (REST_MOST_MS - REST_LEAST_MS) / REST_MS_PER_MIB;
    return REST_LEAST_MS + REST_MS_PER_MIB * (int64_t)min_u64(identity->size >> 20, most_mib);
}

/*
 * A write moves the mtime when it begins and its bytes while it lasts, so a file that was written
 * to a moment ago may be in the middle of it, and no later look would tell. Waits until the file
 * has been at rest for a while, or for that long.
 */
static void await_rest(int fd)
{
    struct file_identity now;
    int64_t waited = 0;

    while (look_at(fd, &now) == 0) {
        int64_t age = age_of(&now);
        int64_t wait = rest_of(&now) - (age > waited ? age : waited);
        if (wait <= 0)
            return;
        const struct timespec pause = {.tv_nsec = wait * 1000000};
        (void)nanosleep(&pause, NULL);
        waited += wait;
    }
}

int generation_capture(struct generation *generation, int fd)
{
    struct file_identity seen;
    struct end_digests digests;

    if (generation_settled(generation))
        return 0;
    await_rest(fd);
    int error = look_quietly(fd, &seen, &digests);
    if (error != 0 && error != -EAGAIN)
        return error;

    HOLD_LOCK(&generation->lock);
    if (generation->settled)
        return 0;
    if (!file_identity_same_file(&seen, &generation->identity) ||
        seen.size < generation->identity.size)
        return end_of(generation);
    generation->identity = seen;
    generation->settled = true;
    generation->ends = digests;
    return 0;
}

struct snapshot {
    struct file_identity identity;
    struct end_digests ends;
};

static struct snapshot take_snapshot(struct generation *generation)
{
    HOLD_LOCK(&generation->lock);
    return (struct snapshot){
        .identity = generation->identity,
        .ends = generation->ends,
    };
}

/* Whether the bytes of the snapshot can still be there, going by the attributes alone. */
static bool may_go_on(const struct snapshot *was, const struct file_identity *now)
{
    if (!was->ends.readable || !file_identity_same_file(&was->identity, now))
        return false;
    return now->size > was->identity.size || file_identity_same_content(&was->identity, now);
}

static int compare_ends(const struct snapshot *was, int fd)
{
    struct end_digests now;
    int error = end_digests_read(fd, was->identity.size, &now);
    if (error != 0)
        return error;
    return end_digests_equal(&now, &was->ends) ? 0 : -ESTALE;
}

/*
 * Moves the generation on to what was seen, unless another thread has moved it meanwhile. Who grew
 * the file may have filled holes of it too, and where only the ctime moved it may be a new content
 * with the old mtime: what was found of record ends there is no more.
 */
static void move_on(struct generation *generation, const struct snapshot *was,
                    const struct file_identity *seen, const struct end_digests *ends)
{
    bool revised = file_identity_same_content(&was->identity, seen);
    bool forget = revised || extents_possible(&was->identity);
    {
        HOLD_LOCK(&generation->lock);
        if (!file_identity_equal(&generation->identity, &was->identity))
            return;
        generation->revision += revised ? 1 : 0;
        generation->identity = *seen;
        generation->ends = *ends;
        generation->era += forget ? 1 : 0;
    }
    if (forget)
        scan_memory_forget(&generation->lines);
}

/*
 * A write moves the mtime before it moves the size, so what looks rewritten may be an append under
 * way: a little patience tells. Returns 0 with *now as it is by then, -ESTALE where the file was
 * rewritten, or an error of reading it.
 */
static int await_append(const struct snapshot *was, int fd, struct file_identity *now)
{
    const struct timespec pause = {.tv_nsec = APPEND_PAUSE_US * 1000};
    int error = compare_ends(was, fd);

    for (int i = 0; i < APPEND_PAUSES && error == 0; i++) {
        if (now->size != was->identity.size)
            return 0;
        (void)nanosleep(&pause, NULL);
        error = look_at(fd, now);
    }
    return error != 0 ? error : now->size != was->identity.size ? 0 : -ESTALE;
}

static bool may_be_growing(const struct snapshot *was, const struct file_identity *now)
{
    return was->ends.readable && file_identity_same_file(&was->identity, now) &&
           now->size == was->identity.size && !file_identity_same_content(&was->identity, now);
}

/* Whether the file has grown out of the snapshot; moves the generation on to what it is now. */
static int follow(struct generation *generation, const struct snapshot *was, int fd,
                  struct file_identity *now)
{
    struct end_digests ends;
    int error = may_be_growing(was, now) ? await_append(was, fd, now) : 0;

    if (error == 0 && !may_go_on(was, now))
        error = -ESTALE;
    if (error != 0)
        return error;
    /*
     * The new ends first and the old ends after them: what we move on to was then seen while the
     * old bytes were still in place.
     */
    int unquiet = look_quietly(fd, now, &ends);
    error = compare_ends(was, fd);
    if (error == 0 && unquiet == 0 && ends.readable && may_go_on(was, now))
        move_on(generation, was, now, &ends);
    /* A bad block at an end is the error of who reads it; size and mtime say that all is well. */
    bool only_ctime = file_identity_same_content(now, &was->identity);
    return error != 0 && error != -ESTALE && only_ctime ? 0 : error;
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

    return look_at(fd, &now) == 0 && !atomic_load(&generation->stale) &&
           file_identity_equal(&now, then);
}

int generation_check(struct generation *generation, int fd, bool *changed)
{
    struct snapshot was = take_snapshot(generation);
    struct file_identity now;
    int error = look_at(fd, &now);

    *changed = false;
    if (error != 0)
        return error;
    if (atomic_load(&generation->stale))
        return -ESTALE;
    if (file_identity_equal(&now, &was.identity)) {
        if (now.blocks != was.identity.blocks)
            generation_note_blocks(generation, &now);
        return 0;
    }
    *changed = true;
    error = follow(generation, &was, fd, &now);
    return error == -ESTALE ? end_of(generation) : error;
}
