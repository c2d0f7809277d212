#include "core/content/holes.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"

enum {
    CANCEL_EVERY = 256, /* extents between two looks whether the reader is gone */
    MANY = 1024,        /* extents from which on a count is worth remembering */
    ATTEMPTS = 3,       /* to walk while the layout of the file holds still */
};

/* A walk over the extents of [start, end). */
struct walk {
    struct source *source;
    struct generation *generation;
    const struct cancel *cancel;
    uint64_t start;
    uint64_t end;
    enum extent_kind wanted;
    bool stops;      /* at the first extent that is wanted */
    uint64_t place;  /* where the walk has come to */
    uint64_t passed; /* how many bytes were of the kind that is wanted */
    uint64_t extents;
};

static int walk_extents(struct walk *walk, int fd)
{
    walk->place = walk->start;
    walk->passed = 0;
    for (walk->extents = 1; walk->place < walk->end; walk->extents++) {
        const struct extent extent =
            source_extent_at(walk->source, walk->generation, fd, walk->place);
        uint64_t next = min_u64(extent.end, walk->end);
        if (extent.kind == walk->wanted && walk->stops)
            return 0;
        if (extent.kind == walk->wanted)
            walk->passed += next - walk->place;
        walk->place = next;
        if (walk->extents % CANCEL_EVERY == 0 && cancel_asked(walk->cancel))
            return -CANCELLED;
    }
    return 0;
}

/* Walks, once more where the check finds that the file has changed and what we knew was old. */
static int run_walk(struct walk *walk)
{
    bool same = false;
    int fd = -1;
    int error = source_borrow(walk->source, walk->generation, &fd);
    int check = 0;

    if (error != 0)
        return error;
    for (int i = 0; i < ATTEMPTS && !same && check == 0; i++) {
        const struct file_identity before = generation_identity(walk->generation);
        error = walk_extents(walk, fd);
        check = source_check(walk->source, walk->generation, fd);
        const struct file_identity after = generation_identity(walk->generation);
        same = file_identity_same_layout(&before, &after);
    }
    source_return(walk->source, walk->generation);
    return check != 0 ? check : error;
}

int holes_seek(struct source *source, struct generation *generation, enum extent_kind kind,
               uint64_t start, uint64_t end, const struct cancel *cancel, uint64_t *found)
{
    struct walk walk = {source, generation, cancel, start, end, .wanted = kind, .stops = true};
    int error = 0;

    if (source_may_have_holes(source, generation))
        error = run_walk(&walk);
    else
        walk.place = kind == EXTENT_DATA ? start : end;
    *found = walk.place;
    return error;
}

int holes_count_data(struct source *source, struct generation *generation, uint64_t start,
                     uint64_t end, const struct cancel *cancel, uint64_t *bytes)
{
    struct walk walk = {source, generation, cancel, start, end, .wanted = EXTENT_DATA};
    const struct file_identity now = generation_identity(generation);

    *bytes = end - start;
    if (!source_may_have_holes(source, generation) ||
        extents_recall_count(&generation->extents, &now, start, end, bytes))
        return 0;
    int error = run_walk(&walk);
    if (error == 0 && walk.extents > MANY)
        extents_remember_count(&generation->extents, &now, start, end, walk.passed);
    *bytes = walk.passed;
    return error;
}
