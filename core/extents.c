#include "core/extents.h"

#include <string.h>
#include <time.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/clock.h"

enum {
    STAT_BLOCK = 512,      /* what st_blocks counts in */
    YOUNG_S = 60,          /* by then a write past the page cache is over */
    BELIEVED_YOUNG = 1000, /* how long what was learnt of a young file is believed, in ms */
};

void extents_init(struct extents *extents)
{
    *extents = (struct extents){.method = EXTENTS_AUTO};
    extents->believed_until = INT64_MAX;
    pthread_mutex_init(&extents->lock, NULL);
    intervals_init(&extents->known, EXTENTS_MOST);
}

void extents_destroy(struct extents *extents)
{
    intervals_destroy(&extents->known);
    pthread_mutex_destroy(&extents->lock);
}

bool extents_possible(const struct file_identity *layout)
{
    return layout->blocks < layout->size / STAT_BLOCK;
}

/* The lock is held. */
static void forget_all(struct extents *extents)
{
    intervals_clear(&extents->known);
    memset(extents->counts, 0, sizeof(extents->counts));
    extents->method = EXTENTS_AUTO;
    extents->believed_until = INT64_MAX;
}

void extents_forget(struct extents *extents)
{
    HOLD_LOCK(&extents->lock);
    forget_all(extents);
}

/* The ctime tells when it was last written to; unlike the mtime it cannot be set back. */
static bool is_young(const struct file_identity *layout)
{
    return time(NULL) - layout->ctime.tv_sec < YOUNG_S;
}

/* Forgets all that is not, or not surely any more, of this layout. The lock is held. */
static void turn_to(struct extents *extents, const struct file_identity *layout)
{
    int64_t now = clock_ms();

    if (file_identity_same_layout(&extents->layout, layout) && now < extents->believed_until)
        return;
    forget_all(extents);
    extents->layout = *layout;
    if (is_young(layout))
        extents->believed_until = now + BELIEVED_YOUNG;
}

static bool recall(struct extents *extents, const struct file_identity *layout, uint64_t offset,
                   struct extent *extent, enum extent_method *method)
{
    HOLD_LOCK(&extents->lock);
    turn_to(extents, layout);
    if (extents->method != EXTENTS_AUTO)
        *method = extents->method;
    const struct interval *known = intervals_before(&extents->known, offset);
    if (known == NULL || known->end <= offset)
        return false;
    *extent = (struct extent){known->start, known->end, (enum extent_kind)known->kind};
    return true;
}

/*
 * Adds what was told, joined with what is known of its kind and meets or overlaps it. A file system
 * that contradicts what it said before is believed now. The lock is held.
 */
static void learn(struct intervals *known, struct extent told)
{
    size_t at = intervals_after(known, told.start);

    if (at > 0 && known->items[at - 1].end >= told.start)
        at--;
    while (at < known->count && known->items[at].start <= told.end) {
        const struct interval item = known->items[at];
        bool only_meets = item.end == told.start || item.start == told.end;
        if (item.kind != (int)told.kind && only_meets) {
            at++;
            continue;
        }
        if (item.kind == (int)told.kind) {
            told.start = min_u64(told.start, item.start);
            told.end = max_u64(told.end, item.end);
        }
        intervals_remove(known, at, 1);
    }
    (void)intervals_insert(known, (struct interval){told.start, told.end, (int)told.kind});
}

static bool has_layout(int fd, const struct file_identity *layout)
{
    struct stat attributes;
    struct file_identity now;

    if (fstat(fd, &attributes) != 0)
        return false;
    file_identity_of(&attributes, &now);
    return file_identity_same_layout(&now, layout);
}

static void learn_answer(struct extents *extents, const struct file_identity *layout,
                         enum extent_method method, const struct extent_answer *answer)
{
    HOLD_LOCK(&extents->lock);
    if (!file_identity_same_layout(&extents->layout, layout))
        return; /* another thread has turned to a later one */
    extents->method = method;
    for (size_t i = 0; i < answer->count; i++)
        learn(&extents->known, answer->extents[i]);
}

void extents_find(struct extents *extents, enum extent_method method, int fd,
                  const struct file_identity *layout, uint64_t offset, struct extent *extent)
{
    struct extent_answer answer;

    if (recall(extents, layout, offset, extent, &method))
        return;
    method = extent_method_for(fd, layout->size, method);
    extent_probe(fd, offset, layout->size, method, &answer);
    *extent = answer.extents[0];
    if (has_layout(fd, layout))
        learn_answer(extents, layout, method, &answer);
}

bool extents_recall_count(struct extents *extents, const struct file_identity *layout,
                          uint64_t start, uint64_t end, uint64_t *data)
{
    HOLD_LOCK(&extents->lock);
    turn_to(extents, layout);
    for (unsigned i = 0; i < EXTENT_COUNTS; i++) {
        const struct extent_count *count = &extents->counts[i];
        if (count->end == end && count->start == start && end != 0) {
            *data = count->data;
            return true;
        }
    }
    return false;
}

void extents_remember_count(struct extents *extents, int fd, const struct file_identity *layout,
                            uint64_t start, uint64_t end, uint64_t data)
{
    if (!has_layout(fd, layout))
        return;
    HOLD_LOCK(&extents->lock);
    if (!file_identity_same_layout(&extents->layout, layout))
        return;
    extents->counts[extents->next_count] = (struct extent_count){start, end, data};
    extents->next_count = (extents->next_count + 1) % EXTENT_COUNTS;
}
