#include "core/index_making.h"

#include <errno.h>

#include "core/checked.h"
#include "core/line_scan.h"

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

int index_begin(struct index_store *store, struct generation *generation, int fd,
                struct index_beginning *beginning)
{
    struct index_slot *slot = &generation->lines_index;

    *beginning = (struct index_beginning){.of = moment_of(generation)};
    int match = index_slot_get(slot, fd, &beginning->of, &beginning->old, &beginning->key);
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

bool index_still_right(struct generation *generation, const struct index_moment *of)
{
    const struct index_moment now = moment_of(generation);
    if (now.revision != of->revision)
        return false;
    return file_identity_equal(&now.file, &of->file) || now.file.size > of->file.size;
}

/* Keeps the index in the directory, unless the one that is there covers nearly as much. */
static void keep(struct index_store *store, struct generation *generation,
                 const struct line_index *index, const struct index_key *key)
{
    uint64_t kept = index_slot_kept(&generation->lines_index);
    uint64_t grown = saturating_sub(index->size, kept);

    if (index->size < store->least || (kept > 0 && grown > 0 && grown < kept / WORTH))
        return;
    if (index_store_save(store, key, index) == 0)
        index_slot_note_kept(&generation->lines_index, key->size);
}

int index_publish(struct index_store *store, struct source *source, struct generation *generation,
                  struct line_index *index, const struct index_moment *of)
{
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
    error = index_key_make(fd, &of->file, &key);
    int check = source_check(source, generation, fd);
    source_return(source, generation);
    if (check != 0 || error != 0)
        return check != 0 ? check : error;
    if (!index_still_right(generation, of))
        return -EAGAIN;
    index_slot_put(&generation->lines_index, index, &key, of);
    keep(store, generation, index, &key);
    return 0;
}

static int count_rest(struct source *source, struct generation *generation,
                      const struct index_beginning *beginning, const struct cancel *cancel,
                      struct line_index *index)
{
    int error = 0;
    for (uint64_t place = index_beginning_covers(beginning); place < index->size && error == 0;) {
        error = cancel_asked(cancel)
                    ? -EINTR
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
        error = index_publish(store, source, generation, index, &beginning->of);
    if (error != 0) {
        line_index_unref(index);
        return error;
    }
    *made = index;
    return 0;
}

/* One try. -EAGAIN: the file changed meanwhile. */
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
    error = check != 0 ? check : match < 0 ? match : match == INDEX_SAME ? -EAGAIN : 0;
    if (error == 0 && beginning.of.file.size - index_beginning_covers(&beginning) > AT_ONCE)
        error = -EINPROGRESS;
    if (error == 0)
        error = make_at_once(store, source, generation, &beginning, cancel, index);
    line_index_unref(beginning.old);
    return error;
}

int index_get(struct index_store *store, struct source *source, struct generation *generation,
              const struct cancel *cancel, struct line_index **index)
{
    int error = -EAGAIN;
    for (int i = 0; i < ATTEMPTS && error == -EAGAIN; i++)
        error = get_once(store, source, generation, cancel, index);
    return error == -EAGAIN ? -ESTALE : error;
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
