/* SPDX-License-Identifier: MIT */
#include "fs/tree/settings.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"

enum {
    THREADS_PER_PROCESSOR = 4,
    FEWEST_DEFAULT_THREADS = 8,
};

static const uint64_t mebibyte = 1024 * 1024;

static unsigned default_threads(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = THREADS_PER_PROCESSOR * (uint64_t)(processors > 0 ? processors : 1);
    return (unsigned)min_u64(max_u64(threads, FEWEST_DEFAULT_THREADS), MOST_DEFAULT_THREADS);
}

const char *cache_mode_name(enum cache_mode mode)
{
    return mode == CACHE_NONE ? "none" : "kernel";
}

void settings_init(struct settings *settings)
{
    *settings = (struct settings){
        .views.chunk_size = 64 * mebibyte,
        .views.rows = 1000000,
        .min_size = 64 * mebibyte,
        .window_size = 64 * mebibyte,
        .window_total = 1024 * mebibyte,
        .decode_memory = 64 * mebibyte,
        .cache = CACHE_KERNEL,
        .extents = EXTENTS_AUTO,
        .index_space = 1024 * mebibyte,
        .threads = default_threads(),
    };
    for (size_t i = 0; view_types[i] != NULL; i++)
        settings->listed[i] = !view_types[i]->is_found_only;
}

struct view_defaults settings_views_of(const struct settings *settings, const char *extension)
{
    struct view_defaults views = settings->views;
    views.format = usual_formats_find(&settings->formats, extension);
    views.patterns = &settings->patterns;
    return views;
}

void settings_destroy(struct settings *settings)
{
    usual_formats_destroy(&settings->formats);
    patterns_destroy(&settings->patterns);
    free(steal_pointer(&settings->index_dir));
    options_in_force_destroy(&settings->in_force);
}
