/* SPDX-License-Identifier: MIT */
/*
 *     stress SECONDS SEED READERS SOURCE MOUNT_KERNEL MOUNT_NONE FILE_SYSTEM…
 *
 * Makes files in each directory SOURCE/FILE_SYSTEM, prints "made", waits for a line on standard
 * input (until SOURCE is mounted, with the kernel's cache and without), and then lets writers,
 * readers, walkers and a killer of readers work on them. At the end it prints what happened; the
 * exit code is 0 if all was well.
 */
#include "stress.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    WALKERS = 2,
    STUCK_SECONDS = 60, /* no system call on a mount takes so long */
};

struct shared *shared;
const char *source, *mounts[2];
uint64_t program_seed;

static uint32_t most_failures = 12; /* then the run ends; BIGFS_STRESS_FAILURES */
static uint64_t state;
static pid_t pids[MOST_PROCESSES];
static int processes;
static uint64_t killed;

void seed_chance(uint64_t seed)
{
    state = seed * 0x9e3779b97f4a7c15U + 1;
}

uint64_t chance(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return below != 0 ? (state * 0x2545f4914f6cdd1dU >> 16) % below : 0;
}

uint64_t between(uint64_t least, uint64_t most)
{
    return most > least ? least + chance(most - least + 1) : least;
}

int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void pause_ms(uint64_t least, uint64_t most)
{
    uint64_t left = between(least, most);
    while (left > 0 && !atomic_load(&shared->stop)) {
        uint64_t part = left < 100 ? left : 100;
        struct timespec rest = {.tv_nsec = (long)part * 1000000};
        (void)nanosleep(&rest, NULL);
        left -= part;
    }
}

void fail(const char *format, ...)
{
    char text[16384];
    int length =
        snprintf(text, sizeof(text), "FAILURE (seed %llu): ", (unsigned long long)program_seed);
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(text + length, sizeof(text) - (size_t)length - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof(text) - 2)
        length = (int)sizeof(text) - 2;
    text[length++] = '\n';
    if (atomic_fetch_add(&shared->failures, 1) < most_failures)
        (void)!write(STDOUT_FILENO, text, (size_t)length);
    if (atomic_load(&shared->failures) >= most_failures)
        atomic_store(&shared->stop, true);
}

void busy(int slot, const char *what, const char *path)
{
    (void)snprintf(shared->busy_with[slot], sizeof(shared->busy_with[slot]), "%s %s", what, path);
    atomic_store(&shared->busy_since[slot], now_ns());
}

void idle(int slot)
{
    atomic_store(&shared->busy_since[slot], 0);
}

/* --- processes ------------------------------------------------------------------------------- */

static void stop(int number)
{
    (void)number;
    atomic_store(&shared->stop, true);
}

static void begin_process(int slot, uint64_t seed, void (*work)(int), struct subject *subject)
{
    pid_t parent = getpid();
    atomic_store(&shared->busy_since[slot], 0);
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork: %s", strerror(errno));
        return;
    }
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        (void)signal(SIGINT, SIG_IGN); /* the parent tells when to stop */
        (void)signal(SIGTERM, SIG_DFL);
        seed_chance(seed);
        if (subject != NULL)
            write_for_ever(subject);
        else
            work(slot);
        _exit(0);
    }
    pids[slot] = pid;
}

static void begin_reader(int slot)
{
    static uint64_t count;
    begin_process(slot, program_seed * 1000003 + 500000 + count++, read_for_ever, NULL);
}

/* Waits for one process to end; a killed reader ends at once, whatever it waits for. */
static bool await(int slot, int seconds, int *status)
{
    for (int64_t late = now_ns() + (int64_t)seconds * 1000000000; now_ns() < late;) {
        if (waitpid(pids[slot], status, WNOHANG) == pids[slot]) {
            pids[slot] = 0;
            return true;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    fail("process %d does not end, in: %s", (int)pids[slot], shared->busy_with[slot]);
    return false;
}

static void kill_reader(int slot)
{
    int status;
    if (pids[slot] == 0)
        return;
    (void)kill(pids[slot], SIGKILL);
    killed++;
    if (await(slot, STUCK_SECONDS, &status))
        begin_reader(slot);
}

/* Processes that have ended by themselves, or hang in a system call. */
static void look_after(void)
{
    for (int i = 0; i < processes; i++) {
        int status;
        if (pids[i] != 0 && waitpid(pids[i], &status, WNOHANG) == pids[i]) {
            pids[i] = 0;
            if (!atomic_load(&shared->stop))
                fail("process %d ended with status %x, after: %s", i, (unsigned)status,
                     shared->busy_with[i]);
        }
        int64_t since = atomic_load(&shared->busy_since[i]);
        if (since != 0 && now_ns() - since > (int64_t)STUCK_SECONDS * 1000000000) {
            fail("stuck for %d s: %s", STUCK_SECONDS, shared->busy_with[i]);
            atomic_store(&shared->busy_since[i], 0);
        }
    }
}

static void run(double seconds, int readers)
{
    int64_t end = now_ns() + (int64_t)(seconds * 1e9);
    for (int i = 0; i < readers; i++)
        begin_reader(processes++);
    int first_other = processes;
    for (int i = 0; i < WALKERS; i++, processes++)
        begin_process(processes, program_seed * 31 + (uint64_t)i, walk_for_ever, NULL);
    for (int i = 0; i < shared->subjects; i++, processes++)
        begin_process(processes, program_seed * 37 + 1000 + (uint64_t)i, NULL, &shared->subject[i]);
    while (now_ns() < end && !atomic_load(&shared->stop)) {
        pause_ms(20, 400);
        if (chance(2) == 0)
            kill_reader((int)chance((uint64_t)first_other));
        look_after();
    }
    atomic_store(&shared->stop, true);
    for (int i = 0; i < processes; i++) {
        int status;
        if (pids[i] != 0 && !await(i, STUCK_SECONDS, &status))
            (void)kill(pids[i], SIGKILL);
    }
}

/* --- the end --------------------------------------------------------------------------------- */

static uint64_t summary(double seconds)
{
    uint64_t reads = 0;
    uint64_t bytes = 0;
    printf("%-14s %10s %10s %10s %10s %10s\n", "view", "opens", "reads", "MiB", "kept", "errors");
    for (int i = 0; i < MOST_VIEWS; i++) {
        struct view_counts *view = &shared->views[i];
        if (view->name == NULL)
            continue;
        reads += view->reads;
        bytes += view->bytes;
        printf("%-14s %10llu %10llu %10llu %10llu %10llu\n", view->name,
               (unsigned long long)view->opens, (unsigned long long)view->reads,
               (unsigned long long)(view->bytes >> 20), (unsigned long long)view->kept,
               (unsigned long long)view->refused);
    }
    for (int i = 0; i < 160; i++)
        if (shared->errors[i] != 0)
            printf("%s: %llu\n", strerrorname_np(i),
                   (unsigned long long)atomic_load(&shared->errors[i]));
    printf("seed %llu: %llu reads (%llu MiB) in %.0f s, %d files, %llu changes, %llu names walked, "
           "%llu readers killed, %llu reads whose place was not known, %u failures\n",
           (unsigned long long)program_seed, (unsigned long long)reads,
           (unsigned long long)(bytes >> 20), seconds, shared->subjects,
           (unsigned long long)shared->changes, (unsigned long long)shared->walked,
           (unsigned long long)killed, (unsigned long long)shared->unchecked, shared->failures);
    return reads;
}

int main(int argc, char **argv)
{
    if (argc < 8) {
        (void)fputs("usage: stress SECONDS SEED READERS SOURCE MOUNT_KERNEL MOUNT_NONE "
                    "FILE_SYSTEM...\n",
                    stderr);
        return 2;
    }
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    const char *failures = getenv("BIGFS_STRESS_FAILURES");
    if (failures != NULL)
        most_failures = (uint32_t)strtoul(failures, NULL, 10);
    double seconds = strtod(argv[1], NULL);
    program_seed = strtoull(argv[2], NULL, 10);
    source = argv[4];
    mounts[0] = argv[5];
    mounts[1] = argv[6];
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    seed_chance(program_seed);
    for (int i = 7; i < argc; i++)
        make_subjects(argv[i]);
    puts("made");
    if (getchar() == EOF)
        return 2;
    (void)signal(SIGINT, stop);
    (void)signal(SIGTERM, stop);
    int64_t began = now_ns();
    run(seconds, atoi(argv[3]));
    uint64_t reads = summary((double)(now_ns() - began) / 1e9);
    return shared->failures != 0 || reads == 0;
}
