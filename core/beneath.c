#include "core/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"

enum {
    RACE_ATTEMPTS = 1000,      /* the kernel answers EAGAIN when a rename crosses its walk */
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

static int open_despite_races(const struct beneath *beneath, const char *path, int flags)
{
    int fd = -EAGAIN;
    for (int i = 0; i < RACE_ATTEMPTS && (fd == -EAGAIN || fd == -EINTR); i++)
        fd = open_once(beneath, path, flags);
    return fd;
}

int beneath_open(const struct beneath *beneath, const char *path, int flags)
{
    const struct timespec millisecond = {.tv_nsec = 1000000};
    int fd = open_despite_races(beneath, path, flags);

    for (int i = 0; i < SHORTAGE_ATTEMPTS && (fd == -EMFILE || fd == -ENFILE); i++) {
        if (beneath->relieve == NULL || !beneath->relieve(beneath->relieve_argument))
            (void)nanosleep(&millisecond, NULL);
        fd = open_despite_races(beneath, path, flags);
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
