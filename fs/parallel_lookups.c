#include "fs/parallel_lookups.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "fs/driver.h"

/* A copy of the answer to FUSE_INIT, with the flag. False: it is an error instead. */
static bool add_flag(const struct iovec *parts, int count, struct fuse_init_out *answer)
{
    if (count != 2 || parts[1].iov_len != sizeof(*answer))
        return false;
    memcpy(answer, parts[1].iov_base, sizeof(*answer));
    answer->flags |= FUSE_PARALLEL_DIROPS; /* since Linux 4.7; openat2 is younger */
    return true;
}

/* FUSE_INIT is the first request; the kernel sends no other before it is answered. */
static ssize_t send_answer(int fd, struct iovec *parts, int count, void *data)
{
    struct driver *driver = data;
    struct fuse_init_out answer;

    if (atomic_load(&driver->init_answered) || !add_flag(parts, count, &answer))
        return writev(fd, parts, count);
    atomic_store(&driver->init_answered, true);
    struct iovec patched[] = {parts[0], {.iov_base = &answer, .iov_len = sizeof(answer)}};
    ssize_t written = writev(fd, patched, 2);
    readahead_go(&driver->readahead);
    return written;
}

static ssize_t receive_request(int fd, void *buffer, size_t size, void *data)
{
    (void)data;
    return read(fd, buffer, size);
}

int parallel_lookups_enable(struct fuse_session *session)
{
    static const struct fuse_custom_io io = {.writev = send_answer, .read = receive_request};
    return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
