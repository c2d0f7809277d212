/* SPDX-License-Identifier: MIT */
#include "core/content/plain_read.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/fault_guard.h"
#include "core/file/mappable.h"
#include "core/file/read_fully.h"
#include "core/file/residency.h"
#include "core/file/window.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/*
 * From this size on a copy from a window is as fast as pread(2). A smaller one is slower: it needs
 * a residency check and a fault, where preadv2(2) is one system call.
 */
enum { LARGE_COPY = 64 * 1024 };

/* --- whether a file may be mapped ------------------------------------------------------------- */

static void init_mappable(void *note)
{
    (void)note; /* zeros: nothing is known */
}

static void destroy_mappable(void *note)
{
    (void)note;
}

static const struct note_type mappable_note = {
    .name = "mappable",
    .size = sizeof(struct mappable),
    .init = init_mappable,
    .destroy = destroy_mappable,
};

bool plain_is_mappable(const struct reading *reading, int fd)
{
    struct mappable *mappable = generation_note(reading->generation, &mappable_note, NULL);
    return mappable != NULL && mappable_ask(mappable, fd);
}

static bool is_known_mappable(const struct reading *reading)
{
    const struct mappable *mappable = generation_note(reading->generation, &mappable_note, NULL);
    return mappable != NULL && mappable_known(mappable);
}

/* --- from a window ---------------------------------------------------------------------------- */

static void copy_guarded(void *argument)
{
    const struct plain_part *part = ((void **)argument)[0];
    const uint8_t *bytes = ((void **)argument)[1];
    memcpy(part->buffer, bytes, part->length);
}

/* How the bytes of a part get into the window. */
enum bringing {
    BRING_IN,    /* they are brought in: this may wait */
    TOUCH,       /* they are in the page cache: a touch brings them in, and may still wait */
    TOUCH_READY, /* the same if that takes no wait; else nothing is copied */
};

/*
 * Brings the part, mapped at `bytes`, into the page cache and the window, so that a failing disk
 * causes an error and not a signal. If the kernel cannot, the first touch does it. Requests the
 * part as a whole: for a touched page the kernel also reads as much before it as after it, which is
 * not needed. -NOT_MAPPABLE: pread(2) finds out why.
 */
static int bring_in(int fd, const struct plain_part *part, const uint8_t *bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = (uintptr_t)bytes & ~(page - 1);
    size_t whole = (uintptr_t)bytes + part->length - start;

    (void)posix_fadvise(fd, (off_t)part->offset, (off_t)part->length, POSIX_FADV_WILLNEED);
    if (madvise((void *)start, whole, MADV_POPULATE_READ) == 0 || errno == EINVAL)
        return 0;
    return -NOT_MAPPABLE;
}

static int make_ready(int fd, const struct plain_part *part, const uint8_t *bytes,
                      enum bringing bringing)
{
    if (bringing == BRING_IN)
        return bring_in(fd, part, bytes);
    return bringing == TOUCH || residency_is_ready(bytes, part->length) ? 0 : -NOT_MAPPABLE;
}

/*
 * Copies what one window shows of the part, and moves the part past it. -NOT_MAPPABLE: there is no
 * window, or its bytes cannot be had. Then pread(2) tells the error that the file system gives, as
 * a mapping does not.
 */
static int copy_window(const struct reading *reading, int fd, struct plain_part *part,
                       enum bringing bringing)
{
    struct window_pool *windows = &reading->source->pool->windows;
    struct window_loan loan;

    if (window_acquire(windows, WINDOW_READS, generation_number(reading->generation), fd,
                       part->offset, generation_size(reading->generation), &loan) != 0)
        return -NOT_MAPPABLE;
    struct plain_part now = *part;
    now.length = (size_t)min_u64(part->length, loan.length);
    void *argument[] = {&now, (void *)(uintptr_t)loan.bytes};
    int error = make_ready(fd, &now, loan.bytes, bringing);
    if (error == 0 && fault_guard_call(loan.bytes, now.length, copy_guarded, argument) != 0)
        error = -NOT_MAPPABLE;
    window_release(windows, &loan);
    if (error != 0)
        return error;
    part->buffer += now.length;
    part->length -= now.length;
    part->offset += now.length;
    return 0;
}

/*
 * Copies from windows as far as they are available, and moves the part past that. Returns 0, or
 * -NOT_MAPPABLE: the rest is left to pread(2).
 */
static int copy_windows(const struct reading *reading, int fd, struct plain_part *part,
                        enum bringing bringing)
{
    int error = 0;

    while (part->length > 0 && error == 0) {
        if (part->offset >= generation_size(reading->generation))
            return -NOT_MAPPABLE;
        error = copy_window(reading, fd, part, bringing);
    }
    return error;
}

/* --- either way ------------------------------------------------------------------------------- */

/* Only pinned readings use windows: others have no end at which they would be unmapped. */
static bool is_for_windows(const struct reading *reading, const struct plain_part *part)
{
    return part->length >= LARGE_COPY && reading->pinned;
}

/*
 * Whether the windows can hold all of the file. Through those of a larger one a reader would only
 * pass: mapping a resident page and unmapping it again costs more than pread(2) of it.
 */
static bool fits_into_windows(const struct reading *reading)
{
    return generation_size(reading->generation) <= reading->source->pool->windows.total;
}

int plain_read(const struct reading *reading, int fd, const struct plain_part *part)
{
    struct plain_part rest = *part;
    int error = -NOT_MAPPABLE;

    if (is_for_windows(reading, part) && plain_is_mappable(reading, fd)) {
        bool resident = residency_is_full(fd, part->offset, part->length);
        if (!resident || fits_into_windows(reading))
            error = copy_windows(reading, fd, &rest, resident ? TOUCH : BRING_IN);
    }
    return error == 0 ? 0 : read_fully(fd, rest.buffer, rest.length, rest.offset);
}

static int pread_at_once(int fd, const struct plain_part *part)
{
    const struct iovec bytes = {.iov_base = part->buffer, .iov_len = part->length};
    ssize_t got = preadv2(fd, &bytes, 1, (off_t)part->offset, RWF_NOWAIT);
    return got == (ssize_t)part->length ? 0 : -NOT_AT_ONCE;
}

int plain_read_at_once(const struct reading *reading, int fd, const struct plain_part *part)
{
    struct plain_part rest = *part;

    /* preadv2() also makes the kernel read ahead, so what is not resident is left to it. */
    if (!is_for_windows(reading, part) || !fits_into_windows(reading) ||
        !is_known_mappable(reading) || !residency_is_full(fd, part->offset, part->length))
        return pread_at_once(fd, part);
    int error = copy_windows(reading, fd, &rest, TOUCH_READY);
    return error == 0 ? 0 : pread_at_once(fd, &rest);
}
