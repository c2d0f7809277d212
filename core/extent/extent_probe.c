/* SPDX-License-Identifier: MIT */
#include "core/extent/extent_probe.h"

#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/checked.h"

enum { ROUNDED_TO = 4096 }; /* extents not aligned to blocks are widened to multiples of this */

static const char *const method_names[EXTENT_METHODS] = {"auto", "seek", "fiemap", "none"};

const char *extent_method_name(enum extent_method method)
{
    return method_names[method];
}

enum extent_method extent_method_named(const char *name)
{
    enum extent_method method = 0;
    while (method < EXTENT_METHODS && strcmp(name, method_names[method]) != 0)
        method++;
    return method;
}

/* Adds an extent after the last one; joins them if they are of the same kind. */
static void add(struct extent_answer *answer, uint64_t start, uint64_t end, enum extent_kind kind)
{
    struct extent *last = answer->count > 0 ? &answer->extents[answer->count - 1] : NULL;

    if (start >= end)
        return;
    if (last != NULL && last->kind == kind)
        last->end = end;
    else if (answer->count < EXTENT_PROBE_MOST)
        answer->extents[answer->count++] = (struct extent){start, end, kind};
}

static void all_data(struct extent_answer *answer, uint64_t offset, uint64_t size)
{
    answer->count = 0;
    add(answer, offset, size, EXTENT_DATA);
}

/* Finds only one extent, as more would take more calls and may not be needed. */
static void probe_by_seek(int fd, uint64_t offset, uint64_t size, struct extent_answer *answer)
{
    off_t data = lseek(fd, (off_t)offset, SEEK_DATA);

    if (data < 0 && errno == ENXIO) {
        add(answer, offset, size, EXTENT_HOLE);
        return;
    }
    if (data > (off_t)offset) {
        add(answer, offset, min_u64((uint64_t)data, size), EXTENT_HOLE);
        return;
    }
    off_t hole = data == (off_t)offset ? lseek(fd, (off_t)offset, SEEK_HOLE) : -1;
    add(answer, offset, hole > (off_t)offset ? min_u64((uint64_t)hole, size) : size, EXTENT_DATA);
}

enum { FIEMAP_MOST = EXTENT_PROBE_MOST / 2 }; /* a hole before each */

/* The request, and room for the extents of the answer after it. */
union fiemap_request {
    struct fiemap map;
    char room[sizeof(struct fiemap) + FIEMAP_MOST * sizeof(struct fiemap_extent)];
};

/* FLAG_SYNC writes dirty pages first, as they are not in the map before that. */
static int ask_fiemap(int fd, uint64_t offset, uint64_t size, union fiemap_request *request)
{
    memset(request, 0, sizeof(*request));
    request->map.fm_start = offset;
    request->map.fm_length = size - offset;
    request->map.fm_flags = FIEMAP_FLAG_SYNC;
    request->map.fm_extent_count = FIEMAP_MOST;
    return ioctl(fd, FS_IOC_FIEMAP, &request->map) != 0 ? -errno : 0;
}

/*
 * The range in which an extent's data may lie. Returns false if it exceeds the largest file size.
 */
static bool range_of(const struct fiemap_extent *extent, uint64_t *start, uint64_t *end)
{
    const uint32_t unaligned =
        FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL;

    *start = extent->fe_logical;
    if (!checked_add(extent->fe_logical, extent->fe_length, end) || *end > OFFSET_MAX)
        return false;
    if ((extent->fe_flags & unaligned) != 0) {
        *start = *start / ROUNDED_TO * ROUNDED_TO;
        *end = (*end + ROUNDED_TO - 1) / ROUNDED_TO * ROUNDED_TO;
    }
    return true;
}

/*
 * Every extent of the map is data, whatever its flags: unwritten, unknown, delayed or encoded.
 * Between two extents is a hole. After the last extent of a full request nothing is known.
 */
static void probe_by_fiemap(int fd, uint64_t offset, uint64_t size, struct extent_answer *answer)
{
    union fiemap_request request;
    uint64_t place = offset;
    uint64_t before = 0; /* where the extent before this one starts */
    bool last = false;

    if (ask_fiemap(fd, offset, size, &request) != 0) {
        all_data(answer, offset, size);
        return;
    }
    const uint32_t mapped = request.map.fm_mapped_extents;
    for (uint32_t i = 0; i < mapped && i < FIEMAP_MOST; i++) {
        const struct fiemap_extent *extent = &request.map.fm_extents[i];
        uint64_t start = 0;
        uint64_t end = 0;
        if (!range_of(extent, &start, &end) || extent->fe_logical < before) {
            all_data(answer, offset, size);
            return;
        }
        before = extent->fe_logical;
        add(answer, place, min_u64(start, size), EXTENT_HOLE);
        start = max_u64(start, place);
        add(answer, start, min_u64(end, size), EXTENT_DATA);
        place = max_u64(place, end);
        last = (extent->fe_flags & FIEMAP_EXTENT_LAST) != 0;
    }
    if (last || mapped < FIEMAP_MOST)
        add(answer, place, size, EXTENT_HOLE);
}

/* Whether FS_IOC_FIEMAP works on this file. */
static bool knows_fiemap(int fd, uint64_t size)
{
    union fiemap_request request;
    return ask_fiemap(fd, 0, size, &request) == 0;
}

enum extent_method extent_method_for(int fd, uint64_t size, enum extent_method method)
{
    if (method != EXTENTS_AUTO)
        return method;
    off_t hole = lseek(fd, 0, SEEK_HOLE);
    if (hole >= 0 && (uint64_t)hole < size)
        return EXTENTS_SEEK;
    return knows_fiemap(fd, size) ? EXTENTS_FIEMAP : EXTENTS_NONE;
}

void extent_probe(int fd, uint64_t offset, uint64_t size, enum extent_method method,
                  struct extent_answer *answer)
{
    answer->count = 0;
    if (method == EXTENTS_SEEK)
        probe_by_seek(fd, offset, size, answer);
    else if (method == EXTENTS_FIEMAP)
        probe_by_fiemap(fd, offset, size, answer);
    if (answer->count == 0) /* not asked, or the answer makes no sense */
        all_data(answer, offset, size);
}
