/* SPDX-License-Identifier: MIT */
#include "fs/tree/text_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/tree/generated_type.h"
#include "fs/tree/text_store.h"

/* A text of a file of at most this many bytes keeps the index that it was made with. */
static const uint64_t INDEX_KEPT = 4ULL * 1024 * 1024 * 1024;

static struct text *text_of(const struct text_file *open)
{
    return open->node->content.text.text;
}

/* The text that the node describes, or will describe, made from this file. */
static struct view_text view_text_of(const struct text_file *open, const struct reading *reading,
                                     void **kept)
{
    const struct node_text *content = &open->node->content.text;
    const struct text_subject *subject = &content->text->subject;
    return (struct view_text){
        .type = content->type,
        .view = &content->view,
        .file =
            {
                .reading = reading,
                .size = subject->size,
                .records = subject->records,
                .index = open->index,
                .directory = open->directory,
            },
        .extension = node_extension(open->node),
        .path = open->path,
        .computed = subject->computed,
        .kept = kept,
    };
}

/*
 * Checks that what was read until now is of the text's generation and revision, and of the content
 * that its view is of.
 */
static int check_file(const struct text_file *open, const struct reading *reading)
{
    const struct view_file file = {.reading = reading};
    int error = reading_confirm(reading);
    const struct version now = generation_version(reading->generation);

    if (error == 0 && now.revision != text_of(open)->subject.version.revision)
        return -ESTALE;
    return error != 0 ? error : view_file_confirm(&file, &open->node->content.text.view);
}

/* --- making ----------------------------------------------------------------------------------- */

/* Copies a part of a text that follows from the size alone. */
static int read_computed(const struct view_text *text, uint64_t offset, char *buffer, size_t size,
                         size_t *got)
{
    struct text_place place = text->type->place_at(text->view, text->file.size, offset);
    char line[TEXT_LINE_MOST];
    size_t length = 0;

    *got = 0;
    while (*got < size) {
        uint64_t start = place.offset;
        int error = view_text_line(text, &place, line, &length);
        if (error != 0)
            return error == -NO_MORE_PIECES ? 0 : error;
        size_t skipped = (size_t)saturating_sub(offset, start);
        size_t part = (size_t)min_u64(saturating_sub(length, skipped), size - *got);
        if (part > 0)
            memcpy(buffer + *got, line + skipped, part);
        *got += part;
    }
    return 0;
}

/* Gives the kernel the end of the text; for a short text that is all of it. */
static int store_computed(struct text_store *store, const struct view_text *text, uint64_t length)
{
    size_t got = 0;

    store->offset = (length - 1) / TEXT_STEP * TEXT_STEP;
    int error = read_computed(text, store->offset, store->step, TEXT_STEP, &got);
    store->used = got;
    return error;
}

/* Makes the text line by line. */
static int make_lines(struct text_map *map, const struct view_text *text, struct text_store *store)
{
    struct text_place place = {0};
    char line[TEXT_LINE_MOST];
    size_t length = 0;

    for (;;) {
        const struct text_place start = place;
        int error = view_text_line(text, &place, line, &length);
        if (error == 0)
            error = text_map_add(map, &start, line, length);
        if (error != 0)
            return error == -NO_MORE_PIECES ? 0 : error;
        text_store_add(store, line, length);
    }
}

static int fill_store(struct text_file *open, const struct reading *reading,
                      struct text_store *store)
{
    struct text *text = text_of(open);
    AUTO_FREE void *kept = NULL;
    const struct view_text view_text = view_text_of(open, reading, &kept);
    uint64_t length = 0;
    int error = 0;

    if (view_text.computed) {
        length = view_text.type->length(view_text.view, view_text.file.size);
        error = length != TEXT_TOO_LONG ? store_computed(store, &view_text, length) : -EFBIG;
    } else {
        error = make_lines(&text->map, &view_text, store);
        length = text->map.length;
    }
    if (error == 0)
        error = check_file(open, reading);
    if (error == 0)
        error = text_set_length(text, length);
    if (error == 0)
        text_store_finish(store);
    return error;
}

static void choose_subject(struct text_file *open, const struct view_file *file)
{
    const struct reading *reading = file->reading;
    const struct node_text *content = &open->node->content.text;
    struct text_subject *subject = &content->text->subject;

    subject->generation = generation_ref(reading->generation);
    subject->version = generation_version(reading->generation);
    if (reading->source->content->covered != NULL) /* it is of the part that has been walked */
        subject->version.file.size = reading->covered;
    subject->size = file->size;
    subject->records = file->records;
    subject->computed =
        generated_is_computed(content->type, &content->view, &subject->version.file);
    if (open->index != NULL && file->size <= INDEX_KEPT)
        subject->index = record_index_ref(open->index);
}

/* Makes the text. If that fails half-way, the text is over, as the kernel has a part of it. */
static int make_text(struct text_file *open, struct driver *driver, const struct view_file *file)
{
    struct text *text = text_of(open);
    struct text_store store;

    int error = text_store_begin(&store, driver->server.session, open->node, 0);
    if (error == 0) {
        choose_subject(open, file);
        error = fill_store(open, file->reading, &store);
    }
    if (error == 0)
        text_made(text);
    else if (store.began || error == -ESTALE)
        text_end(text);
    else
        text_failed(text);
    text_store_free(&store);
    return error;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Takes the index that the text was made with, if it was kept. The current one may cover more. */
static void take_index(struct text_file *open)
{
    struct record_index *kept = text_of(open)->subject.index;

    if (kept == NULL)
        return;
    record_index_unref(open->index);
    open->index = record_index_ref(kept);
}

/* Whether the index covers another part of the file than the text. */
static bool is_other_index(const struct text_file *open)
{
    const struct view *view = &open->node->content.text.view;
    return open->index != NULL && view_size(view, open->index->size) != text_of(open)->subject.size;
}

/*
 * Checks that the text describes the current file, or the file before it grew. A look-up finds
 * growth; other changes end the text.
 */
static int check_text(struct text_file *open, const struct reading *reading, bool accepts_growth)
{
    const struct text_subject *subject = &text_of(open)->subject;
    const struct version now = generation_version(reading->generation);

    take_index(open);
    if (subject->generation != reading->generation || subject->version.revision != now.revision ||
        is_other_index(open)) {
        text_end(text_of(open));
        return -ESTALE;
    }
    return accepts_growth || subject->version.file.size == now.file.size ? 0 : -ESTALE;
}

static int open_text(struct text_file *open, struct driver *driver, const struct view_file *file,
                     bool accepts_growth)
{
    bool make_it = false;
    int error = text_begin(text_of(open), file->reading->cancel, &make_it);

    if (error != 0)
        return error;
    return make_it ? make_text(open, driver, file)
                   : check_text(open, file->reading, accepts_growth);
}

/* A wrong index has been rejected, so the next open gets another one. */
static int stale_if_wrong_index(int error)
{
    return error == -WRONG_INDEX ? -ESTALE : error;
}

static int take_path(struct text_file *open, const struct driver *driver)
{
    if (!open->node->content.text.type->tells_path)
        return 0;
    open->path = driver_absolute_path(driver, node_source(open->node)->path);
    return open->path != NULL ? 0 : -ENOMEM;
}

int text_file_open(struct text_file *open, struct driver *driver, const struct node *node,
                   const struct reading *reading, bool accepts_growth)
{
    struct view_file file = {.reading = reading, .size = reading->size};

    *open = (struct text_file){.node = node, .directory = &driver->index_directory};
    int error = view_file_complete(&file, &node->content.text.view, open->directory);
    if (error != 0)
        return error;
    open->index = file.index;
    error = take_path(open, driver);
    if (error == 0)
        error = open_text(open, driver, &file, accepts_growth);
    if (error != 0)
        text_file_close(open);
    return stale_if_wrong_index(error);
}

void text_file_close(struct text_file *open)
{
    record_index_unref(open->index);
    open->index = NULL;
    free(steal_pointer(&open->path));
}

int text_file_read(const struct text_file *open, const struct reading *reading, uint64_t offset,
                   char *buffer, size_t size, size_t *got)
{
    struct text *text = text_of(open);
    AUTO_FREE void *kept = NULL;
    const struct view_text view_text = view_text_of(open, reading, &kept);

    int error = view_text.computed
                    ? read_computed(&view_text, offset, buffer, size, got)
                    : text_map_read(&text->map, &view_text, offset, buffer, size, got);
    int changed = check_file(open, reading);
    if (changed != 0)
        return changed;
    if (error == -ESTALE) /* the text cannot be made again; a look-up makes a new one */
        text_end(text);
    return stale_if_wrong_index(error);
}
