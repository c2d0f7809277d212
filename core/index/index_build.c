/* SPDX-License-Identifier: MIT */
#include "core/index/index_build.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/index/index_note.h"

void index_build_free(struct index_build *build)
{
    record_index_unref(build->index);
    record_index_unref(build->draft.old);
    reading_close(&build->reading);
    free(build);
}

/* Begins the draft, and makes an index that continues from it. */
static int begin_build(struct index_build *build, struct index_directory *directory,
                       const struct record_format *format)
{
    int fd = -1;
    int error = reading_borrow(&build->reading, &fd);
    if (error != 0)
        return error;
    int match = index_draft_begin(directory, &build->reading, format, fd, &build->draft);
    reading_return(&build->reading);
    if (match < 0)
        return match;
    build->index = record_index_new(format, build->draft.size, build->draft.old);
    if (build->index == NULL)
        return -ENOMEM;
    build->from = index_draft_covers(&build->draft);
    build->next = build->from;
    build->counted_to = build->index->size;
    return 0;
}

int index_build_new(struct index_directory *directory, const struct reading *reading,
                    const struct record_format *format, struct index_build **made)
{
    struct index_build *build = calloc(1, sizeof(*build));
    if (build == NULL)
        return -ENOMEM;
    list_reset(&build->link);
    list_reset(&build->steps);
    list_reset(&build->waiters);
    reading_of(reading->source, reading->generation, NULL, &build->reading);
    build->device = (uint64_t)build->reading.version.file.device;
    int error = reading_pin(&build->reading);
    if (error == 0)
        error = begin_build(build, directory, format);
    if (error != 0) {
        index_build_free(build);
        return error;
    }
    *made = build;
    return 0;
}

/* Whether the file holds what it did when the build began, as far as digests tell. */
static bool is_as_build_began(const struct index_build *build, int fd)
{
    return reading_check(&build->reading, fd) == 0 &&
           index_draft_confirm(&build->draft, build->reading.generation, fd) == 0 &&
           index_draft_holds(&build->draft, build->reading.generation);
}

/*
 * Puts the index of the first part into the note, if the file still has the content that was
 * counted.
 */
static void put_part(const struct index_build *build, struct record_index *part, int fd)
{
    const struct record_format *format = part->format;
    struct index_note *note = index_note_of(build->reading.generation, format);
    struct file_identity file = build->draft.of.file;
    struct index_key key;

    if (part->size >= file.size)
        return; /* of a content that is larger than its file: no part of the file has this index */
    file.size = part->size;
    if (note != NULL && index_key_make(fd, format, build->draft.content, &file, &key) == 0 &&
        index_key_add_sample(fd, &key) == 0 && is_as_build_began(build, fd))
        index_note_put(note, part, &key, &build->draft.of);
}

static void keep_part(const struct index_build *build)
{
    int fd = -1;

    if (build->counted_to <= build->from ||
        (build->index->format->states > 1 && build->index->chosen != build->counted_to))
        return;
    struct record_index *part =
        record_index_new(build->index->format, build->counted_to, build->index);
    if (part != NULL && reading_borrow(&build->reading, &fd) == 0) {
        record_index_finish(part, true);
        put_part(build, part, fd);
        reading_return(&build->reading);
    }
    record_index_unref(part);
}

int index_build_end(struct index_build *build, struct index_directory *directory)
{
    int error = build->error;

    build->counted_to = min_u64(build->counted_to, build->next);
    if (error == 0 && build->counted_to == build->index->size)
        error = index_draft_publish(&build->draft, directory, &build->reading, build->index);
    else
        keep_part(build);
    return error == -TRY_AGAIN ? 0 : error; /* a waiter asks again */
}
