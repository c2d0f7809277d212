/* SPDX-License-Identifier: MIT */
#include "core/index/index_get.h"

#include <errno.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/index/index_count.h"
#include "core/index/index_draft.h"
#include "core/index/index_lookup.h"
#include "core/index/index_note.h"

enum {
    COUNTED_AT_ONCE = INDEX_STEP, /* how much is scanned at once, in bytes */
    GET_ATTEMPTS = 8,             /* attempts to find a file that does not change meanwhile */
};

static int count_rest(const struct index_draft *draft, const struct reading *reading,
                      struct record_index *index)
{
    int error = 0;
    for (uint64_t place = index_draft_covers(draft); place < index->size && error == 0;) {
        error = cancel_asked(reading->cancel) ? -CANCELLED
                                              : index_count(reading, place, index->size, index);
        place = index_step_end(place, index->size);
    }
    return error;
}

static int make_at_once(const struct index_draft *draft, struct index_directory *directory,
                        const struct reading *reading, struct record_index **made)
{
    struct record_index *index = record_index_new(draft->format, draft->size, draft->old);
    if (index == NULL)
        return -ENOMEM;
    int error = count_rest(draft, reading, index);
    if (error == 0)
        error = index_draft_publish(draft, directory, reading, index);
    if (error != 0) {
        record_index_unref(index);
        return error;
    }
    *made = index;
    return 0;
}

/* The beginning of a draft, as work with a descriptor. */
struct draft_order {
    struct index_directory *directory;
    const struct record_format *format;
    bool finds_only;
    struct index_draft draft;
    int match; /* an enum index_match, or an error */
};

static int begin_draft(void *argument, const struct reading *reading, int fd)
{
    struct draft_order *order = argument;
    order->match = index_draft_begin(order->directory, reading, order->format, fd, &order->draft);
    return order->match < 0 ? order->match : 0;
}

/* Tries once. -TRY_AGAIN: the file changed meanwhile. */
static int get_once(struct draft_order *order, const struct reading *reading,
                    struct record_index **index)
{
    struct index_draft *draft = &order->draft;

    *draft = (struct index_draft){.old = NULL};
    int error = reading_work(reading, begin_draft, order);
    if (error == 0 && order->match == INDEX_SAME) {
        if (index_draft_holds(draft, reading->generation))
            *index = steal_pointer(&draft->old);
        else
            error = -TRY_AGAIN;
    } else if (error == 0 &&
               (order->finds_only || draft->size - index_draft_covers(draft) > COUNTED_AT_ONCE)) {
        error = -AWAITS_INDEX;
    } else if (error == 0) {
        error = make_at_once(draft, order->directory, reading, index);
    }
    record_index_unref(draft->old);
    return error;
}

static int try_get(struct draft_order *order, const struct reading *reading,
                   struct record_index **index)
{
    int error = -TRY_AGAIN;

    for (int i = 0; i < GET_ATTEMPTS && error == -TRY_AGAIN; i++)
        error = get_once(order, reading, index);
    return error == -TRY_AGAIN ? -ESTALE : error;
}

int index_get(struct index_directory *directory, const struct reading *reading,
              const struct record_format *format, struct record_index **index)
{
    struct draft_order order = {.directory = directory, .format = format};
    return try_get(&order, reading, index);
}

int index_find(struct index_directory *directory, const struct reading *reading,
               const struct record_format *format, struct record_index **index)
{
    struct draft_order order = {.directory = directory, .format = format, .finds_only = true};
    return try_get(&order, reading, index);
}

bool index_is_there(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format)
{
    struct index_note *note = index_note_of(reading->generation, format);
    const struct version now = generation_version(reading->generation);
    struct index_query query = {
        .format = format,
        .content = reading->source->content->number,
        .now = &now.file,
    };

    if (note != NULL && index_note_has(note, &now))
        return true;
    if (directory->path == NULL || reading_borrow(reading, &query.fd) != 0)
        return false;
    query.beginnings = index_draft_takes_beginnings(reading->generation, &now);
    bool there = index_lookup_has(directory, &query);
    reading_return(reading);
    return there;
}

void index_reject(struct index_directory *directory, const struct reading *reading,
                  const struct record_index *index)
{
    struct index_note *note = index_note_of(reading->generation, index->format);
    struct index_key key;
    int fd = -1;

    if (note == NULL || !index_note_forget_this(note, index, &key))
        return; /* another has been made meanwhile */
    if (reading_borrow(reading, &fd) != 0)
        return;
    index_directory_remove(directory, &key, fd);
    reading_return(reading);
}
