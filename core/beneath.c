#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/file_identity.h"

enum {
    INTERRUPTED_ATTEMPTS = 4,  /* no signal reaches our threads: this is an answer of a disk */
    RACE_ATTEMPTS = 100,       /* the kernel answers EAGAIN when a rename crosses its walk, … */
    LEASE_ATTEMPTS = 60000,    /* … and as long as somebody has a lease: up to 45 s, each 1 ms */
    SHORTAGE_ATTEMPTS = 10000, /* one a millisecond, so ten seconds */
};

/* Opens a path shorter than PATH_MAX in one call. */
static int open_step(int directory, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = (unsigned long long)(flags | O_CLOEXEC),
        .resolve = resolve | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd = syscall(SYS_openat2, directory, path[0] != '\0' ? path : ".", &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

/* Goes `levels` directories up from `fd`, which stays the caller's. Returns a descriptor. */
static int climb(int fd, size_t levels)
{
    static const char parent[] = "../";
    enum { AT_ONCE = 1024 }; /* their names are shorter than PATH_MAX */
    AUTO_FREE char *parents = malloc(AT_ONCE * (sizeof(parent) - 1) + 1);
    AUTO_CLOSE int at = -1;

    if (parents == NULL)
        return -ENOMEM;
    parents[0] = '\0';
    for (size_t i = 0; i < AT_ONCE; i++)
        memcpy(parents + i * (sizeof(parent) - 1), parent, sizeof(parent));
    while (levels > 0) {
        size_t now = levels < AT_ONCE ? levels : AT_ONCE;
        const char *names = parents + (AT_ONCE - now) * (sizeof(parent) - 1);
        int above = open_step(at >= 0 ? at : fd, names, O_PATH | O_DIRECTORY, 0);
        if (above < 0)
            return above;
        cleanup_close(&at);
        at = above;
        levels -= now;
    }
    return steal_fd(&at);
}

/* Whether the directory `fd` lies `levels` below ours. Returns 0, -EXDEV where it does not. */
static int check_is_beneath(const struct beneath *beneath, int fd, size_t levels)
{
    struct stat top;
    struct stat own;
    AUTO_CLOSE int above = climb(fd, levels);

    if (above < 0)
        return above;
    if (fstat(above, &top) != 0 || fstat(beneath->directory, &own) != 0)
        return -errno;
    return top.st_dev == own.st_dev && top.st_ino == own.st_ino ? 0 : -EXDEV;
}

/*
 * Takes one step along *path, into as many directories as one call can take: *directory becomes the
 * last of them. Moves *path behind the step and counts its components in *levels.
 */
static int take_step(int base, const char **path, int *directory, size_t *levels)
{
    const char *slash = memrchr(*path, '/', strnlen(*path, PATH_MAX));
    if (slash == NULL || slash == *path)
        return -ENAMETOOLONG;
    AUTO_FREE char *step = strndup(*path, (size_t)(slash - *path));
    if (step == NULL)
        return -ENOMEM;
    int fd =
        open_step(*directory >= 0 ? *directory : base, step, O_PATH | O_DIRECTORY, RESOLVE_BENEATH);
    if (fd < 0)
        return fd;
    cleanup_close(directory);
    *directory = fd;
    for (const char *at = *path; at <= slash; at++)
        *levels += *at == '/' ? 1 : 0;
    *path = slash + 1;
    return 0;
}

/*
 * Opens a path that is longer than one call takes. Between two steps somebody may have moved a
 * directory out of ours, so what was opened is given out only if its way up leads to us.
 */
static int open_in_steps(const struct beneath *beneath, const char *path, int flags)
{
    AUTO_CLOSE int directory = -1;
    size_t levels = 0;

    while (strlen(path) >= PATH_MAX) {
        int error = take_step(beneath->directory, &path, &directory, &levels);
        if (error != 0)
            return error;
    }
    AUTO_CLOSE int fd = open_step(directory, path, flags, RESOLVE_BENEATH);
    if (fd < 0)
        return steal_fd(&fd);
    int error = check_is_beneath(beneath, directory, levels);
    return error != 0 ? error : steal_fd(&fd);
}

static int open_once(const struct beneath *beneath, const char *path, int flags)
{
    if (strlen(path) >= PATH_MAX)
        return open_in_steps(beneath, path, flags);
    return open_step(beneath->directory, path, flags, RESOLVE_BENEATH);
}

static void pause_ms(void)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    (void)nanosleep(&millisecond, NULL);
}

static int open_patiently(const struct beneath *beneath, const char *path, int flags)
{
    int fd = open_once(beneath, path, flags);
    for (int i = 0; i < INTERRUPTED_ATTEMPTS && fd == -EINTR; i++)
        fd = open_once(beneath, path, flags);
    int attempts = (flags & O_PATH) != 0 ? RACE_ATTEMPTS : LEASE_ATTEMPTS; /* it breaks no lease */
    for (int i = 0; i < attempts && fd == -EAGAIN; i++) {
        if (i >= RACE_ATTEMPTS)
            pause_ms();
        fd = open_once(beneath, path, flags);
    }
    return fd;
}

int beneath_open(const struct beneath *beneath, const char *path, int flags)
{
    int fd = open_patiently(beneath, path, flags);

    for (int i = 0; i < SHORTAGE_ATTEMPTS && (fd == -EMFILE || fd == -ENFILE); i++) {
        if (beneath->relieve == NULL || !beneath->relieve(beneath->relieve_argument))
            pause_ms();
        fd = open_patiently(beneath, path, flags);
    }
    return fd;
}

int beneath_stat(const struct beneath *beneath, const char *path, struct stat *attributes)
{
    AUTO_CLOSE int fd = beneath_open(beneath, path, O_PATH | O_NOFOLLOW);
    if (fd < 0)
        return fd;
    return file_look(fd, attributes, NULL);
}
