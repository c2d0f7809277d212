#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"

enum {
    RACE_ATTEMPTS = 100,       /* the kernel answers EAGAIN when a rename crosses its walk, … */
    LEASE_ATTEMPTS = 60000,    /* … and as long as somebody has a lease: up to 45 s, each 1 ms */
    SHORTAGE_ATTEMPTS = 10000, /* one a millisecond, so ten seconds */
};

static int open_once(const struct beneath *beneath, const char *path, int flags)
{
    struct open_how how = {
        .flags = (unsigned long long)(flags | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd =
        syscall(SYS_openat2, beneath->directory, path[0] != '\0' ? path : ".", &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

static void pause_ms(void)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    (void)nanosleep(&millisecond, NULL);
}

static int open_patiently(const struct beneath *beneath, const char *path, int flags)
{
    int fd = open_once(beneath, path, flags);
    for (int i = 0; i < LEASE_ATTEMPTS && (fd == -EAGAIN || fd == -EINTR); i++) {
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
    return fstat(fd, attributes) != 0 ? -errno : 0;
}
