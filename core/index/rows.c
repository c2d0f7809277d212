#include "core/index/rows.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/index/index_key.h"
#include "core/record/byte_count.h"

enum { READ_STEP = 32 * 1024 };

/* A walk through one block, from line end to line end. No byte is read twice. */
struct walk {
    struct source *source;
    struct generation *generation;
    struct line_index *index;
    uint64_t place;  /* where it has come to */
    uint64_t end;    /* of the block */
    uint64_t passed; /* line ends from the start of the block to `place` */
    size_t read;     /* bytes at `next`, which are those at `place` */
    const uint8_t *next;
    uint8_t buffer[READ_STEP];
};

static void begin_walk(struct walk *walk, uint64_t block)
{
    walk->place = block * LINE_BLOCK;
    walk->end = min_u64(walk->place + LINE_BLOCK, walk->index->size);
    walk->passed = 0;
    walk->read = 0;
}

static int read_on(struct walk *walk)
{
    walk->read = (size_t)min_u64(walk->end - walk->place, sizeof(walk->buffer));
    walk->next = walk->buffer;
    return source_probe(walk->source, walk->generation, walk->buffer, walk->read, walk->place);
}

/* Moves past the `nth` line end of the block, which is still to come. */
static int walk_to(struct walk *walk, uint64_t nth)
{
    while (walk->passed < nth) {
        if (walk->place == walk->end)
            return -WRONG_INDEX;
        int error = walk->read == 0 ? read_on(walk) : 0;
        if (error != 0)
            return error;
        size_t step = walk->read;
        uint64_t ends = byte_count(walk->next, step, '\n');
        if (walk->passed + ends >= nth) {
            ends = nth - walk->passed;
            step = byte_find_nth(walk->next, step, '\n', ends) + 1;
        }
        walk->passed += ends;
        walk->place += step;
        walk->next += step;
        walk->read -= step;
    }
    return 0;
}

/* Whether the place of a line is known without a look at the file. */
static bool is_known(struct line_index *index, uint64_t line, uint64_t *offset)
{
    *offset = line == 0 ? 0 : index->size;
    return line == 0 || line >= line_index_lines(index) || line_index_recall(index, line, offset);
}

/* Finds a line, going on where the walk is if that is in the same block and still to come. */
static int find(struct walk *walk, uint64_t line, uint64_t *offset)
{
    uint64_t nth = line; /* line n begins after the nth line end */

    if (is_known(walk->index, line, offset))
        return 0;
    uint64_t block = line_index_find(walk->index, &nth);
    if (walk->end == 0 || block != (walk->end - 1) / LINE_BLOCK || nth < walk->passed)
        begin_walk(walk, block);
    int error = walk_to(walk, nth);
    if (error != 0)
        return error;
    *offset = walk->place;
    line_index_remember(walk->index, line, *offset);
    return 0;
}

int rows_find(struct source *source, struct generation *generation, struct line_index *index,
              uint64_t line, uint64_t *offset)
{
    uint64_t same = 0;
    return rows_find_both(source, generation, index, line, line, offset, &same);
}

int rows_find_both(struct source *source, struct generation *generation, struct line_index *index,
                   uint64_t first, uint64_t behind, uint64_t *start, uint64_t *end)
{
    struct walk walk;
    walk.source = source;
    walk.generation = generation;
    walk.index = index;
    walk.end = 0; /* it has not begun */

    int error = find(&walk, first, start);
    return error != 0 ? error : find(&walk, behind, end);
}
