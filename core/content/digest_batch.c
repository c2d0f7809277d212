/* SPDX-License-Identifier: MIT */
#include "core/content/digest_batch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/base/checked.h"
#include "core/base/processors.h"

enum {
    HELPERS_MOST = 64,             /* of one batch */
    WORTH_A_HELPER = 1024 * 1024,  /* bytes: starting a thread takes less than hashing these */
    HELPER_STACK = 2 * 1024 * 1024 /* a scan has a buffer of 256 KiB */
};

struct digest_batch {
    const struct reading *reading;
    const struct piece *pieces;
    struct piece_digest *digests;
    size_t count;
    atomic_size_t next;
    atomic_int error; /* the first, or 0 */
};

static void *work_on_batch(void *argument)
{
    struct digest_batch *batch = argument;

    while (atomic_load(&batch->error) == 0) {
        size_t i = atomic_fetch_add(&batch->next, 1);
        int none = 0;
        if (i >= batch->count)
            break;
        int error = digest_note_find(batch->reading, &batch->pieces[i], &batch->digests[i]);
        if (error != 0)
            (void)atomic_compare_exchange_strong(&batch->error, &none, error);
    }
    return NULL;
}

/* Claims a helper of those that all batches share. */
static bool claim_helper(atomic_uint *helpers)
{
    unsigned most = processors_allowed() - 1;
    unsigned now = atomic_load(helpers);

    while (now < most)
        if (atomic_compare_exchange_weak(helpers, &now, now + 1))
            return true;
    return false;
}

/* How many helpers have something to do that is worth their start. */
static unsigned helpers_wanted(const struct digest_batch *batch)
{
    const uint64_t enough = (uint64_t)HELPERS_MOST * WORTH_A_HELPER;
    uint64_t bytes = 0;

    for (size_t i = 0; i < batch->count && bytes < enough; i++)
        bytes += min_u64(piece_length(&batch->pieces[i]), enough);
    uint64_t threads = min_u64(min_u64(bytes, enough) / WORTH_A_HELPER, batch->count);
    return (unsigned)saturating_sub(threads, 1);
}

int digest_batch_make(const struct reading *reading, const struct piece *pieces, size_t count,
                      struct piece_digest *digests)
{
    struct digest_batch batch = {
        .reading = reading, .pieces = pieces, .digests = digests, .count = count};
    atomic_uint *helpers = &reading->source->pool->digest_helpers;
    pthread_t threads[HELPERS_MOST];
    pthread_attr_t attributes;
    unsigned started = 0;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, HELPER_STACK);
    for (unsigned wanted = helpers_wanted(&batch); started < wanted && claim_helper(helpers);
         started++)
        if (pthread_create(&threads[started], &attributes, work_on_batch, &batch) != 0) {
            atomic_fetch_sub(helpers, 1);
            break;
        }
    pthread_attr_destroy(&attributes);
    (void)work_on_batch(&batch);
    for (unsigned i = 0; i < started; i++)
        (void)pthread_join(threads[i], NULL);
    atomic_fetch_sub(helpers, started);
    return atomic_load(&batch.error);
}
