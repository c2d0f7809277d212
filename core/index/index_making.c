#include "core/index/index_making.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"
#include "core/index/line_scan.h"

enum {
    AT_ONCE = LINE_STEP, /* what is scanned without waiting, in bytes */
    WORTH = 64,          /* an index is kept again when it has grown by one in so many */
    ATTEMPTS = 8,        /* to find a file that is not changed meanwhile */
};

uint64_t index_beginning_covers(const struct index_beginning *beginning)
{
    return beginning->old != NULL ? beginning->old->size : 0;
}

static struct index_moment moment_of(struct generation *generation)
{
    struct index_moment now;
    now.file = generation_revised(generation, &now.revision);
    return now;
}

/*
 * Whether an index of what the file was before it grew may be taken from the index directory: not
 * if we have seen it rewritten meanwhile, of which the directory knows nothing.
 */
static bool takes_beginnings(const struct generation *generation, const struct index_moment *now)
{
    return now->revision == 0 && !generation->rewritten;
}

/* Whether an index of `size` bytes is to be kept on the disk: if it has much that is not there. */
static bool is_worth_keeping(const struct index_store *store, struct generation *generation,
                             uint64_t size)
{
    uint64_t kept = index_slot_kept(&generation->lines_index);
    uint64_t grown = saturating_sub(size, kept);

    return size >= store->least && (kept == 0 || grown == 0 || grown >= kept / WORTH);
}

/* Gives the key the sample: the generation's, if that is of all of the file, or another. */
static int add_sample(struct generation *generation, int fd, struct index_key *key)
{
    struct content_digests known = {.ends = {.readable = true}};

    if (!generation_recall_sample(generation, key->size, &known.sample) ||
        !content_digests_complete(&known, key->size))
        return index_key_add_sample(fd, key);
    key->sample = content_sample_sum(&known.sample, key->size);
    return 0;
}

/*
 * Makes the key of the file as it is, to tell at the end whether it still is. The generation gets a
 * sample too if it has none: what happens to the file from now on is then seen by everybody.
 */
static int begin_whole(struct index_store *store, struct generation *generation, int fd,
                       struct index_beginning *beginning)
{
    const uint64_t size = beginning->of.file.size;

    beginning->settled = file_identity_unsettled_ms(&beginning->of.file, fd) == 0;
    int error = index_key_make(fd, &beginning->of.file, &beginning->whole);
    if (error != 0)
        return error;
    generation_take_sample(generation, fd);
    beginning->in_memory = !store->strict && !is_worth_keeping(store, generation, size) &&
                           generation_only_grew(generation, fd, size);
    return beginning->in_memory ? 0 : add_sample(generation, fd, &beginning->whole);
}

/* Whether the index of this key is of what the file was before it grew, going by samples. */
static bool has_only_grown(struct generation *generation, int fd, const struct index_key *key)
{
    return generation_only_grew(generation, fd, key->size) ||
           index_key_match_sample(key, fd, INDEX_BEGINS) == INDEX_BEGINS;
}

static int find_known(struct index_store *store, struct generation *generation, int fd,
                      struct index_beginning *beginning)
{
    struct index_slot *slot = &generation->lines_index;

    int match = index_slot_get(slot, fd, &beginning->of, &beginning->old, &beginning->key);
    if (match == INDEX_BEGINS && !has_only_grown(generation, fd, &beginning->key)) {
        line_index_unref(steal_pointer(&beginning->old));
        match = INDEX_OTHER;
    }
    if (match != INDEX_OTHER)
        return match;
    match = (int)index_store_load(store, fd, &beginning->of.file,
                                  takes_beginnings(generation, &beginning->of), &beginning->key,
                                  &beginning->old);
    if (match != INDEX_OTHER) {
        index_slot_put(slot, beginning->old, &beginning->key, &beginning->of);
        index_slot_note_kept(slot, beginning->key.size);
    }
    return match;
}

int index_begin(struct index_store *store, struct generation *generation, int fd,
                struct index_beginning *beginning)
{
    *beginning = (struct index_beginning){.of = moment_of(generation)};
    int match = find_known(store, generation, fd, beginning);
    if (match < 0 || match == INDEX_SAME)
        return match;
    int error = begin_whole(store, generation, fd, beginning);
    if (error == 0)
        return match;
    line_index_unref(beginning->old);
    beginning->old = NULL;
    return error;
}

bool index_still_right(struct generation *generation, const struct index_moment *of)
{
    const struct index_moment now = moment_of(generation);
    if (now.revision != of->revision)
        return false;
    return file_identity_equal(&now.file, &of->file) || now.file.size > of->file.size;
}

void index_keep(struct index_store *store, struct generation *generation,
                const struct line_index *index, const struct index_key *key)
{
    if (is_worth_keeping(store, generation, index->size) &&
        index_store_save(store, key, index) == 0)
        index_slot_note_kept(&generation->lines_index, key->size);
}

/* Makes the key of the file at the end: of as many bytes as there were at the beginning. */
static int make_whole(int fd, const struct index_beginning *beginning, struct index_key *key)
{
    int error = index_key_make(fd, &beginning->of.file, key);
    return error != 0 || beginning->in_memory ? error : index_key_add_sample(fd, key);
}

/* Whether nothing has happened to the file since the beginning, by attributes that can tell. */
static bool is_untouched(struct generation *generation, const struct index_beginning *beginning)
{
    const struct index_moment now = moment_of(generation);
    return beginning->settled && now.revision == beginning->of.revision &&
           file_identity_equal(&now.file, &beginning->of.file);
}

/* Whether the file holds what it did at the beginning, as far as digests tell. */
static bool is_as_begun(struct generation *generation, int fd,
                        const struct index_beginning *beginning, const struct index_key *now)
{
    return content_ends_equal(&now->ends, &beginning->whole.ends) &&
           (beginning->in_memory ? generation_only_grew(generation, fd, now->size)
                                 : now->sample == beginning->whole.sample);
}

int index_confirm(struct generation *generation, int fd, const struct index_beginning *beginning)
{
    struct index_key now;

    if (is_untouched(generation, beginning))
        return 0;
    int error = make_whole(fd, beginning, &now);
    if (error == 0 && !is_as_begun(generation, fd, beginning, &now))
        error = -TRY_AGAIN;
    return error == -ESTALE ? -TRY_AGAIN : error;
}

/* Makes the key at the end, of a file that still holds what was counted. */
static int end_key(struct generation *generation, int fd, const struct index_beginning *beginning,
                   struct index_key *key)
{
    int error = make_whole(fd, beginning, key);
    bool untouched = is_untouched(generation, beginning);

    key->verified = untouched && beginning->old == NULL;
    if (error == 0 && !untouched && !is_as_begun(generation, fd, beginning, key))
        error = -TRY_AGAIN;
    return error;
}

int index_publish(struct index_store *store, struct source *source, struct generation *generation,
                  struct line_index *index, const struct index_beginning *beginning)
{
    const struct index_moment *of = &beginning->of;
    struct index_key key;
    uint8_t last = '\n';
    int fd = -1;

    uint64_t size = of->file.size;
    int error = size > 0 ? source_read(source, generation, &last, 1, size - 1) : 0;
    if (error == 0)
        error = source_borrow(source, generation, &fd);
    if (error != 0)
        return error;
    line_index_finish(index, last != '\n');
    /* Look at the attributes before and after the key is made: it is of what they tell. */
    int check = source_check(source, generation, fd);
    if (check == 0)
        error = end_key(generation, fd, beginning, &key);
    const struct file_identity then = generation_identity(generation);
    if (check == 0)
        check = source_check(source, generation, fd);
    source_return(source, generation);
    if (check != 0 || error != 0)
        return check != 0 ? check : error;
    if (!index_still_right(generation, of))
        return -TRY_AGAIN;
    const struct file_identity now = generation_identity(generation);
    key.verified = key.verified && file_identity_equal(&then, &now);
    index_slot_put(&generation->lines_index, index, &key, of);
    /* A time stamp that was not past at the beginning may stand for another content too. */
    if (beginning->settled && !beginning->in_memory)
        index_keep(store, generation, index, &key);
    return 0;
}

static int count_rest(struct source *source, struct generation *generation,
                      const struct index_beginning *beginning, const struct cancel *cancel,
                      struct line_index *index)
{
    int error = 0;
    for (uint64_t place = index_beginning_covers(beginning); place < index->size && error == 0;) {
        error = cancel_asked(cancel)
                    ? -CANCELLED
                    : line_scan(source, generation, place, index->size, cancel, index);
        place = line_step_end(place, index->size);
    }
    return error;
}

static int make_at_once(struct index_store *store, struct source *source,
                        struct generation *generation, const struct index_beginning *beginning,
                        const struct cancel *cancel, struct line_index **made)
{
    struct line_index *index = line_index_new(beginning->of.file.size, beginning->old);
    if (index == NULL)
        return -ENOMEM;
    int error = count_rest(source, generation, beginning, cancel, index);
    if (error == 0)
        error = index_publish(store, source, generation, index, beginning);
    if (error != 0) {
        line_index_unref(index);
        return error;
    }
    *made = index;
    return 0;
}

/* One try. -TRY_AGAIN: the file changed meanwhile. */
static int get_once(struct index_store *store, struct source *source, struct generation *generation,
                    const struct cancel *cancel, struct line_index **index)
{
    struct index_beginning beginning;
    int fd = -1;
    int error = source_borrow(source, generation, &fd);

    if (error != 0)
        return error;
    int match = index_begin(store, generation, fd, &beginning);
    int check = source_check(source, generation, fd);
    source_return(source, generation);
    if (check == 0 && match == INDEX_SAME && index_still_right(generation, &beginning.of)) {
        *index = beginning.old;
        return 0;
    }
    error = check != 0 ? check : match < 0 ? match : match == INDEX_SAME ? -TRY_AGAIN : 0;
    if (error == 0 && beginning.of.file.size - index_beginning_covers(&beginning) > AT_ONCE)
        error = -AWAITS_INDEX;
    if (error == 0)
        error = make_at_once(store, source, generation, &beginning, cancel, index);
    line_index_unref(beginning.old);
    return error;
}

int index_get(struct index_store *store, struct source *source, struct generation *generation,
              const struct cancel *cancel, struct line_index **index)
{
    int error = -TRY_AGAIN;
    for (int i = 0; i < ATTEMPTS && error == -TRY_AGAIN; i++)
        error = get_once(store, source, generation, cancel, index);
    return error == -TRY_AGAIN ? -ESTALE : error;
}

bool index_is_there(struct index_store *store, struct source *source, struct generation *generation)
{
    const struct index_moment now = moment_of(generation);
    int fd = -1;

    if (index_slot_has(&generation->lines_index, &now))
        return true;
    if (store->path == NULL || source_borrow(source, generation, &fd) != 0)
        return false;
    bool there = index_store_has(store, fd, &now.file, takes_beginnings(generation, &now));
    source_return(source, generation);
    return there;
}

void index_reject(struct index_store *store, struct source *source, struct generation *generation,
                  const struct line_index *index)
{
    struct index_key key;
    int fd = -1;

    if (!index_slot_forget_this(&generation->lines_index, index, &key))
        return; /* another has been made meanwhile */
    if (source_borrow(source, generation, &fd) != 0)
        return;
    index_store_remove(store, &key, fd);
    source_return(source, generation);
}
