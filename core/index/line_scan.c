#include "core/index/line_scan.h"

#include <errno.h>
#include <stdbool.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/content/holes.h"
#include "core/file/fault_guard.h"
#include "core/file/read_fully.h"
#include "core/file/residency.h"
#include "core/record/byte_count.h"

#ifndef RWF_DONTCACHE
#define RWF_DONTCACHE 0x80 /* Linux 6.14 */
#endif

enum {
    COPIED_STEP = 256 * 1024, /* it stays in the processor's cache until it is counted */
    STEP_BLOCKS = LINE_GROUP,
};

/* The line ends of a stretch, by blocks from `first` on. */
struct tally {
    uint64_t first;
    uint32_t counts[STEP_BLOCKS];
};

struct scan {
    struct source *source;
    struct generation *generation;
    struct line_index *index;
    struct tally *tally;
};

static void count_bytes(struct tally *tally, const uint8_t *bytes, size_t length, uint64_t offset)
{
    while (length > 0) {
        size_t part = (size_t)min_u64(length, LINE_BLOCK - offset % LINE_BLOCK);
        tally->counts[offset / LINE_BLOCK - tally->first] +=
            (uint32_t)byte_count(bytes, part, '\n');
        bytes += part;
        offset += part;
        length -= part;
    }
}

struct guarded_count {
    struct tally *tally;
    const uint8_t *bytes;
    size_t length;
    uint64_t offset;
};

static void count_guarded(void *argument)
{
    const struct guarded_count *count = argument;
    count_bytes(count->tally, count->bytes, count->length, count->offset);
}

/* Counts what one window shows of [*start, end), and moves *start past it. */
static int count_window(const struct scan *scan, int fd, uint64_t *start, uint64_t end)
{
    struct window_pool *windows = &scan->source->pool->windows;
    struct window_loan loan;
    int error =
        window_acquire(windows, scan->generation->serial, fd, *start, scan->index->size, &loan);

    if (error != 0)
        return error;
    struct guarded_count count = {
        .tally = scan->tally,
        .bytes = loan.bytes,
        .length = (size_t)min_u64(end - *start, loan.length),
        .offset = *start,
    };
    error = fault_guard_call(count.bytes, count.length, count_guarded, &count);
    window_done_with(&loan, count.length, fd);
    window_release(windows, &loan);
    *start += count.length;
    return error == -EFAULT ? -EIO : error;
}

static int count_mapped(const struct scan *scan, int fd, uint64_t *start, uint64_t end)
{
    int error = mappable_ask(&scan->generation->mappable, fd) ? 0 : -NOT_MAPPABLE;
    while (*start < end && error == 0)
        error = count_window(scan, fd, start, end);
    return error;
}

static int count_copied(const struct scan *scan, uint64_t start, uint64_t end)
{
    uint8_t buffer[COPIED_STEP];
    int error = 0;

    while (start < end && error == 0) {
        size_t length = (size_t)min_u64(end - start, sizeof(buffer));
        error = source_read(scan->source, scan->generation, buffer, length, start);
        if (error == 0)
            count_bytes(scan->tally, buffer, length, start);
        start += length;
    }
    return error;
}

static bool is_unsupported(int error)
{
    return error == -EINVAL || error == -ENOSYS || error == -EOPNOTSUPP;
}

/*
 * Reads past the page cache what is not in it, for files of which we are not told what is: pages
 * that are read for us alone leave it at once. -NOT_UNCACHED: the kernel or the file system cannot.
 */
static int count_uncached(const struct scan *scan, int fd, uint64_t *start, uint64_t end)
{
    uint8_t buffer[COPIED_STEP];

    while (*start < end) {
        size_t length = (size_t)min_u64(end - *start, sizeof(buffer));
        ssize_t got = read_once(fd, buffer, length, *start, RWF_DONTCACHE);
        if (got < 0)
            return is_unsupported((int)got) ? -NOT_UNCACHED : (int)got;
        if (got == 0)
            return -EIO; /* if it was truncated, the check tells */
        count_bytes(scan->tally, buffer, (size_t)got, *start);
        *start += (uint64_t)got;
    }
    return 0;
}

/* Counts in a way that leaves the page cache as it is. */
static int count_borrowed(const struct scan *scan, uint64_t *start, uint64_t end)
{
    int fd = -1;
    int error = source_borrow(scan->source, scan->generation, &fd);

    if (error != 0)
        return error;
    error = residency_is_told(fd) ? -NOT_UNCACHED : count_uncached(scan, fd, start, end);
    if (error == -NOT_UNCACHED)
        error = count_mapped(scan, fd, start, end);
    source_return(scan->source, scan->generation);
    return error;
}

static int count_data(const struct scan *scan, uint64_t start, uint64_t end)
{
    int error = count_borrowed(scan, &start, end);
    if (error == -NOT_MAPPABLE)
        error = count_copied(scan, start, end);
    return error;
}

static int check(const struct scan *scan)
{
    int fd = -1;
    int error = source_borrow(scan->source, scan->generation, &fd);
    if (error != 0)
        return error;
    error = source_check(scan->source, scan->generation, fd);
    source_return(scan->source, scan->generation);
    return error;
}

uint64_t line_step_end(uint64_t start, uint64_t end)
{
    return min_u64(end, (start / LINE_STEP + 1) * LINE_STEP);
}

int line_scan(struct source *source, struct generation *generation, uint64_t start, uint64_t end,
              const struct cancel *cancel, struct line_index *index)
{
    struct tally tally = {.first = start / LINE_BLOCK};
    const struct scan scan = {source, generation, index, &tally};
    int error = 0;

    if (start >= end)
        return 0;
    end = line_step_end(start, end);
    while (start < end && error == 0) {
        uint64_t stop = end;
        uint64_t place = start;
        error = holes_seek(source, generation, EXTENT_DATA, start, end, cancel, &start);
        if (start > place)
            atomic_store(&index->holes, true);
        if (error == 0)
            error = holes_seek(source, generation, EXTENT_HOLE, start, end, cancel, &stop);
        if (error == 0)
            error = count_data(&scan, start, stop);
        if (error == 0)
            atomic_fetch_add(&source->pool->bytes_scanned, stop - start);
        start = stop;
    }
    int checked = check(&scan);
    if (checked != 0 || error != 0)
        return checked != 0 ? checked : error;
    uint64_t behind = (end - 1) / LINE_BLOCK + 1;
    return line_index_add_blocks(index, tally.first, tally.counts, (size_t)(behind - tally.first));
}

int line_scan_pass_hole(struct source *source, struct generation *generation,
                        struct line_index *index, uint64_t start, uint64_t *next)
{
    uint64_t data = start;
    int error = holes_seek(source, generation, EXTENT_DATA, start, index->size, NULL, &data);

    *next = start;
    if (error != 0 || (data < index->size && data < line_step_end(start, index->size)))
        return error;
    atomic_store(&index->holes, true);
    *next = data < index->size ? data / LINE_STEP * LINE_STEP : index->size;
    return 0;
}
