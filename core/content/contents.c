/* SPDX-License-Identifier: MIT */
#include "core/content/contents.h"

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

static const struct content_type *recognise(const struct reading *file, const uint8_t *head,
                                            const uint8_t *tail, size_t length)
{
    struct reading reader = *file;
    const struct codec_file looked_at = {read_lender, &reader, file->size};

    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++)
        if ((*type)->codec->recognises(&looked_at, head, length, tail, length))
            return *type;
    return NULL;
}

const struct content_type *content_held_by(const struct reading *file)
{
    const size_t length = (size_t)min_u64(END_LOOKED_AT, file->size);
    AUTO_FREE uint8_t *ends = malloc(2 * (size_t)END_LOOKED_AT);

    if (ends == NULL || length == 0 || content_types[1] == NULL ||
        content_probe(file, ends, length, 0) != 0 ||
        content_probe(file, ends + END_LOOKED_AT, length, file->size - length) != 0)
        return NULL;
    return recognise(file, ends, ends + END_LOOKED_AT, length);
}
