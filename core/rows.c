#include "core/rows.h"

#include <errno.h>

#include "core/byte_count.h"
#include "core/checked.h"

enum { READ_STEP = 32 * 1024 };

/* Finds the `nth` line end (from 1) at or after `place`, which must be before `end`. */
static int find_line_end(struct source *source, struct generation *generation, uint64_t place,
                         uint64_t end, uint64_t nth, uint64_t *found)
{
    uint8_t buffer[READ_STEP];

    for (; place < end; place += READ_STEP) {
        size_t length = (size_t)min_u64(end - place, sizeof(buffer));
        int error = source_read(source, generation, buffer, length, place);
        if (error != 0)
            return error;
        uint64_t ends = byte_count(buffer, length, '\n');
        if (ends >= nth) {
            *found = place + byte_find_nth(buffer, length, '\n', nth);
            return 0;
        }
        nth -= ends;
    }
    return -EBADMSG;
}

int rows_find(struct source *source, struct generation *generation, const struct line_index *index,
              uint64_t line, uint64_t *offset)
{
    uint64_t nth = line; /* line n begins behind the nth line end */

    *offset = line == 0 ? 0 : index->size;
    if (line == 0 || line >= line_index_lines(index))
        return 0;
    uint64_t place = (uint64_t)line_index_find(index, &nth) * LINE_BLOCK;
    int error = find_line_end(source, generation, place, min_u64(place + LINE_BLOCK, index->size),
                              nth, offset);
    if (error == 0)
        (*offset)++;
    return error;
}
