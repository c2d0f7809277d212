/* SPDX-License-Identifier: MIT */
/*
 * Which places of a gzip file are kept.
 *
 * The start of a member needs no aid, and is kept if it is far enough after the last place. A place
 * within a member is kept if it is far from the start of the member too. Its aid has a window of up
 * to 32 KiB. All places together may take 0.08% of the plain bytes, so that a map stays below 0.1%
 * with what else is in it. If windows are large, places lie further apart.
 */
#ifndef BIGFS_CORE_CODEC_GZIP_PLACES_H
#define BIGFS_CORE_CODEC_GZIP_PLACES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/codec/codec.h"
#include "core/codec/gzip_aid.h"
#include "core/codec/gzip_window.h"

struct gzip_places {
    const struct codec_file *file;
    const struct codec_sink *sink;
    struct gzip_probe *probe;   /* owned */
    struct gzip_packer *packer; /* owned */
    uint64_t first_file;        /* where the walk began */
    uint64_t first_plain;
    uint64_t last_file; /* the last place that was kept */
    uint64_t last_plain;
    uint64_t member_file; /* the last member, whether its start was kept or not */
    uint64_t member_plain;
    uint32_t check;        /* CRC32 of the plain bytes since, set before a place is offered */
    uint64_t size;         /* of the places that were kept, in bytes */
    uint64_t wanted;       /* a window is not tried before so many bytes of progress */
    unsigned after_damage; /* places that were kept only for that */
    bool is_wanted;        /* the next start of a member is kept, however near */
    uint8_t window[INFLATE_WINDOW];
};

/*
 * `from`: where the walk begins. If that is within a member, the place is kept already. Returns 0
 * or -ENOMEM.
 */
int gzip_places_open(struct gzip_places *places, const struct codec_file *file,
                     const struct codec_sink *sink, const struct codec_place *from);
void gzip_places_close(struct gzip_places *places); /* also of one that was never opened: zeros */

/* A member starts here. Returns the sink's error. */
int gzip_places_offer_member(struct gzip_places *places, uint64_t file, uint64_t plain);

/* A damaged member ends: what follows must be readable without it. */
void gzip_places_note_damage(struct gzip_places *places);

/* Whether a place within a member is to be offered here. */
bool gzip_places_is_due(const struct gzip_places *places, uint64_t file, uint64_t plain);

/*
 * Offers a place within a member, which `run` has come to. Returns 0, -ENOMEM, a read error or the
 * sink's.
 */
int gzip_places_offer(struct gzip_places *places, const struct gzip_start *start, uint64_t plain,
                      const struct inflate_run *run);

#endif
