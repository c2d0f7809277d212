/* SPDX-License-Identifier: MIT */
#include "fs/command/init_answer.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/fuse.h>

#include "fs/command/mount.h"

/* Bit 36 of the flags. <linux/fuse.h> has it since Linux 6.6, but not in Debian 12. */
static const uint64_t allow_mmap = UINT64_C(1) << 36;

/* Copies the answer to FUSE_INIT and adds the flags. Returns false if it is an error instead. */
static bool add_flags(const struct iovec *parts, int count, struct fuse_init_out *answer)
{
    if (count != 2 || parts[1].iov_len != sizeof(*answer))
        return false;
    memcpy(answer, parts[1].iov_base, sizeof(*answer));
    /* FUSE_INIT_EXT: the upper half is valid. A kernel without this flag ignores both. */
    answer->flags |= FUSE_PARALLEL_DIROPS | FUSE_INIT_EXT;
    answer->flags2 |= (uint32_t)(allow_mmap >> 32);
    return true;
}

/* FUSE_INIT is the first request; the kernel sends no other before it is answered. */
static ssize_t send_answer(int fd, struct iovec *parts, int count, void *data)
{
    struct mount *mount = mount_of(data);
    struct fuse_init_out answer;

    if (atomic_load(&mount->init_answered))
        return writev(fd, parts, count);
    atomic_store(&mount->init_answered, true);
    struct iovec patched[] = {parts[0], {.iov_base = &answer, .iov_len = sizeof(answer)}};
    bool extended = add_flags(parts, count, &answer);
    ssize_t written = extended ? writev(fd, patched, 2) : writev(fd, parts, count);
    kernel_readahead_go(&mount->readahead);
    return written;
}

static ssize_t receive_request(int fd, void *buffer, size_t size, void *data)
{
    const struct server *server = data;

    if (!atomic_load_explicit(&server->crew.receiving, memory_order_acquire)) {
        errno = EINTR; /* the caller only wants its buffer (fs/serve/crew.h) */
        return -1;
    }
    ssize_t got = read(fd, buffer, size);
    /* A request aborted by the end of the mount; the next read reports the end. */
    if (got < 0 && errno == ECONNABORTED)
        got = read(fd, buffer, size);
    return got;
}

int init_answer_extend(struct fuse_session *session)
{
    static const struct fuse_custom_io io = {.writev = send_answer, .read = receive_request};
    return fuse_session_custom_io(session, &io, fuse_session_fd(session));
}
