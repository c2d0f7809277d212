/* SPDX-License-Identifier: MIT */
#include "core/index/index_room.h"

#include <limits.h>
#include <stdio.h>

#include "core/base/quantity.h"

enum { UNIT = 1024, TENTHS = 10 };

bool index_room_has(const struct index_directory *directory, uint64_t bytes)
{
    return directory->space == NULL || bytes <= directory->space->limit;
}

/* Rounds up: it must not look as if it would fit. */
static void write_rounded(uint64_t bytes, char text[static QUANTITY_MOST])
{
    static const char suffixes[] = "KMGTPE";
    const char *suffix = suffixes;
    uint64_t unit = UNIT;

    while (bytes / unit >= UNIT && suffix[1] != '\0') {
        unit *= UNIT;
        suffix++;
    }
    const uint64_t tenths = bytes / unit * TENTHS + (bytes % unit * TENTHS + unit - 1) / unit;
    (void)snprintf(text, QUANTITY_MOST, "%u.%u%c", (unsigned)(tenths / TENTHS),
                   (unsigned)(tenths % TENTHS), *suffix);
}

void index_room_warn(struct index_directory *directory, const struct kept_type *type,
                     uint64_t bytes, const char *path, int fd)
{
    char source[PATH_MAX];
    char topic[PATH_MAX + 32];
    char problem[128];
    char size[QUANTITY_MOST];
    char limit[QUANTITY_MOST];

    atomic_fetch_add(&directory->too_large, 1);
    if (path == NULL)
        index_directory_path_of(fd, source, sizeof(source));
    path = path == NULL ? source : path;
    (void)snprintf(topic, sizeof(topic), "%s of %s", type->name, path);
    if (!index_directory_is_news(directory, topic))
        return;
    write_rounded(bytes, size);
    quantity_write_size(directory->space->limit, limit);
    (void)snprintf(problem, sizeof(problem),
                   "the %s takes %s, more than --index-space %s: not kept; give more", type->name,
                   size, limit);
    directory->warn(directory->warn_argument, path, problem);
}
