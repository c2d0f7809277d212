#include "fs/generated/table_file.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/index/index_key.h"
#include "core/view/piece_name.h"
#include "fs/generated/table_length.h"
#include "fs/generated/text_store.h"

/* With a text the index is kept that it was made with, of a file of at most so many bytes. */
static const uint64_t INDEX_KEPT = 4ULL * 1024 * 1024 * 1024;

static struct generated *text_of(const struct table_file *open)
{
    return open->node->content.generated.text;
}

/* The table of what its node says, or is about to say, with what this handle has. */
static struct table table_of(const struct table_file *open, const struct cancel *cancel)
{
    const struct table_subject *subject = &text_of(open)->subject;
    return (struct table){
        .view = &open->node->content.generated.view,
        .file =
            {
                .source = open->source,
                .generation = open->generation,
                .size = subject->size,
                .store = open->store,
                .index = open->index,
                .cancel = cancel,
            },
        .extension = file_extension(node_large(open->node)->name),
        .computed = subject->computed,
    };
}

/* Whether what was read of the file until now is of the text's generation and revision. */
static int check_file(const struct table_file *open)
{
    int fd = -1;
    unsigned revision = 0;
    int error = source_borrow(open->source, open->generation, &fd);

    if (error != 0)
        return error;
    error = source_check(open->source, open->generation, fd);
    source_return(open->source, open->generation);
    (void)generation_revised(open->generation, &revision);
    return error == 0 && revision != text_of(open)->subject.revision ? -ESTALE : error;
}

/* Copies a part of a table that follows from the size alone. */
static int read_computed(const struct table *table, uint64_t offset, char *buffer, size_t size,
                         size_t *got)
{
    struct table_place place = table_place_at(table->view, table->file.size, offset);
    char text[TABLE_LINE_MOST];
    size_t length = 0;

    *got = 0;
    while (*got < size) {
        uint64_t start = place.offset;
        int error = cancel_asked(table->file.cancel) ? -CANCELLED
                                                     : table_line(table, &place, text, &length);
        if (error != 0)
            return error == -NO_MORE_PIECES ? 0 : error;
        size_t skipped = (size_t)saturating_sub(offset, start);
        size_t part = (size_t)min_u64(saturating_sub(length, skipped), size - *got);
        if (part > 0)
            memcpy(buffer + *got, text + skipped, part);
        *got += part;
    }
    return 0;
}

/* Hands the kernel the end of the text, which for a short one is all of it. */
static int store_computed(struct text_store *store, const struct table *table, uint64_t length)
{
    size_t got = 0;

    store->offset = (length - 1) / TEXT_STEP * TEXT_STEP;
    int error = read_computed(table, store->offset, store->step, TEXT_STEP, &got);
    store->used = got;
    return error;
}

/* Makes the text line by line. */
static int make_lines(struct generated *text, const struct table *table, struct text_store *store)
{
    struct table_place place = {0};
    char line[TABLE_LINE_MOST];
    size_t length = 0;

    for (;;) {
        const struct table_place start = place;
        int error = cancel_asked(table->file.cancel) ? -CANCELLED
                                                     : table_line(table, &place, line, &length);
        if (error == 0)
            error = table_map_add(&text->map, &start, line, length);
        if (error != 0)
            return error == -NO_MORE_PIECES ? 0 : error;
        text_store_add(store, line, length);
    }
}

static int make(struct table_file *open, const struct cancel *cancel, struct text_store *store)
{
    struct generated *text = text_of(open);
    const struct table table = table_of(open, cancel);
    uint64_t length = 0;
    int error = 0;

    if (table.computed) {
        length = table_length(table.view, table.file.size);
        error = length != TABLE_TOO_LONG ? store_computed(store, &table, length) : -EFBIG;
    } else {
        error = make_lines(text, &table, store);
        length = text->map.length;
    }
    if (error == 0)
        error = check_file(open);
    if (error == 0)
        error = generated_set_length(text, length);
    if (error == 0)
        text_store_finish(store);
    return error;
}

static void choose_subject(struct table_file *open, uint64_t size)
{
    const struct node_generated *content = &open->node->content.generated;
    struct table_subject *subject = &content->text->subject;

    subject->generation = generation_ref(open->generation);
    subject->identity = generation_revised(open->generation, &subject->revision);
    subject->size = view_needs_index(&content->view) ? size : subject->identity.size;
    subject->computed = table_is_computed(&content->view, &subject->identity);
    if (open->index != NULL && size <= INDEX_KEPT)
        subject->index = line_index_ref(open->index);
}

/* Makes the text. If that fails half-way the node is spent, as the kernel has a part of it. */
static int make_text(struct table_file *open, struct driver *driver, uint64_t size,
                     const struct cancel *cancel)
{
    struct generated *text = text_of(open);
    struct text_store store;

    int error = text_store_begin(&store, driver, open->node, 0);
    if (error == 0) {
        choose_subject(open, size);
        error = make(open, cancel, &store);
    }
    if (error == 0)
        generated_made(text);
    else if (store.began || error == -ESTALE)
        generated_end(text);
    else
        generated_failed(text);
    text_store_free(&store);
    return error;
}

/* The index that the text was made with, if it was kept: the one of now may cover more. */
static void take_index(struct table_file *open)
{
    struct line_index *kept = text_of(open)->subject.index;

    if (kept == NULL)
        return;
    line_index_unref(open->index);
    open->index = line_index_ref(kept);
}

/*
 * Whether the text that was made is of what the file is now, or was before it grew. A look-up sees
 * that a file has grown; of other changes it is told.
 */
static int check_text(struct table_file *open, bool second_try)
{
    const struct table_subject *subject = &text_of(open)->subject;
    unsigned revision = 0;
    struct file_identity identity = generation_revised(open->generation, &revision);

    take_index(open);
    if (subject->generation != open->generation || subject->revision != revision ||
        (open->index != NULL && open->index->size != subject->size)) {
        generated_end(text_of(open));
        return -ESTALE;
    }
    return second_try || subject->identity.size == identity.size ? 0 : -ESTALE;
}

static int open_text(struct table_file *open, struct driver *driver, const struct view_file *file,
                     bool second_try, const struct cancel *cancel)
{
    bool make_it = false;
    int error = generated_begin(text_of(open), cancel, &make_it);

    if (error != 0)
        return error;
    return make_it ? make_text(open, driver, file->size, cancel) : check_text(open, second_try);
}

/* An index that turns out to be of another file has been rejected: the next open gets another. */
static int stale_if_wrong_index(int error)
{
    return error == -WRONG_INDEX ? -ESTALE : error;
}

int table_file_open(struct table_file *open, struct driver *driver, const struct node *node,
                    struct generation *generation, bool second_try, const struct cancel *cancel)
{
    struct view_file file = {
        .source = node_large(node)->content.source,
        .generation = generation,
        .size = generation_size(generation),
        .cancel = cancel,
    };

    *open = (struct table_file){
        .node = node,
        .source = file.source,
        .generation = generation,
        .store = &driver->store,
    };
    int error = view_file_complete(&file, &node->content.generated.view, &driver->store);
    if (error != 0)
        return error;
    open->index = file.index;
    error = open_text(open, driver, &file, second_try, cancel);
    if (error != 0)
        table_file_close(open);
    return stale_if_wrong_index(error);
}

void table_file_close(struct table_file *open)
{
    line_index_unref(open->index);
    open->index = NULL;
}

int table_file_read(const struct table_file *open, uint64_t offset, char *buffer, size_t size,
                    const struct cancel *cancel, size_t *got)
{
    struct generated *text = text_of(open);
    const struct table table = table_of(open, cancel);

    int error = table.computed ? read_computed(&table, offset, buffer, size, got)
                               : table_map_read(&text->map, &table, offset, buffer, size, got);
    int changed = check_file(open);
    if (changed != 0)
        return changed;
    if (error == -ESTALE) /* the text cannot be had again: a look-up gets a new one */
        generated_end(text);
    return stale_if_wrong_index(error);
}
