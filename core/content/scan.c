/* SPDX-License-Identifier: MIT */
#include "core/content/scan.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"
#include "core/file/fault_guard.h"

enum { SHORT_SCAN = 16 * 1024 };

/* A scan under way. */
struct scan_state {
    const struct scan_visitor *visitor;
    void *argument; /* of the visitor */
    uint64_t place;
    uint64_t end; /* of the stretch of data being scanned */
    bool goes_on; /* the visitor has not seen enough */
    uint8_t *scratch;
};

/* One visit, which may be left in the middle. */
struct visit {
    struct scan_state *state;
    const struct content_loan *loan;
};

static void visit_bytes(void *argument)
{
    const struct visit *visit = argument;
    struct scan_state *state = visit->state;
    state->goes_on = state->visitor->data(state->argument, visit->loan->bytes, visit->loan->length,
                                          state->place);
}

static int visit_loan(struct scan_state *state, const struct content_loan *loan)
{
    struct visit visit = {state, loan};

    if (!loan->mapped) {
        visit_bytes(&visit);
        return 0;
    }
    return fault_guard_call(loan->bytes, loan->length, visit_bytes, &visit) == 0 ? 0 : -EIO;
}

/* Visits what can be lent at once, and moves past it. */
static int scan_step(struct scan_state *state, const struct reading *reading, int fd)
{
    const struct content_type *content = reading->source->content;
    struct content_loan loan = {.mapped = false};

    int error =
        content->lend(reading, fd, state->place, state->end - state->place, state->scratch, &loan);
    if (error != 0)
        return error;
    error = visit_loan(state, &loan);
    if (content->take_back != NULL)
        content->take_back(reading, fd, &loan);
    state->place += loan.length;
    return error;
}

static int scan_steps(struct scan_state *state, const struct reading *reading, int fd,
                      uint8_t *scratch)
{
    int error = 0;

    state->scratch = scratch;
    while (error == 0 && state->goes_on && state->place < state->end)
        error = cancel_asked(reading->cancel) ? -CANCELLED : scan_step(state, reading, fd);
    return error == -FILE_TOO_SHORT || error == -EBADMSG ? -EIO : error;
}

/*
 * A function of its own: with stack-clash protection a function touches each page of its frame, and
 * a short scan, such as for a boundary, takes less time than that.
 */
static __attribute__((noinline)) int scan_long(struct scan_state *state,
                                               const struct reading *reading, int fd)
{
    uint8_t scratch[CONTENT_SCRATCH];
    return scan_steps(state, reading, fd, scratch);
}

/* Scans the data that comes next, until a hole or the end. */
static int scan_data(void *argument, const struct reading *reading, int fd)
{
    struct scan_state *state = argument;
    uint8_t scratch[SHORT_SCAN];

    if (state->end - state->place > SHORT_SCAN)
        return scan_long(state, reading, fd);
    return scan_steps(state, reading, fd, scratch);
}

/* Passes the hole that the scan stands in, if it does, and finds where the data after it end. */
static int pass_hole(struct scan_state *state, const struct reading *reading, uint64_t end)
{
    uint64_t data = state->place;

    state->end = end;
    if (state->visitor->hole == NULL)
        return 0;
    int error = holes_seek(reading, EXTENT_DATA, state->place, end, &data);
    if (error == 0 && data > state->place)
        state->goes_on = state->visitor->hole(state->argument, state->place, data - state->place);
    if (error == 0 && data < end)
        error = holes_seek(reading, EXTENT_HOLE, data, end, &state->end);
    state->place = data;
    return error;
}

int scan(const struct reading *reading, uint64_t start, uint64_t end,
         const struct scan_visitor *visitor, void *argument)
{
    struct scan_state state = {
        .visitor = visitor,
        .argument = argument,
        .place = start,
        .goes_on = true,
    };
    int error = 0;

    while (error == 0 && state.goes_on && state.place < end) {
        error = pass_hole(&state, reading, end);
        if (error == 0 && state.goes_on && state.place < end)
            error = reading_work(reading, scan_data, &state);
    }
    return error;
}
