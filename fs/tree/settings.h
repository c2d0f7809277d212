/* SPDX-License-Identifier: MIT */
/* The configuration of one mount. */
#ifndef BIGFS_FS_TREE_SETTINGS_H
#define BIGFS_FS_TREE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/extent/extent_probe.h"
#include "core/view/view_types.h"
#include "fs/tree/options_in_force.h"
#include "fs/tree/usual_formats.h"

/*
 * The most threads that a mount has by default. Each may hold a reply in memory
 * (fs/tree/driver.c).
 */
enum { MOST_DEFAULT_THREADS = 24 };

enum cache_mode {
    CACHE_KERNEL, /* the kernel keeps pieces in its page cache */
    CACHE_NONE,   /* every read reaches bigfs */
};

/* As --cache says it: "kernel", "none". */
const char *cache_mode_name(enum cache_mode mode);

/* Constant while the mount is served, so any thread may read it without a lock. */
struct settings {
    struct view_defaults views;
    struct usual_formats formats; /* by the extensions of files; owned */
    struct patterns patterns;     /* formats of this mount; owned */
    uint64_t min_size;            /* bytes; a regular file of at least this size is a directory */
    bool listed[VIEW_TYPES_MOST]; /* which views are listed */
    uint64_t window_size;         /* size of one mmap window, in bytes */
    uint64_t window_total;        /* size of all mmap windows together, in bytes */
    uint64_t decode_memory;       /* bytes that decoding compressed files may take together */
    enum cache_mode cache;        /* where pieces are cached */
    enum extent_method extents;   /* how to find holes */
    char *index_dir;              /* absolute; owned; NULL: line indexes are kept in memory only */
    uint64_t index_space;         /* bytes that all line indexes in index_dir may occupy */
    unsigned threads;             /* how many requests may read at the same time; at least 1 */
    struct options_in_force in_force; /* all of this as options; owned */
};

/* Sets the defaults. There is no index_dir yet, and min_size is the default chunk size. */
void settings_init(struct settings *settings);

/* The defaults for views of a file with this extension, which begins with its dot or is empty. */
struct view_defaults settings_views_of(const struct settings *settings, const char *extension);

/* Frees what the settings own. */
void settings_destroy(struct settings *settings);

#endif
