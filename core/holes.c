#include "core/holes.h"

#include <errno.h>

#include "core/checked.h"

enum {
    CANCEL_EVERY = 256, /* extents between two looks whether the reader is gone */
    MANY = 1024,        /* extents from which on a count is worth remembering */
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

static int walk_extents(void *argument, int fd, const struct file_identity *layout)
{
    struct walk *walk = argument;

    walk->place = walk->start;
    walk->passed = 0;
    for (walk->extents = 1; walk->place < walk->end; walk->extents++) {
        const struct extent extent =
            source_extent_at(walk->source, walk->generation, fd, layout, walk->place);
        uint64_t next = min_u64(extent.end, walk->end);
        if (extent.kind == walk->wanted && walk->stops)
            return 0;
        if (extent.kind == walk->wanted)
            walk->passed += next - walk->place;
        walk->place = next;
        if (walk->extents % CANCEL_EVERY == 0 && cancel_asked(walk->cancel))
            return -EINTR;
    }
    return 0;
}

int holes_seek(struct source *source, struct generation *generation, enum extent_kind kind,
               uint64_t start, uint64_t end, const struct cancel *cancel, uint64_t *found)
{
    struct walk walk = {source, generation, cancel, start, end, .wanted = kind, .stops = true};
    int error = 0;

    if (source_may_have_holes(source, generation))
        error = source_work_on(source, generation, walk_extents, &walk);
    else
        walk.place = kind == EXTENT_DATA ? start : end;
    *found = walk.place;
    return error;
}

/* Counts the data of a range, or recalls what was counted before. */
static int count_data(void *argument, int fd, const struct file_identity *layout)
{
    struct walk *walk = argument;
    struct extents *extents = &walk->generation->extents;

    if (layout != NULL &&
        extents_recall_count(extents, layout, walk->start, walk->end, &walk->passed))
        return 0;
    int error = walk_extents(walk, fd, layout);
    if (error == 0 && layout != NULL && walk->extents > MANY)
        extents_remember_count(extents, fd, layout, walk->start, walk->end, walk->passed);
    return error;
}

int holes_count_data(struct source *source, struct generation *generation, uint64_t start,
                     uint64_t end, const struct cancel *cancel, uint64_t *bytes)
{
    struct walk walk = {source, generation, cancel, start, end, .wanted = EXTENT_DATA};
    int error = 0;

    if (source_may_have_holes(source, generation))
        error = source_work_on(source, generation, count_data, &walk);
    else
        walk.passed = end - start;
    *bytes = walk.passed;
    return error;
}
