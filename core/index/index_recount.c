#include "core/index/index_recount.h"

#include <errno.h>

#include "core/base/outcome.h"
#include "core/index/line_scan.h"

int index_recount(struct source *source, struct generation *generation,
                  const struct line_index *index,
                  void (*tell)(void *argument, uint64_t done, uint64_t size), void *argument)
{
    struct line_index *again = line_index_new(index->size, NULL);
    int error = again != NULL ? 0 : -ENOMEM;

    for (uint64_t place = 0; place < index->size && error == 0;) {
        uint64_t next = place;
        tell(argument, place, index->size);
        error = line_scan_pass_hole(source, generation, again, place, &next);
        if (error == 0 && next == place) {
            next = line_step_end(place, index->size);
            error = line_scan(source, generation, place, next, NULL, again);
        }
        place = next;
    }
    if (error == 0)
        line_index_finish(again, index->ends_open);
    if (error == 0 && !line_index_equal(again, index))
        error = -TRY_AGAIN;
    line_index_unref(again);
    return error;
}
