/* SPDX-License-Identifier: MIT */
#include "core/file/drop_behind.h"

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/file/residency.h"

enum {
    BLOCK = 1024 * 1024,
    BLOCKS = 16, /* of a region */
    SMALL = 64 * 1024,
    REMEMBERED = 10000, /* ms */
};

static const uint64_t region_size = (uint64_t)BLOCK * BLOCKS;

void drop_behind_init(struct drop_behind *drop, struct window_pool *windows)
{
    memset(drop, 0, sizeof(*drop));
    drop->windows = windows;
    drop->remembered = REMEMBERED;
    pthread_mutex_init(&drop->lock, NULL);
}

void drop_behind_destroy(struct drop_behind *drop)
{
    pthread_mutex_destroy(&drop->lock);
}

/* The lock is held. */
static struct drop_region *find_region(struct drop_behind *drop, uint64_t owner, uint64_t number)
{
    for (unsigned i = 0; i < DROP_REGIONS; i++)
        if (drop->regions[i].number == number && drop->regions[i].owner == owner)
            return &drop->regions[i];
    return NULL;
}

static bool is_believed(const struct drop_behind *drop, const struct drop_region *region,
                        int64_t now)
{
    return now - region->looked <= drop->remembered;
}

/*
 * Whether a region has been checked. If that was too long ago, the region is removed, and *handed
 * becomes its blocks that were handed over since.
 */
static bool is_known(struct drop_behind *drop, uint64_t owner, uint64_t number, uint32_t *handed)
{
    int64_t now = clock_ms();

    *handed = 0;
    HOLD_LOCK(&drop->lock);
    struct drop_region *region = find_region(drop, owner, number);
    if (region == NULL)
        return false;
    if (is_believed(drop, region, now)) {
        region->turn = ++drop->turn;
        return true;
    }
    *handed = region->ours & region->handed;
    *region = (struct drop_region){0};
    return false;
}

/* The blocks of a region of which nothing is cached. */
static uint32_t look_at_region(const struct drop_read *read, uint64_t number)
{
    uint64_t start = number * region_size;
    uint64_t blocks = min_u64(BLOCKS, (read->size - start + BLOCK - 1) / BLOCK);
    uint32_t ours = 0;

    if (residency_is_empty(read->fd, start, region_size))
        return (UINT32_C(1) << blocks) - 1;
    for (unsigned i = 0; i < blocks; i++)
        if (residency_is_empty(read->fd, start + (uint64_t)i * BLOCK, BLOCK))
            ours |= UINT32_C(1) << i;
    return ours;
}

/* Remembers a region, in a free slot or that of the least recently used one. */
static void remember_region(struct drop_behind *drop, const struct drop_region *looked_at)
{
    struct drop_region *place = &drop->regions[0];

    HOLD_LOCK(&drop->lock);
    if (find_region(drop, looked_at->owner, looked_at->number) != NULL)
        return; /* another reader was first, and may have brought in what this check found */
    for (unsigned i = 0; i < DROP_REGIONS; i++)
        if (drop->regions[i].turn < place->turn)
            place = &drop->regions[i];
    *place = *looked_at;
    place->turn = ++drop->turn;
}

/* The blocks of a region that end within what was read. */
static uint32_t blocks_read(const struct drop_read *read, uint64_t number)
{
    uint64_t end = read->offset + read->length;
    uint32_t blocks = 0;

    for (unsigned i = 0; i < BLOCKS; i++) {
        uint64_t block_end = number * region_size + (uint64_t)(i + 1) * BLOCK;
        block_end = min_u64(block_end, read->size);
        if (block_end > read->offset && block_end <= end)
            blocks |= UINT32_C(1) << i;
    }
    return blocks;
}

/* Records what was read of a region. If it is complete, removes it and returns its blocks. */
static uint32_t hand_over(struct drop_behind *drop, const struct drop_read *read, uint64_t number)
{
    uint32_t blocks = blocks_read(read, number);
    int64_t now = clock_ms();

    if (blocks == 0) /* spares most small reads the lock */
        return 0;
    HOLD_LOCK(&drop->lock);
    struct drop_region *region = find_region(drop, read->owner, number);
    if (region == NULL || region->ours == 0 || !is_believed(drop, region, now))
        return 0;
    region->handed |= blocks;
    if ((region->ours & ~region->handed) != 0)
        return 0;
    uint32_t ours = region->ours;
    *region = (struct drop_region){0};
    return ours;
}

/*
 * Unmaps a stretch from the windows (the kernel keeps mapped pages), then drops it from the page
 * cache.
 */
static bool drop_stretch(const struct drop_behind *drop, const struct drop_read *read,
                         uint64_t offset, uint64_t length)
{
    if (drop->windows != NULL)
        window_pool_let_go(drop->windows, read->owner, offset, length);
    return posix_fadvise(read->fd, (off_t)offset, (off_t)length, POSIX_FADV_DONTNEED) == 0;
}

/* Drops blocks in stretches as long as possible, as large folios are only dropped as a whole. */
static void drop_blocks(struct drop_behind *drop, const struct drop_read *read, uint64_t number,
                        uint32_t blocks)
{
    uint64_t start = number * region_size;

    for (unsigned i = 0; i < BLOCKS; i++) {
        unsigned first = i;
        while (i < BLOCKS && (blocks >> i & 1) != 0)
            i++;
        if (i == first)
            continue;
        uint64_t offset = start + (uint64_t)first * BLOCK;
        uint64_t length = (uint64_t)(i - first) * BLOCK;
        if (drop_stretch(drop, read, offset, length))
            atomic_fetch_add(&drop->dropped, min_u64(length, saturating_sub(read->size, offset)));
    }
}

void drop_behind_before(struct drop_behind *drop, const struct drop_read *read)
{
    if (!drop->enabled || read->length < SMALL)
        return;
    uint64_t first = read->offset / region_size;
    uint64_t last = (read->offset + read->length - 1) / region_size + 1; /* and the next one */
    for (uint64_t number = first; number <= last && number * region_size < read->size; number++) {
        uint32_t handed;
        if (is_known(drop, read->owner, number, &handed))
            continue;
        drop_blocks(drop, read, number, handed);
        const struct drop_region region = {
            .owner = read->owner,
            .number = number,
            .ours = look_at_region(read, number),
            .looked = clock_ms(),
        };
        remember_region(drop, &region);
    }
}

void drop_behind_after(struct drop_behind *drop, const struct drop_read *read)
{
    if (!drop->enabled || read->length == 0)
        return;
    uint64_t last = (read->offset + read->length - 1) / region_size;
    for (uint64_t number = read->offset / region_size; number <= last; number++) {
        uint32_t blocks = hand_over(drop, read, number);
        if (blocks != 0)
            drop_blocks(drop, read, number, blocks);
    }
}

/* The pages that a read touches. */
static struct drop_read whole_pages(const struct drop_read *read)
{
    const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t end = read->offset + read->length;
    struct drop_read pages = *read;

    assert(read->length > 0); /* 0 would mean the rest of the file */
    pages.offset = read->offset / page * page;
    pages.length = (end + page - 1) / page * page - pages.offset;
    return pages;
}

bool drop_behind_before_probe(const struct drop_behind *drop, const struct drop_read *read)
{
    const struct drop_read pages = whole_pages(read);
    return drop->enabled && residency_is_empty(read->fd, pages.offset, pages.length);
}

void drop_behind_after_probe(struct drop_behind *drop, const struct drop_read *read)
{
    const struct drop_read pages = whole_pages(read);
    if (drop_stretch(drop, read, pages.offset, pages.length))
        atomic_fetch_add(&drop->dropped, read->length);
}
