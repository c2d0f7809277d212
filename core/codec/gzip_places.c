/* SPDX-License-Identifier: MIT */
#ifdef BIGFS_HAS_GZIP
#include "core/codec/gzip_places.h"

#include <errno.h>

#include "core/base/checked.h"

enum {
    PLAIN_FOR_A_BYTE = 1250, /* of the map: 0.08% */
    PLACE_SIZE = 24,         /* of a place in a map, without its aid */

    /*
     * Each damaged member may add a place that is nearer to the last one than places should be. A
     * file of nothing but damaged members must not have a map that is larger than the file.
     */
    AFTER_DAMAGE_MOST = 1000,
};

int gzip_places_open(struct gzip_places *places, const struct codec_file *file,
                     const struct codec_sink *sink, const struct codec_place *from)
{
    places->file = file;
    places->sink = sink;
    places->is_wanted = true;
    if (from != NULL) {
        places->first_file = from->file;
        places->first_plain = from->plain;
    }
    if (from != NULL && !from->starts_unit) {
        places->last_file = from->file;
        places->last_plain = from->plain;
        places->member_file = from->begun.file;
        places->member_plain = from->begun.plain;
        places->is_wanted = false;
    }
    places->probe = gzip_probe_new();
    places->packer = gzip_packer_new();
    return places->probe != NULL && places->packer != NULL ? 0 : -ENOMEM;
}

void gzip_places_close(struct gzip_places *places)
{
    gzip_probe_free(places->probe);
    gzip_packer_free(places->packer);
}

static int keep_place(struct gzip_places *places, const struct codec_place *place)
{
    places->last_file = place->file;
    places->last_plain = place->plain;
    places->size += PLACE_SIZE + place->aid_size;
    places->is_wanted = false;
    return places->sink->place(places->sink->argument, place);
}

/* Whether a place here is far enough after one there. */
static bool is_far(uint64_t file, uint64_t plain, uint64_t there_file, uint64_t there_plain)
{
    return plain - there_plain >= CODEC_STEP || file - there_file >= CODEC_FILE_STEP;
}

int gzip_places_offer_member(struct gzip_places *places, uint64_t file, uint64_t plain)
{
    const struct codec_place place = {.file = file, .plain = plain, .starts_unit = true};

    places->member_file = file;
    places->member_plain = plain;
    if (!places->is_wanted && !places->sink->every_unit &&
        !is_far(file, plain, places->last_file, places->last_plain))
        return 0;
    return keep_place(places, &place);
}

void gzip_places_note_damage(struct gzip_places *places)
{
    if (places->after_damage < AFTER_DAMAGE_MOST) {
        places->after_damage++;
        places->is_wanted = true;
    }
}

/* If there are few plain bytes, as between empty blocks, the bytes of the file count. */
static uint64_t progress(const struct gzip_places *places, uint64_t file, uint64_t plain)
{
    return max_u64(plain - places->first_plain, file - places->first_file);
}

bool gzip_places_is_due(const struct gzip_places *places, uint64_t file, uint64_t plain)
{
    return is_far(file, plain, places->last_file, places->last_plain) &&
           is_far(file, plain, places->member_file, places->member_plain) &&
           progress(places, file, plain) >= places->wanted;
}

/* The window of the place, with zeros for what is not needed. */
static int take_window(struct gzip_places *places, const struct gzip_start *start,
                       const struct inflate_run *run, size_t *length)
{
    size_t used = 0;

    *length = inflate_run_window(run, places->window);
    int error =
        gzip_window_keep_used(places->probe, places->file, start, places->window, *length, &used);
    if (used == 0)
        *length = 0;
    return error;
}

int gzip_places_offer(struct gzip_places *places, const struct gzip_start *start, uint64_t plain,
                      const struct inflate_run *run)
{
    struct codec_place place = {
        .file = start->at.file,
        .plain = plain,
        .bits = start->at.bits,
        .begun = {places->member_file, places->member_plain, places->check},
    };
    const uint64_t now = progress(places, place.file, plain);
    size_t length = 0;
    int error = take_window(places, start, run, &length);

    if (error != 0)
        return error;
    gzip_aid_pack(places->packer, start, places->window, length, &place);
    const uint64_t due = (places->size + PLACE_SIZE + place.aid_size) * PLAIN_FOR_A_BYTE;
    if (due > now) {
        places->wanted = max_u64(due, now + CODEC_STEP);
        return 0;
    }
    return keep_place(places, &place);
}

#endif
