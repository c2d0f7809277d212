/* SPDX-License-Identifier: MIT */
#include "core/content/holes.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/extent/extents.h"

enum {
    CANCEL_EVERY = 256, /* extents between two checks whether the reader is gone */
    MANY = 1024,        /* from this many extents on, a count is worth remembering */
    STILL_ATTEMPTS = 3, /* attempts to walk while the blocks of the file stay the same */
};

/* A walk over the extents of [start, end). */
struct extent_walk {
    uint64_t start;
    uint64_t end;
    enum extent_kind wanted;
    bool stops;      /* at the first extent of the wanted kind */
    uint64_t place;  /* how far the walk has come */
    uint64_t passed; /* how many bytes were of the wanted kind */
    uint64_t extents;
};

static int walk_extents(struct extent_walk *walk, const struct reading *reading, int fd)
{
    walk->place = walk->start;
    walk->passed = 0;
    for (walk->extents = 1; walk->place < walk->end; walk->extents++) {
        const struct extent extent = content_extent_at(reading, fd, walk->place);
        uint64_t next = min_u64(extent.end, walk->end);
        if (extent.kind == walk->wanted && walk->stops)
            return 0;
        if (extent.kind == walk->wanted)
            walk->passed += next - walk->place;
        walk->place = next;
        if (walk->extents % CANCEL_EVERY == 0 && cancel_asked(reading->cancel))
            return -CANCELLED;
    }
    return 0;
}

/* Walks, again if a check finds that the file has changed and the map was out of date. */
static int walk_while_still(void *argument, const struct reading *reading, int fd)
{
    struct extent_walk *walk = argument;
    bool same = false;
    int error = 0;
    int check = 0;

    for (int i = 0; i < STILL_ATTEMPTS && !same && check == 0; i++) {
        const struct file_identity before = generation_identity(reading->generation);
        error = walk_extents(walk, reading, fd);
        check = reading_check(reading, fd);
        const struct file_identity after = generation_identity(reading->generation);
        same = file_identity_same_blocks(&before, &after);
    }
    return check != 0 ? check : error;
}

int holes_seek(const struct reading *reading, enum extent_kind kind, uint64_t start, uint64_t end,
               uint64_t *found)
{
    struct extent_walk walk = {start, end, .wanted = kind, .stops = true};
    int error = 0;

    if (content_may_have_holes(reading))
        error = reading_work(reading, walk_while_still, &walk);
    else
        walk.place = kind == EXTENT_DATA ? start : end;
    *found = walk.place;
    return error;
}

int holes_count_data(const struct reading *reading, uint64_t start, uint64_t end, uint64_t *bytes)
{
    struct extent_walk walk = {start, end, .wanted = EXTENT_DATA};
    const struct file_identity now = generation_identity(reading->generation);

    *bytes = end - start;
    if (!content_may_have_holes(reading))
        return 0;
    struct extents *extents = generation_note(reading->generation, &extents_note, NULL);
    if (extents != NULL && extents_recall_count(extents, &now, start, end, bytes))
        return 0;
    int error = reading_work(reading, walk_while_still, &walk);
    if (error == 0 && walk.extents > MANY && extents != NULL)
        extents_remember_count(extents, &now, start, end, walk.passed);
    *bytes = walk.passed;
    return error;
}
