/* SPDX-License-Identifier: MIT */
#include "core/index/index_draft.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"
#include "core/index/index_encoding.h"
#include "core/index/index_lookup.h"
#include "core/index/index_note.h"
#include "core/index/index_save.h"

enum { WORTH = 64 }; /* an index is kept again once it has grown by 1/WORTH */

/*
 * How many bytes of holes a file may have if each of their bytes is a record. Their counts take 18
 * MiB for each TiB, and a hole costs nothing to make.
 */
static const uint64_t empty_most = UINT64_C(4) << 40;

uint64_t index_draft_covers(const struct index_draft *draft)
{
    return draft->old != NULL ? draft->old->size : 0;
}

bool index_draft_takes_beginnings(struct generation *generation, const struct version *now)
{
    return now->revision == 0 && !generation_succeeds(generation);
}

/*
 * Whether an index of `size` bytes should be kept on the disk: if it covers much more than the one
 * there.
 */
static bool is_worth_keeping(const struct index_directory *directory, struct index_note *note,
                             uint64_t size)
{
    uint64_t kept = index_note_kept(note);
    uint64_t grown = saturating_sub(size, kept);

    return size >= directory->least && (kept == 0 || grown == 0 || grown >= kept / WORTH);
}

/* --- the beginning ---------------------------------------------------------------------------- */

/* Adds the sample to the key: the generation's, if that covers the whole file, or a new one. */
static int add_known_sample(struct generation *generation, int fd, struct index_key *key)
{
    struct content_digests known = {.ends = {.readable = true}};

    if (!generation_recall_sample(generation, key->size, &known.sample) ||
        !content_digests_complete(&known, key->size))
        return index_key_add_sample(fd, key);
    key->sample = content_sample_sum(&known.sample, key->size);
    return 0;
}

/*
 * Makes the key of the current file, to be compared at the end. The generation gets a sample too if
 * it has none, so that its own checks notice changes from now on.
 */
static int begin_whole(struct index_directory *directory, struct index_note *note,
                       struct generation *generation, int fd, struct index_draft *draft)
{
    draft->settled = file_identity_unsettled_ms(&draft->of.file, fd) == 0;
    int error = index_key_make(fd, draft->format, draft->content, &draft->of.file, &draft->whole);
    if (error != 0)
        return error;
    generation_take_sample(generation, fd);
    draft->in_memory = !directory->strict && !is_worth_keeping(directory, note, draft->size) &&
                       generation_only_grew(generation, fd, draft->of.file.size);
    return draft->in_memory ? 0 : add_known_sample(generation, fd, &draft->whole);
}

/* Whether, going by samples, the file has only grown since the index of this key was made. */
static bool has_only_grown(struct generation *generation, int fd, const struct index_key *key)
{
    return generation_only_grew(generation, fd, key->size) ||
           index_key_match_sample(key, fd, INDEX_BEGINS) == INDEX_BEGINS;
}

static int find_known(struct index_directory *directory, struct index_note *note,
                      struct generation *generation, int fd, struct index_draft *draft)
{
    int match = index_note_get(note, fd, &draft->of, &draft->old, &draft->key);
    if (match == INDEX_BEGINS && !has_only_grown(generation, fd, &draft->key)) {
        record_index_unref(steal_pointer(&draft->old));
        match = INDEX_OTHER;
    }
    if (match != INDEX_OTHER)
        return match;
    const struct index_query query = {
        .format = draft->format,
        .content = draft->content,
        .fd = fd,
        .now = &draft->of.file,
        .beginnings = index_draft_takes_beginnings(generation, &draft->of),
    };
    void *kept = NULL;
    match = (int)index_lookup(directory, &query, &draft->key, &kept);
    draft->old = kept;
    if (match == INDEX_SAME && draft->old->size == draft->size)
        draft->key.unfinished = false; /* all was counted, but it was not certain */
    if (match != INDEX_OTHER)
        index_note_put(note, draft->old, &draft->key, &draft->of);
    if (match != INDEX_OTHER && !draft->key.unfinished)
        index_note_set_kept(note, draft->old->size);
    return match;
}

/* How many bytes of content a version of the file has. */
static uint64_t size_at(const struct reading *reading, const struct version *of)
{
    struct reading then = *reading;
    then.version = *of;
    return reading->source->content->size_of(&then);
}

/*
 * The map of a compressed file may be of more or less of it than when an index was made. Compares
 * the sizes of what they hold.
 */
static int correct_match(struct index_draft *draft, int match)
{
    if (match < INDEX_BEGINS || (match == INDEX_SAME && draft->old->size == draft->size) ||
        (match == INDEX_BEGINS && draft->old->size <= draft->size))
        return match;
    if (draft->old->size < draft->size)
        return INDEX_BEGINS;
    record_index_unref(steal_pointer(&draft->old));
    return INDEX_OTHER;
}

/* Whether the content is that of all of the file, and not of a first part that was walked. */
static bool covers_file(const struct reading *reading, const struct version *of)
{
    const struct content_type *type = reading->source->content;
    return type->covered == NULL || type->covered(reading) == of->file.size;
}

int index_draft_begin(struct index_directory *directory, const struct reading *reading,
                      const struct record_format *format, int fd, struct index_draft *draft)
{
    struct generation *generation = reading->generation;
    struct index_note *note = index_note_of(generation, format);

    *draft = (struct index_draft){
        .format = format,
        .content = reading->source->content->number,
        .of = generation_version(generation),
    };
    draft->size = size_at(reading, &draft->of);
    draft->of_part = !covers_file(reading, &draft->of);
    if (note == NULL)
        return -ENOMEM;
    if (draft->of_part && directory->strict)
        return -TRY_AGAIN;
    if (format->zeros_end && saturating_sub(draft->size, file_data(&draft->of.file)) > empty_most)
        return -EFBIG;
    const int found = find_known(directory, note, generation, fd, draft);
    draft->sure = found == INDEX_SAME && draft->key.verified;
    const int match = correct_match(draft, found);
    if (match < 0 || match == INDEX_SAME)
        return match;
    int error = begin_whole(directory, note, generation, fd, draft);
    if (error == 0)
        return match;
    record_index_unref(steal_pointer(&draft->old));
    return error;
}

/* --- the end ---------------------------------------------------------------------------------- */

bool index_draft_holds(const struct index_draft *draft, struct generation *generation)
{
    const struct version now = generation_version(generation);
    return version_continues(&draft->of, &now);
}

/* Makes the key at the end, of as many bytes as at the beginning. */
static int make_end_key(int fd, const struct index_draft *draft, struct index_key *key)
{
    int error = index_key_make(fd, draft->format, draft->content, &draft->of.file, key);
    return error != 0 || draft->in_memory ? error : index_key_add_sample(fd, key);
}

/* Whether the file has not changed since the beginning, going by attributes that can be trusted. */
static bool is_untouched(const struct index_draft *draft, struct generation *generation)
{
    const struct version now = generation_version(generation);
    return draft->settled && version_equal(&now, &draft->of);
}

/* Whether the file has the same content as at the beginning, going by digests. */
static bool is_as_begun(const struct index_draft *draft, struct generation *generation, int fd,
                        const struct index_key *now)
{
    return content_ends_equal(&now->ends, &draft->whole.ends) &&
           (draft->in_memory ? generation_only_grew(generation, fd, now->size)
                             : now->sample == draft->whole.sample);
}

/* The key of what was counted, and the file's attributes when it was looked at. */
struct end_of_draft {
    const struct index_draft *draft;
    struct index_key key;
    struct file_identity then;
};

/*
 * Makes the key at the end, of a file that still has the content that was counted. The attributes
 * are read before and after, so the key matches them.
 */
static int end_draft(void *argument, const struct reading *reading, int fd)
{
    struct end_of_draft *end = argument;
    const struct index_draft *draft = end->draft;

    int error = reading_check(reading, fd);
    if (error != 0)
        return error;
    const bool untouched = is_untouched(draft, reading->generation);
    if (untouched)
        end->key = draft->whole;
    else
        error = make_end_key(fd, draft, &end->key);
    end->key.verified = untouched && (draft->old == NULL || draft->sure);
    if (error == 0 && !untouched && !is_as_begun(draft, reading->generation, fd, &end->key))
        error = -TRY_AGAIN;
    end->then = generation_identity(reading->generation);
    return error;
}

int index_draft_end(const struct index_draft *draft, const struct reading *reading,
                    struct index_key *key)
{
    struct end_of_draft end = {.draft = draft};
    int error = reading_work(reading, end_draft, &end);

    if (error != 0)
        return error;
    if (!index_draft_holds(draft, reading->generation))
        return -TRY_AGAIN;
    const struct file_identity now = generation_identity(reading->generation);
    *key = end.key;
    key->settled = draft->settled;
    key->verified = key->verified && file_identity_equal(&end.then, &now);
    return 0;
}

int index_draft_end_part(const struct index_draft *draft, const struct reading *reading,
                         struct index_key *key)
{
    int error = index_draft_end(draft, reading, key);

    key->unfinished = true;
    return error;
}

bool index_draft_save_part(const struct index_draft *draft, struct index_directory *directory,
                           const struct index_key *key, const struct kept_type *type, void *part)
{
    return directory->path != NULL && !draft->in_memory && !draft->of_part &&
           draft->of.file.size >= directory->least &&
           index_save_part(directory, key, type, part) == 0;
}

/* Whether there is a record after the last record end. */
static int finish_counts(const struct reading *reading, struct record_index *index)
{
    uint8_t last = 0;
    int error = index->size > 0 ? content_read(reading, &last, 1, index->size - 1) : 0;
    if (error == 0)
        record_index_finish(index,
                            index->size > 0 && !index->format->is_complete(last, index->state));
    return error;
}

int index_draft_publish(const struct index_draft *draft, struct index_directory *directory,
                        const struct reading *reading, struct record_index *index)
{
    struct index_note *note = index_note_of(reading->generation, draft->format);
    struct index_key key;

    int error = note != NULL ? finish_counts(reading, index) : -ENOMEM;
    if (error == 0)
        error = index_draft_end(draft, reading, &key);
    if (error != 0)
        return error;
    index_note_put(note, index, &key, &draft->of);
    /* A time stamp that was not past at the beginning may cover another content too. */
    if (draft->settled && !draft->in_memory && !draft->of_part &&
        is_worth_keeping(directory, note, index->size) &&
        index_save(directory, &key, &index_kept_type, index, reading->source->path) == 0)
        index_note_set_kept(note, index->size);
    return 0;
}
