/* SPDX-License-Identifier: MIT */
#include "core/index/index_recount.h"

#include <errno.h>

#include "core/base/outcome.h"
#include "core/index/index_count.h"

int index_recount(const struct reading *reading, const struct record_index *index,
                  void (*tell)(void *argument, uint64_t done, uint64_t size), void *argument)
{
    struct record_index *again = record_index_new(index->format, index->size, NULL);
    int error = again != NULL ? 0 : -ENOMEM;

    for (uint64_t place = 0; place < index->size && error == 0;) {
        uint64_t next = place;
        tell(argument, place, index->size);
        error = index_pass_hole(reading, again, place, &next);
        if (error == 0 && next == place) {
            next = index_step_end(place, index->size);
            error = index_count(reading, place, next, again);
        }
        place = next;
    }
    if (error == 0)
        record_index_finish(again, index->ends_open);
    if (error == 0 && !record_index_equal(again, index))
        error = -TRY_AGAIN;
    record_index_unref(again);
    return error;
}
