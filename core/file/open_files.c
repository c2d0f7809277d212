/* SPDX-License-Identifier: MIT */
#include "core/file/open_files.h"

#include <unistd.h>

#include "core/base/cleanup.h"

enum {
    KEPT_FREE = 32, /* for all that is no source file: /dev/fuse, stdio, directories, … */
    FEWEST = 4,
    MOST = 256,
};

unsigned open_files_limit(unsigned long descriptors)
{
    unsigned long share = descriptors > KEPT_FREE ? (descriptors - KEPT_FREE) / 2 : 0;
    if (share < FEWEST)
        return FEWEST;
    return share > MOST ? MOST : (unsigned)share;
}

void open_files_init(struct open_files *files, unsigned limit)
{
    pthread_mutex_init(&files->lock, NULL);
    files->limit = limit;
    files->open = 0;
    files->counts = (struct open_files_counts){0};
    list_reset(&files->idle);
}

void open_files_destroy(struct open_files *files)
{
    assert(files->open == 0);
    pthread_mutex_destroy(&files->lock);
}

void open_file_init(struct open_file *file)
{
    file->fd = -1;
    file->lent = 0;
    file->pins = 0;
    list_reset(&file->link);
}

/*
 * Takes the descriptor out of an idle slot, for the caller to close without the lock. Its place
 * remains taken and passes to the caller.
 */
static int retire(struct open_file *file)
{
    list_remove(&file->link);
    return steal_fd(&file->fd);
}

static int retire_least_recent(struct open_files *files)
{
    if (list_empty(&files->idle))
        return -1;
    return retire(list_object(files->idle.next, struct open_file, link));
}

static void give_up_place(struct open_files *files)
{
    HOLD_LOCK(&files->lock);
    files->open--;
}

/* Closes a retired descriptor (-1: none) and only then frees its place. */
static void close_retired(struct open_files *files, int fd)
{
    if (fd < 0)
        return;
    (void)close(fd);
    give_up_place(files);
}

static void lend(struct open_file *file)
{
    list_remove(&file->link);
    file->lent++;
}

/*
 * Lends and returns an open descriptor, or takes a place to open one and returns -1. *retired
 * becomes the descriptor that gave up this place, which must be closed first. If all are lent,
 * opens one more than the limit, as their borrowers may wait for a file system that never answers.
 */
static int lend_or_take_place(struct open_files *files, struct open_file *file, int *retired)
{
    HOLD_LOCK(&files->lock);
    if (file->fd >= 0) {
        files->counts.hits++;
        lend(file);
        return file->fd;
    }
    files->counts.misses++;
    if (files->open >= files->limit)
        *retired = retire_least_recent(files);
    files->open += *retired < 0 ? 1 : 0;
    return -1;
}

/* Puts an opened descriptor into the slot and lends it. Returns false if there is one already. */
static bool fill_slot(struct open_files *files, struct open_file *file, int opened, int *fd)
{
    HOLD_LOCK(&files->lock);
    bool filled = opened >= 0 && file->fd < 0;
    if (filled)
        file->fd = opened;
    *fd = file->fd;
    if (file->fd >= 0)
        lend(file);
    return filled;
}

bool open_files_get_open(struct open_files *files, struct open_file *file, int *fd)
{
    HOLD_LOCK(&files->lock);
    *fd = file->fd;
    if (file->fd < 0)
        return false;
    files->counts.hits++;
    lend(file);
    return true;
}

int open_files_get(struct open_files *files, struct open_file *file, open_file_opener *opener,
                   void *argument, int *fd)
{
    int retired = -1;

    *fd = lend_or_take_place(files, file, &retired);
    if (*fd >= 0)
        return 0;
    cleanup_close(&retired);
    int opened = opener(argument);
    if (fill_slot(files, file, opened, fd))
        return 0;
    if (opened >= 0) /* another thread was first */
        (void)close(opened);
    give_up_place(files);
    return *fd >= 0 ? 0 : opened;
}

/* The descriptor to close when an unused slot loses its last claim, or -1. */
static int retire_or_idle(struct open_files *files, struct open_file *file)
{
    if (file->fd < 0 || file->lent > 0)
        return -1;
    if (file->pins == 0 || files->open > files->limit)
        return retire(file);
    list_remove(&file->link);
    list_append(&files->idle, &file->link);
    return -1;
}

static int put(struct open_files *files, struct open_file *file)
{
    HOLD_LOCK(&files->lock);
    assert(file->lent > 0);
    file->lent--;
    return retire_or_idle(files, file);
}

void open_files_put(struct open_files *files, struct open_file *file)
{
    close_retired(files, put(files, file));
}

void open_files_pin(struct open_files *files, struct open_file *file)
{
    HOLD_LOCK(&files->lock);
    file->pins++;
}

static bool unpin(struct open_files *files, struct open_file *file, int *retired)
{
    HOLD_LOCK(&files->lock);
    assert(file->pins > 0);
    file->pins--;
    *retired = retire_or_idle(files, file);
    return file->pins == 0;
}

bool open_files_unpin(struct open_files *files, struct open_file *file)
{
    int retired = -1;
    bool last = unpin(files, file, &retired);
    close_retired(files, retired);
    return last;
}

bool open_files_is_pinned(struct open_files *files, const struct open_file *file)
{
    HOLD_LOCK(&files->lock);
    return file->pins > 0;
}

static int take_idle(struct open_files *files)
{
    HOLD_LOCK(&files->lock);
    return retire_least_recent(files);
}

bool open_files_relieve(struct open_files *files)
{
    int idle = take_idle(files);
    close_retired(files, idle);
    return idle >= 0;
}

unsigned open_files_count(struct open_files *files)
{
    HOLD_LOCK(&files->lock);
    return files->open;
}

struct open_files_counts open_files_counts(struct open_files *files)
{
    HOLD_LOCK(&files->lock);
    return files->counts;
}
