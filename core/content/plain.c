/* SPDX-License-Identifier: MIT */
#include "core/content/plain.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/plain_read.h"
#include "core/extent/extents.h"
#include "core/file/mappable.h"
#include "core/file/read_fully.h"
#include "core/file/residency.h"

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80 /* Linux 6.14 */
#endif

enum {
    /* A shorter stretch is copied: a window costs more. */
    SMALL_SCAN = 128 * 1024,
    /* The most that is lent at once. A cold disk reads it in a fraction of a second. */
    MAPPED_MOST = 2048 * 1024,
};

static uint64_t plain_size(const struct reading *reading)
{
    return reading->version.file.size;
}

static void plain_prepare(const struct reading *reading, int fd)
{
    (void)plain_is_mappable(reading, fd);
}

/* --- extents ---------------------------------------------------------------------------------- */

static bool has_holes_now(const struct reading *reading, const struct file_identity *now)
{
    return reading->source->pool->extents != EXTENTS_NONE && file_may_have_holes(now);
}

static bool plain_may_have_holes(const struct reading *reading)
{
    const struct file_identity now = generation_identity(reading->generation);
    return has_holes_now(reading, &now);
}

static struct extent plain_extent_at(const struct reading *reading, int fd, uint64_t offset)
{
    const struct file_identity now = generation_identity(reading->generation);
    struct extent extent = {offset, OFFSET_MAX, EXTENT_DATA};

    if (offset >= now.size || !has_holes_now(reading, &now))
        return extent;
    struct extents *extents = generation_note(reading->generation, &extents_note, NULL);
    if (extents != NULL) /* without memory all counts as data: slower, but correct */
        extents_find(extents, reading->source->pool->extents, fd, &now, offset, &extent);
    return extent;
}

/* --- reads ------------------------------------------------------------------------------------ */

/* Reads data and fills holes with zeros; *zeroed counts the latter. */
static int copy_extents(const struct reading *reading, int fd, const struct plain_part *part,
                        size_t *zeroed)
{
    int error = 0;

    for (size_t done = 0; done < part->length && error == 0;) {
        const struct extent extent = plain_extent_at(reading, fd, part->offset + done);
        size_t length = (size_t)min_u64(part->length - done, extent.end - (part->offset + done));
        const struct plain_part piece = {part->buffer + done, length, part->offset + done};
        if (extent.kind == EXTENT_HOLE) {
            memset(piece.buffer, 0, length);
            *zeroed += length;
        } else {
            error = plain_read(reading, fd, &piece);
        }
        done += length;
    }
    return error;
}

static void count_read(const struct reading *reading, size_t length, size_t zeroed)
{
    struct source_pool *pool = reading->source->pool;
    atomic_fetch_add(&pool->bytes_read, length - zeroed);
    if (zeroed > 0)
        atomic_fetch_add(&pool->bytes_zeroed, zeroed);
}

static int copy_waiting(const struct reading *reading, int fd, const struct plain_part *part)
{
    size_t zeroed = 0;
    int error = copy_extents(reading, fd, part, &zeroed);
    if (error == 0)
        count_read(reading, part->length, zeroed);
    return error;
}

static int copy_at_once(const struct reading *reading, int fd, const struct plain_part *part)
{
    int error = plain_read_at_once(reading, fd, part);
    if (error == 0)
        count_read(reading, part->length, 0);
    return error;
}

static int plain_copy(const struct reading *reading, int fd, void *buffer, size_t length,
                      uint64_t offset, enum content_way way)
{
    struct drop_behind *drop = &reading->source->pool->drop_behind;
    const struct plain_part part = {buffer, length, offset};
    const struct drop_read read = {
        .owner = generation_number(reading->generation),
        .fd = fd,
        .size = generation_size(reading->generation),
        .offset = offset,
        .length = length,
    };

    if (way == CONTENT_PROBES) {
        bool ours = drop_behind_before_probe(drop, &read);
        int error = copy_waiting(reading, fd, &part);
        if (ours)
            drop_behind_after_probe(drop, &read);
        return error;
    }
    /* Also for reads at once, as they may make the kernel read ahead. */
    drop_behind_before(drop, &read);
    int error = way == CONTENT_AT_ONCE ? copy_at_once(reading, fd, &part)
                                       : copy_waiting(reading, fd, &part);
    if (error == 0)
        drop_behind_after(drop, &read);
    return error;
}

/* --- scans ------------------------------------------------------------------------------------ */

static int lend_copy(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                     uint8_t *scratch, struct content_loan *loan)
{
    size_t length = (size_t)min_u64(most, CONTENT_SCRATCH);
    *loan = (struct content_loan){.bytes = scratch, .length = length};
    return plain_copy(reading, fd, scratch, length, offset, CONTENT_PROBES);
}

static bool is_unsupported(ssize_t error)
{
    return error == -EINVAL || error == -ENOSYS || error == -EOPNOTSUPP;
}

/*
 * Reads uncached pages without leaving them in the page cache (RWF_DONTCACHE), for files of which
 * the kernel does not say what is cached. -NOT_UNCACHED: the kernel or the file system cannot.
 */
static int lend_uncached(int fd, uint64_t offset, uint64_t most, uint8_t *scratch,
                         struct content_loan *loan)
{
    size_t length = (size_t)min_u64(most, CONTENT_SCRATCH);
    ssize_t got = read_once(fd, scratch, length, offset, RWF_DONTCACHE);

    if (got < 0)
        return is_unsupported(got) ? -NOT_UNCACHED : (int)got;
    *loan = (struct content_loan){.bytes = scratch, .length = (size_t)got};
    return got > 0 ? 0 : -EIO; /* if the file was truncated, the check finds out */
}

static int lend_window(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                       struct content_loan *loan)
{
    int error = window_acquire(&reading->source->pool->windows, WINDOW_SCANS,
                               generation_number(reading->generation), fd, offset,
                               generation_size(reading->generation), &loan->window);
    if (error != 0)
        return error;
    loan->mapped = true;
    loan->bytes = loan->window.bytes;
    loan->length = (size_t)min_u64(min_u64(most, MAPPED_MOST), loan->window.length);
    return 0;
}

static int plain_lend(const struct reading *reading, int fd, uint64_t offset, uint64_t most,
                      uint8_t *scratch, struct content_loan *loan)
{
    int error = -NOT_UNCACHED;

    if (most > SMALL_SCAN && !residency_is_told(fd))
        error = lend_uncached(fd, offset, most, scratch, loan);
    if (error != -NOT_UNCACHED)
        return error;
    if (most > SMALL_SCAN && plain_is_mappable(reading, fd))
        error = lend_window(reading, fd, offset, most, loan);
    if (error == -NOT_UNCACHED || error == -NOT_MAPPABLE)
        error = lend_copy(reading, fd, offset, most, scratch, loan);
    return error;
}

static void plain_take_back(const struct reading *reading, int fd, const struct content_loan *loan)
{
    if (!loan->mapped)
        return;
    window_done_with(&loan->window, loan->length, fd);
    window_release(&reading->source->pool->windows, &loan->window);
}

const struct content_type plain_content = {
    .name = "file",
    .number = 0,
    .prepare = plain_prepare,
    .size_of = plain_size,
    .copy = plain_copy,
    .may_have_holes = plain_may_have_holes,
    .extent_at = plain_extent_at,
    .lend = plain_lend,
    .take_back = plain_take_back,
};
