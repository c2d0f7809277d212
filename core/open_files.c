#include "core/open_files.h"

#include <unistd.h>

#include "core/cleanup.h"

enum {
    KEPT_FREE = 32, /* for everything that is no source file: /dev/fuse, stdio, directories, … */
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
    pthread_cond_init(&files->place_free, NULL);
    files->limit = limit;
    files->open = 0;
    list_reset(&files->idle);
}

void open_files_destroy(struct open_files *files)
{
    assert(files->open == 0);
    pthread_cond_destroy(&files->place_free);
    pthread_mutex_destroy(&files->lock);
}

void open_file_init(struct open_file *file)
{
    file->fd = -1;
    file->lent = 0;
    file->pins = 0;
    list_reset(&file->link);
}

/* Takes the descriptor out of an idle slot, for the caller to close without the lock. */
static int retire(struct open_files *files, struct open_file *file)
{
    list_remove(&file->link);
    files->open--;
    pthread_cond_broadcast(&files->place_free);
    return steal_fd(&file->fd);
}

static int retire_least_recent(struct open_files *files)
{
    if (list_empty(&files->idle))
        return -1;
    return retire(files, list_object(files->idle.next, struct open_file, link));
}

static void lend(struct open_file *file)
{
    list_remove(&file->link);
    file->lent++;
}

/*
 * Lends an open descriptor (returns it), or reserves a place to open one (returns -1). A
 * descriptor that had to give its place is left in *retired.
 */
static int lend_or_reserve(struct open_files *files, struct open_file *file, int *retired)
{
    HOLD_LOCK(&files->lock);
    for (;;) {
        if (file->fd >= 0) {
            lend(file);
            return file->fd;
        }
        if (files->open >= files->limit && !list_empty(&files->idle))
            *retired = retire_least_recent(files);
        if (files->open < files->limit)
            break;
        pthread_cond_wait(&files->place_free, &files->lock);
    }
    files->open++;
    return -1;
}

int open_files_get(struct open_files *files, struct open_file *file, open_file_opener *opener,
                   void *argument, int *fd)
{
    AUTO_CLOSE int retired = -1;
    AUTO_CLOSE int opened = -1;

    *fd = lend_or_reserve(files, file, &retired);
    if (*fd >= 0)
        return 0;
    cleanup_close(&retired); /* before the next is opened, or the limit is passed */
    opened = opener(argument);

    HOLD_LOCK(&files->lock);
    if (opened >= 0 && file->fd < 0) {
        file->fd = steal_fd(&opened);
    } else { /* it failed, or another thread was first */
        files->open--;
        pthread_cond_broadcast(&files->place_free);
    }
    if (file->fd < 0)
        return opened;
    lend(file);
    *fd = file->fd;
    return 0;
}

/* The descriptor to close when a slot that nobody uses loses its last claim, or -1. */
static int settle(struct open_files *files, struct open_file *file)
{
    if (file->fd < 0 || file->lent > 0)
        return -1;
    if (file->pins == 0)
        return retire(files, file);
    list_remove(&file->link);
    list_append(&files->idle, &file->link);
    pthread_cond_broadcast(&files->place_free);
    return -1;
}

void open_files_put(struct open_files *files, struct open_file *file)
{
    AUTO_CLOSE int retired = -1;
    HOLD_LOCK(&files->lock);
    assert(file->lent > 0);
    file->lent--;
    retired = settle(files, file);
}

void open_files_pin(struct open_files *files, struct open_file *file)
{
    HOLD_LOCK(&files->lock);
    file->pins++;
}

void open_files_unpin(struct open_files *files, struct open_file *file)
{
    AUTO_CLOSE int retired = -1;
    HOLD_LOCK(&files->lock);
    assert(file->pins > 0);
    file->pins--;
    retired = settle(files, file);
}

bool open_files_relieve(struct open_files *files)
{
    AUTO_CLOSE int retired = -1;
    HOLD_LOCK(&files->lock);
    retired = retire_least_recent(files);
    return retired >= 0;
}

unsigned open_files_count(struct open_files *files)
{
    HOLD_LOCK(&files->lock);
    return files->open;
}
