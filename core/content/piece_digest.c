/* SPDX-License-Identifier: MIT */
#define XXH_INLINE_ALL
#include "core/content/piece_digest.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <xxhash.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/scan.h"

enum {
    ZEROS = 64 * 1024,                        /* bytes of a hole that are hashed at once */
    ZEROS_PER_LOOK = 2 * 1024 * 1024 / ZEROS, /* until the caller is asked again, as in a scan */
};

static_assert(sizeof(XXH128_canonical_t) == PIECE_DIGEST_BYTES, "a digest has 128 bits");

struct hashing {
    const struct cancel *cancel;
    XXH3_state_t *state; /* owned */
};

static bool hash_data(void *argument, const uint8_t *bytes, size_t length, uint64_t offset)
{
    const struct hashing *hashing = argument;
    (void)offset;
    (void)XXH3_128bits_update(hashing->state, bytes, length);
    return true;
}

static bool hash_hole(void *argument, uint64_t offset, uint64_t length)
{
    static const uint8_t zeros[ZEROS];
    const struct hashing *hashing = argument;

    (void)offset;
    for (unsigned i = 0; length > 0; i++) {
        if (i % ZEROS_PER_LOOK == 0 && cancel_asked(hashing->cancel))
            return false;
        size_t step = (size_t)min_u64(length, ZEROS);
        (void)XXH3_128bits_update(hashing->state, zeros, step);
        length -= step;
    }
    return true;
}

static const struct scan_visitor hash_visitor = {.data = hash_data, .hole = hash_hole};

static void free_state(XXH3_state_t **state)
{
    (void)XXH3_freeState(*state);
}

int piece_digest_make(const struct reading *reading, const struct piece *piece,
                      struct piece_digest *digest)
{
    __attribute__((cleanup(free_state))) XXH3_state_t *state = XXH3_createState();
    struct hashing hashing = {reading->cancel, state};
    XXH128_canonical_t canonical;

    if (state == NULL)
        return -ENOMEM;
    (void)XXH3_128bits_reset(state);
    for (unsigned i = 0; i < piece->count; i++) {
        const struct range *range = &piece->ranges[i];
        int error =
            scan(reading, range->offset, range->offset + range->length, &hash_visitor, &hashing);
        if (error != 0)
            return error;
    }
    if (cancel_asked(reading->cancel)) /* a hole may have been left in its middle */
        return -CANCELLED;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(state));
    memcpy(digest->bytes, canonical.digest, PIECE_DIGEST_BYTES);
    atomic_fetch_add(&reading->source->pool->bytes_hashed, piece_length(piece));
    return 0;
}

void piece_digest_write(const struct piece_digest *digest, char *text)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < PIECE_DIGEST_BYTES; i++) {
        *text++ = digits[digest->bytes[i] >> 4];
        *text++ = digits[digest->bytes[i] & 15];
    }
}
