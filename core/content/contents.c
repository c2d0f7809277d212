/* SPDX-License-Identifier: MIT */
#include "core/content/contents.h"

#include <pthread.h>
#include <stdlib.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/codec/bgzf.h"
#include "core/codec/codec.h"
#include "core/codec/gzip.h"
#include "core/codec/xz.h"
#include "core/codec/zstd.h"
#include "core/content/compressed.h"
#include "core/content/plain.h"

#ifdef BIGFS_HAS_GZIP
static const struct content_type bgzf_content = COMPRESSED_CONTENT("bgzf", 1, &bgzf_codec);
static const struct content_type gzip_content = COMPRESSED_CONTENT("gzip", 2, &gzip_codec);
#endif
#ifdef BIGFS_HAS_ZSTD
static const struct content_type zstd_content = COMPRESSED_CONTENT("zstd", 3, &zstd_codec);
#endif
#ifdef BIGFS_HAS_XZ
static const struct content_type xz_content = COMPRESSED_CONTENT("xz", 4, &xz_codec);
#endif

const struct content_type *const content_types[] = {
    &plain_content,
#ifdef BIGFS_HAS_GZIP
    &bgzf_content, /* before gzip: each is a gzip file, too */
    &gzip_content,
#endif
#ifdef BIGFS_HAS_ZSTD
    &zstd_content,
#endif
#ifdef BIGFS_HAS_XZ
    &xz_content,
#endif
    NULL,
};

const struct content_type *content_type_numbered(uint16_t number)
{
    for (const struct content_type *const *type = content_types; *type != NULL; type++)
        if ((*type)->number == number)
            return *type;
    return NULL;
}

/* How much of either end of a file tells what it holds. */
enum { END_LOOKED_AT = 32 * 1024 };

static int read_lender(void *argument, void *buffer, size_t length, uint64_t offset)
{
    return content_probe(argument, buffer, length, offset);
}

static const struct content_type *recognise(const struct file_ends *ends, bool *certain)
{
    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++)
        if ((*type)->is_held_by(*type, ends, certain))
            return *type;
    return NULL;
}

/* --- what was found --------------------------------------------------------------------------- */

/* The note of a plain file's generation: what it holds, so that its ends are read once. */
struct held_note {
    pthread_mutex_t lock;
    bool known;                      /* protected by lock */
    struct version of;               /* protected by lock; of the file when it was looked at */
    const struct content_type *type; /* protected by lock; NULL: nothing */
    bool certain;                    /* protected by lock */
};

static void init_held_note(void *body)
{
    struct held_note *note = body;
    pthread_mutex_init(&note->lock, NULL);
}

static void destroy_held_note(void *body)
{
    struct held_note *note = body;
    pthread_mutex_destroy(&note->lock);
}

static const struct note_type held_note_type = {
    .name = "held",
    .size = sizeof(struct held_note),
    .init = init_held_note,
    .destroy = destroy_held_note,
};

static bool recall_held(struct held_note *note, const struct version *now,
                        const struct content_type **type, bool *certain)
{
    HOLD_LOCK(&note->lock);
    *type = note->type;
    *certain = note->certain;
    return note->known && version_equal(&note->of, now);
}

static void remember_held(struct held_note *note, const struct version *of,
                          const struct content_type *type, bool certain)
{
    HOLD_LOCK(&note->lock);
    note->known = true;
    note->of = *of;
    note->type = type;
    note->certain = certain;
}

/* Reads the ends of the file. Returns whether that went well. */
static bool look_at_ends(const struct reading *file, const struct content_type **type,
                         bool *certain)
{
    const size_t length = (size_t)min_u64(END_LOOKED_AT, file->size);
    AUTO_FREE uint8_t *bytes = malloc(2 * (size_t)END_LOOKED_AT);
    struct reading reader = *file;
    const struct codec_file whole = {read_lender, &reader, file->size};
    const struct file_ends ends = {
        .file = &whole,
        .head = bytes,
        .tail = bytes + END_LOOKED_AT,
        .length = length,
    };

    if (bytes == NULL || length == 0 || content_probe(file, bytes, length, 0) != 0 ||
        content_probe(file, bytes + END_LOOKED_AT, length, file->size - length) != 0)
        return false;
    *type = recognise(&ends, certain);
    return true;
}

const struct content_type *content_held_by(const struct reading *file, bool *certain)
{
    struct held_note *note = generation_note(file->generation, &held_note_type, NULL);
    const struct content_type *type = NULL;

    if (content_types[1] == NULL ||
        (note != NULL && recall_held(note, &file->version, &type, certain)))
        return type;
    type = NULL;
    *certain = false;
    if (look_at_ends(file, &type, certain) && note != NULL)
        remember_held(note, &file->version, type, *certain);
    return type;
}
