/* SPDX-License-Identifier: MIT */
#include "fs/command/interruption.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "fs/command/complaint.h"
#include "fs/command/signals.h"

enum {
    PATIENCE_MS = 3000,
    ECHO_MS = 500,
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

enum wait_end { TIME_IS_UP = 0, WORK_HAS_ENDED = -1 };

/* Waits for a signal, at most `ms` (-1: without limit). Returns its number, or an enum wait_end. */
static int await_signal(const struct interruption *interruption, int ms)
{
    struct pollfd events[] = {
        {.fd = interruption->ended, .events = POLLIN},
        {.fd = interruption->signals, .events = POLLIN},
    };

    for (;;) {
        const int found = poll(events, 2, ms);
        if (found == 0)
            return TIME_IS_UP;
        if (found > 0 && events[0].revents != 0)
            return WORK_HAS_ENDED;
        const int number = signals_take(interruption->signals);
        if (number != 0)
            return number;
    }
}

/*
 * Waits for a further signal after the first, as await_signal(). One within ECHO_MS is no second
 * request: timeout(1), for one, sends the same signal to the process and then to its group.
 */
static int await_second(const struct interruption *interruption)
{
    const int64_t first = clock_ms();

    for (;;) {
        const int64_t left = first + PATIENCE_MS - clock_ms();
        const int number = await_signal(interruption, left > 0 ? (int)left : 0);
        if (number == TIME_IS_UP || number == WORK_HAS_ENDED || clock_ms() - first >= ECHO_MS)
            return number;
    }
}

/* Says why the work is lost, unless that would block: the process is to end. */
static void tell_loss(const char *why)
{
    struct pollfd errors = {.fd = STDERR_FILENO, .events = POLLOUT};

    if (poll(&errors, 1, 0) == 1 && (errors.revents & POLLOUT) != 0)
        (void)complain(EXIT_FAILURE, "%s", why);
}

static void *wait_for_signals(void *argument)
{
    struct interruption *interruption = argument;
    const int first = await_signal(interruption, -1);

    if (first == WORK_HAS_ENDED)
        return NULL;
    atomic_store(&interruption->signal, first);
    const int second = await_second(interruption);
    if (second == WORK_HAS_ENDED)
        return NULL; /* what waits for that ends the process */
    tell_loss(second == TIME_IS_UP
                  ? "interrupted: the disk does not answer in time: what was counted in the last "
                    "minute is not kept"
                  : "interrupted twice: what was counted since the last save is not kept");
    signals_end_by(first);
    return NULL;
}

void interruption_never(struct interruption *interruption)
{
    *interruption = (struct interruption){
        .cancel = {.asked = is_asked, .argument = interruption},
        .signals = -1,
        .ended = -1,
    };
}

static int start_thread(struct interruption *interruption)
{
    pthread_attr_t attributes;

    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    int error = pthread_create(&interruption->thread, &attributes, wait_for_signals, interruption);
    pthread_attr_destroy(&attributes);
    return -error;
}

int interruption_begin(struct interruption *interruption)
{
    interruption_never(interruption);
    signals_block(NULL);
    interruption->signals = signals_open();
    interruption->ended = eventfd(0, EFD_CLOEXEC);
    int error = interruption->signals < 0 ? interruption->signals
                : interruption->ended < 0 ? -errno
                                          : start_thread(interruption);
    if (error != 0) {
        cleanup_close(&interruption->signals);
        cleanup_close(&interruption->ended);
    }
    return error;
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
    const uint64_t one = 1;

    if (interruption->signals < 0)
        return;
    (void)!write(interruption->ended, &one, sizeof(one)); /* cannot fail */
    (void)pthread_join(interruption->thread, NULL);
    const int number = atomic_load(&interruption->signal);
    cleanup_close(&interruption->signals);
    cleanup_close(&interruption->ended);
    if (number != 0)
        signals_end_by(number);
}
