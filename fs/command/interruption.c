/* SPDX-License-Identifier: MIT */
#include "fs/command/interruption.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "fs/command/complaint.h"
#include "fs/command/signals.h"

enum {
    PATIENCE_MS = 3000,
    LOOK_EVERY_MS = 50,
    STACK_SIZE = 256 * 1024,
};

static bool is_asked(void *argument)
{
    const struct interruption *interruption = argument;
    return interruption_asked(interruption);
}

bool interruption_asked(const struct interruption *interruption)
{
    return atomic_load(&interruption->signal) != 0;
}

/* Waits for a signal. Returns its number, or 0 after the time (-1: without limit). */
static int await_signal(const struct interruption *interruption, int ms)
{
    struct pollfd event = {.fd = interruption->signals, .events = POLLIN};
    int number = 0;

    while (number == 0 && (poll(&event, 1, ms) > 0 || ms < 0))
        number = signals_take(interruption->signals);
    return number;
}

static void *wait_for_signals(void *argument)
{
    struct interruption *interruption = argument;
    const int first = await_signal(interruption, -1);

    atomic_store(&interruption->signal, first);
    if (await_signal(interruption, PATIENCE_MS) == 0)
        (void)complain(EXIT_FAILURE,
                       "interrupted: the disk does not answer in time: what was counted in the "
                       "last minute is not kept");
    signals_end_by(first);
    return NULL;
}

void interruption_never(struct interruption *interruption)
{
    *interruption = (struct interruption){
        .cancel = {.asked = is_asked, .argument = interruption},
        .signals = -1,
    };
}

int interruption_begin(struct interruption *interruption)
{
    pthread_attr_t attributes;

    interruption_never(interruption);
    signals_block(NULL);
    interruption->signals = signals_open();
    if (interruption->signals < 0)
        return interruption->signals;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int error = pthread_create(&interruption->thread, &attributes, wait_for_signals, interruption);
    pthread_attr_destroy(&attributes);
    if (error != 0)
        cleanup_close(&interruption->signals);
    return -error;
}

void interruption_pause(const struct interruption *interruption, int64_t ms)
{
    for (; ms > 0 && !interruption_asked(interruption); ms -= LOOK_EVERY_MS) {
        const struct timespec step = {.tv_nsec =
                                          (ms < LOOK_EVERY_MS ? ms : LOOK_EVERY_MS) * 1000000};
        (void)nanosleep(&step, NULL);
    }
}

void interruption_end(struct interruption *interruption)
{
    if (interruption->signals < 0)
        return;
    (void)pthread_cancel(interruption->thread); /* poll() can be cancelled */
    (void)pthread_join(interruption->thread, NULL);
    const int number = atomic_load(&interruption->signal);
    cleanup_close(&interruption->signals);
    if (number != 0)
        signals_end_by(number);
}
