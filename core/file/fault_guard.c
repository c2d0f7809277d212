/* SPDX-License-Identifier: MIT */
#include "core/file/fault_guard.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

struct guard {
    sigjmp_buf escape;
    uintptr_t start;
    uintptr_t end;
};

/* The guard that this thread is in, or NULL. Read by the signal handler. */
static _Thread_local struct guard *volatile active;

static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
    struct guard *guard = active;
    uintptr_t address = (uintptr_t)info->si_addr;

    (void)context;
    if (info->si_code > 0 && guard != NULL && address >= guard->start && address < guard->end) {
        active = NULL;
        siglongjmp(guard->escape, 1);
    }
    /* Not from a guarded access: it ends the process as if there were no handler. */
    (void)signal(signal_number, SIG_DFL);
    if (info->si_code <= 0) /* sent by a process; a faulting access would repeat after the return */
        (void)raise(signal_number);
}

int fault_guard_install(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL) != 0 ? -errno : 0;
}

int fault_guard_call(const void *bytes, size_t length, void (*work)(void *argument), void *argument)
{
    /* A fault may be reported at the start of its page. */
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct guard guard = {
        .start = (uintptr_t)bytes & ~(page - 1),
        .end = (uintptr_t)bytes + length,
    };

    if (sigsetjmp(guard.escape, 1) != 0)
        return -EFAULT;
    active = &guard;
    work(argument);
    active = NULL;
    return 0;
}
