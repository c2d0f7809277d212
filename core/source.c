#include "core/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/clock.h"

/* How long a path is believed to lead to the open file, in ms: as long as the kernel believes us.
 */
enum { PATH_BELIEVED = 1000 };

static bool relieve_files(void *argument)
{
    return open_files_relieve(argument);
}

void source_pool_init(struct source_pool *pool, int directory, unsigned descriptors,
                      uint64_t window_size, uint64_t window_total)
{
    memset(pool, 0, sizeof(*pool));
    pool->beneath.directory = directory;
    pool->beneath.relieve = relieve_files;
    pool->beneath.relieve_argument = &pool->files;
    open_files_init(&pool->files, descriptors);
    window_pool_init(&pool->windows, window_size, window_total);
}

void source_pool_destroy(struct source_pool *pool)
{
    window_pool_destroy(&pool->windows);
    open_files_destroy(&pool->files);
}

struct source *source_new(struct source_pool *pool, const char *path)
{
    struct source *source = calloc(1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->path = strdup(path);
    if (source->path == NULL) {
        free(source);
        return NULL;
    }
    atomic_init(&source->references, 1);
    source->pool = pool;
    pthread_mutex_init(&source->lock, NULL);
    return source;
}

struct source *source_ref(struct source *source)
{
    atomic_fetch_add(&source->references, 1);
    return source;
}

void source_unref(struct source *source)
{
    if (source == NULL || atomic_fetch_sub(&source->references, 1) != 1)
        return;
    generation_unref(source->current);
    pthread_mutex_destroy(&source->lock);
    free(source->path);
    free(source);
}

/* The current generation, a reference for the caller, or NULL. */
static struct generation *current_generation(struct source *source)
{
    HOLD_LOCK(&source->lock);
    return source->current != NULL ? generation_ref(source->current) : NULL;
}

/* Puts `fresh` in the place of `old`. Returns false where another thread was first. */
static bool replace_generation(struct source *source, struct generation *old,
                               struct generation *fresh)
{
    {
        HOLD_LOCK(&source->lock);
        if (source->current != old)
            return false;
        source->current = generation_ref(fresh);
    }
    if (old != NULL)
        atomic_store(&old->stale, true);
    generation_unref(old);
    return true;
}

/* Whether `generation` is, or can grow into, what the path was seen to hold. */
static bool still_holds(struct source *source, struct generation *generation,
                        const struct file_identity *seen)
{
    struct file_identity known = generation_identity(generation);
    int fd = -1;

    if (atomic_load(&generation->stale))
        return false;
    if (file_identity_equal(&known, seen))
        return true;
    if (known.device != seen->device || known.inode != seen->inode ||
        source_borrow(source, generation, &fd) != 0)
        return false;
    bool holds = source_check(source, generation, fd) == 0;
    source_return(source, generation);
    return holds;
}

static int look_at_path(const struct source *source, struct stat *attributes)
{
    int error = beneath_stat(&source->pool->beneath, source->path, attributes);
    if (error == 0 && !S_ISREG(attributes->st_mode))
        return -ESTALE;
    return error;
}

int source_look(struct source *source, struct generation **generation, struct stat *attributes)
{
    for (;;) { /* again only where another thread has put something newer there */
        struct file_identity seen;
        int error = look_at_path(source, attributes);
        if (error != 0)
            return error;
        file_identity_of(attributes, &seen);
        struct generation *candidate = current_generation(source);
        if (candidate != NULL && still_holds(source, candidate, &seen)) {
            *generation = candidate;
            return 0;
        }
        struct generation *fresh = generation_new(&seen);
        bool replaced = fresh != NULL && replace_generation(source, candidate, fresh);
        generation_unref(candidate);
        if (replaced || fresh == NULL) {
            *generation = fresh;
            return fresh != NULL ? 0 : -ENOMEM;
        }
        generation_unref(fresh);
    }
}

struct open_request {
    struct source *source;
    struct generation *generation;
};

/* Opens the file of a generation: -ESTALE where the path leads to another file, or to none. */
static int open_generation(void *argument)
{
    const struct open_request *request = argument;
    const struct file_identity known = generation_identity(request->generation);
    struct stat attributes;
    AUTO_CLOSE int fd = beneath_open(&request->source->pool->beneath, request->source->path,
                                     O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);

    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -ENXIO)
        return -ESTALE;
    if (fd < 0)
        return fd;
    if (fstat(fd, &attributes) != 0)
        return -errno;
    if (!S_ISREG(attributes.st_mode) || attributes.st_dev != known.device ||
        attributes.st_ino != known.inode) {
        atomic_store(&request->generation->stale, true);
        return -ESTALE;
    }
    atomic_store(&request->generation->path_seen, clock_ms());
    return steal_fd(&fd);
}

int source_borrow(struct source *source, struct generation *generation, int *fd)
{
    struct open_request request = {source, generation};
    if (atomic_load(&generation->stale))
        return -ESTALE;
    return open_files_get(&source->pool->files, &generation->file, open_generation, &request, fd);
}

void source_return(struct source *source, struct generation *generation)
{
    open_files_put(&source->pool->files, &generation->file);
}

/*
 * Whether the path now leads to another file. Where it leads to none the file was removed, and
 * goes on being readable for who has it open, as everywhere.
 */
static int check_path(const struct source *source, struct generation *generation)
{
    const struct file_identity known = generation_identity(generation);
    struct stat attributes;
    int error = beneath_stat(&source->pool->beneath, source->path, &attributes);

    if (error == 0 && (attributes.st_dev != known.device || attributes.st_ino != known.inode)) {
        atomic_store(&generation->stale, true);
        return -ESTALE;
    }
    atomic_store(&generation->path_seen, clock_ms());
    return 0;
}

int source_check(struct source *source, struct generation *generation, int fd)
{
    bool changed = false;
    int error = generation_check(generation, fd, &changed);

    if (error != 0)
        return error;
    if (changed || clock_ms() - atomic_load(&generation->path_seen) >= PATH_BELIEVED)
        return check_path(source, generation);
    return 0;
}

static int pread_whole(int fd, void *buffer, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        ssize_t got = pread(fd, (char *)buffer + done, length - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return -EIO; /* shorter than its size says; if it was truncated, the check tells */
        done += (size_t)got;
    }
    return 0;
}

int source_read(struct source *source, struct generation *generation, void *buffer, size_t length,
                uint64_t offset)
{
    int fd = -1;
    int error = source_borrow(source, generation, &fd);

    if (error != 0)
        return error;
    error = pread_whole(fd, buffer, length, offset);
    int check = source_check(source, generation, fd);
    source_return(source, generation);
    if (check != 0)
        return check;
    if (error == 0)
        atomic_fetch_add(&source->pool->bytes_read, length);
    return error;
}

int source_pin(struct source *source, struct generation *generation)
{
    int fd = -1;
    open_files_pin(&source->pool->files, &generation->file);
    int error = source_borrow(source, generation, &fd);

    if (error == 0) {
        error = generation_capture(generation, fd);
        source_return(source, generation);
    }
    if (error != 0)
        source_unpin(source, generation);
    return error;
}

void source_unpin(struct source *source, struct generation *generation)
{
    open_files_unpin(&source->pool->files, &generation->file);
    window_pool_forget(&source->pool->windows, generation->serial);
}
