#include "core/content/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/file/file_system_kind.h"
#include "core/file/read_fully.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"

/* How long a path is believed to lead to the open file, in ms: as long as the kernel believes us.
 */
enum { PATH_BELIEVED = 1000 };

/* How often we try again to pin a file that is rewritten meanwhile. */
enum { REWRITE_ATTEMPTS = 4 };

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
    drop_behind_init(&pool->drop_behind);
    window_pool_init(&pool->windows, window_size, window_total);
}

void source_pool_destroy(struct source_pool *pool)
{
    window_pool_destroy(&pool->windows);
    drop_behind_destroy(&pool->drop_behind);
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

/*
 * Whether the other file that the path was seen to lead to is a copy-up of ours: then our
 * descriptor refers to it by now. 0, or -ESTALE; other errors say that it could not be found out.
 */
static int check_copied_up(struct source *source, struct generation *generation,
                           const struct file_identity *seen)
{
    int fd = -1;

    if (!open_files_get_open(&source->pool->files, &generation->file, &fd))
        return -ESTALE;
    int error = source_check(source, generation, fd);
    source_return(source, generation);
    const struct file_identity known = generation_identity(generation);
    return error == 0 && !file_identity_same_file(&known, seen) ? -ESTALE : error;
}

/*
 * Whether `generation` is, or can grow into, what the path was seen to hold: 0, or -ESTALE where it
 * is not. Other errors say that it could not be found out.
 */
static int check_against(struct source *source, struct generation *generation,
                         const struct file_identity *seen)
{
    struct file_identity known = generation_identity(generation);
    int fd = -1;

    if (atomic_load(&generation->stale))
        return -ESTALE;
    if (file_identity_equal(&known, seen) && atomic_load(&generation->doubts) == 0) {
        generation_note_blocks(generation, seen);
        return 0;
    }
    if (!file_identity_same_file(&known, seen))
        return check_copied_up(source, generation, seen);
    int error = source_borrow(source, generation, &fd);
    if (error != 0) /* a reader without the right cannot tell, and can do without */
        return error == -EACCES || error == -EPERM ? -ESTALE : error;
    error = source_check(source, generation, fd);
    source_return(source, generation);
    return error;
}

static int look_at_path(const struct source *source, struct stat *attributes)
{
    int error = beneath_stat(&source->pool->beneath, source->path, attributes);
    if (error == 0 && !S_ISREG(attributes->st_mode))
        return -ESTALE;
    return error;
}

/*
 * Puts a generation of what was seen in the place of `old`. NULL: no memory, or another thread was
 * first (*again).
 */
static struct generation *renew(struct source *source, struct generation *old,
                                const struct file_identity *seen, bool *again)
{
    struct generation *fresh = generation_new(seen);
    if (fresh != NULL && old != NULL) /* of one that was not captured nobody knows how it ended */
        fresh->rewritten = generation_settled(old) || old->rewritten;
    *again = fresh != NULL && !replace_generation(source, old, fresh);
    if (!*again)
        return fresh;
    generation_unref(fresh);
    return NULL;
}

int source_look(struct source *source, struct generation **generation, struct stat *attributes)
{
    for (bool again = true; again;) {
        struct file_identity seen;
        int error = look_at_path(source, attributes);
        if (error != 0)
            return error;
        file_identity_of(attributes, &seen);
        struct generation *known = current_generation(source);
        error = known != NULL ? check_against(source, known, &seen) : -ESTALE;
        if (error == 0) {
            *generation = known;
            return 0;
        }
        if (error == -ESTALE)
            *generation = renew(source, known, &seen, &again);
        generation_unref(known);
        if (error != -ESTALE)
            return error;
    }
    return *generation != NULL ? 0 : -ENOMEM;
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
    struct file_identity now;
    AUTO_CLOSE int fd = beneath_open(&request->source->pool->beneath, request->source->path,
                                     O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);

    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -ENXIO)
        return -ESTALE;
    int error = fd < 0 ? fd : file_look(fd, &attributes, &now);
    if (error != 0)
        return error;
    if (!S_ISREG(attributes.st_mode) || !file_identity_same_file(&known, &now) ||
        (!file_identity_same_birth(&known, &now) && !file_system_has(fd, FILE_SYSTEM_COPIES_UP))) {
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
 * Whether the path now leads to another file. If it leads to none the file was removed, and
 * stays readable where it is open, as everywhere.
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
    if (error == 0)
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

static bool may_have_holes(const struct source *source, const struct file_identity *now)
{
    return source->pool->extents != EXTENTS_NONE && extents_possible(now);
}

bool source_may_have_holes(const struct source *source, struct generation *generation)
{
    const struct file_identity now = generation_identity(generation);
    return may_have_holes(source, &now);
}

struct extent source_extent_at(const struct source *source, struct generation *generation, int fd,
                               uint64_t offset)
{
    const struct file_identity now = generation_identity(generation);
    struct extent extent = {offset, OFFSET_MAX, EXTENT_DATA};

    if (offset < now.size && may_have_holes(source, &now))
        extents_find(&generation->extents, source->pool->extents, fd, &now, offset, &extent);
    return extent;
}

/* Reads data, and makes zeros of holes: *zeroed tells how many. */
static int read_extents(const struct source *source, struct generation *generation, int fd,
                        char *buffer, size_t length, uint64_t offset, size_t *zeroed)
{
    int error = 0;

    for (size_t done = 0; done < length && error == 0;) {
        const struct extent extent = source_extent_at(source, generation, fd, offset + done);
        size_t part = (size_t)min_u64(length - done, extent.end - (offset + done));
        if (extent.kind == EXTENT_HOLE) {
            memset(buffer + done, 0, part);
            *zeroed += part;
        } else {
            error = read_fully(fd, buffer + done, part, offset + done);
        }
        done += part;
    }
    return error;
}

/* Reads what the read says from its descriptor, which is lent to us, and then checks the file. */
static int read_and_check(struct source *source, struct generation *generation,
                          const struct drop_read *read, char *buffer)
{
    size_t zeroed = 0;
    int error =
        read_extents(source, generation, read->fd, buffer, read->length, read->offset, &zeroed);
    int check = source_check(source, generation, read->fd);

    if (check != 0)
        return check;
    if (error == -FILE_TOO_SHORT ||
        error == -EBADMSG) /* too short, not truncated; a bad checksum */
        error = -EIO;
    if (error == 0) {
        atomic_fetch_add(&source->pool->bytes_read, read->length - zeroed);
        atomic_fetch_add(&source->pool->bytes_zeroed, zeroed);
    }
    return error;
}

/* Borrows the descriptor, and says what is to be read from it. Returns as source_borrow. */
static int begin_read(struct source *source, struct generation *generation, size_t length,
                      uint64_t offset, struct drop_read *read)
{
    *read = (struct drop_read){.serial = generation->serial,
                               .size = generation_size(generation),
                               .offset = offset,
                               .length = length};
    return source_borrow(source, generation, &read->fd);
}

int source_read(struct source *source, struct generation *generation, void *buffer, size_t length,
                uint64_t offset)
{
    struct drop_behind *drop = &source->pool->drop_behind;
    struct drop_read read;
    int error = begin_read(source, generation, length, offset, &read);

    if (error != 0)
        return error;
    drop_behind_before(drop, &read);
    error = read_and_check(source, generation, &read, buffer);
    if (error == 0)
        drop_behind_after(drop, &read);
    source_return(source, generation);
    return error;
}

int source_probe(struct source *source, struct generation *generation, void *buffer, size_t length,
                 uint64_t offset)
{
    struct drop_behind *drop = &source->pool->drop_behind;
    struct drop_read read;
    int error = begin_read(source, generation, length, offset, &read);

    if (error != 0)
        return error;
    bool ours = drop_behind_before_probe(drop, &read);
    error = read_and_check(source, generation, &read, buffer);
    if (ours)
        drop_behind_after_probe(drop, &read);
    source_return(source, generation);
    return error;
}

/* Whether all is as it was, as far as one look at the open file tells. */
static bool is_unchanged(struct generation *generation, int fd, const struct file_identity *then)
{
    return generation_is_still(generation, fd, then) &&
           clock_ms() - atomic_load(&generation->path_seen) < PATH_BELIEVED;
}

bool source_is_still(struct source *source, struct generation *generation,
                     const struct file_identity *then)
{
    int fd = -1;

    if (!open_files_get_open(&source->pool->files, &generation->file, &fd))
        return false;
    bool still = is_unchanged(generation, fd, then);
    source_return(source, generation);
    return still;
}

int source_read_at_once(struct source *source, struct generation *generation, void *buffer,
                        size_t length, uint64_t offset)
{
    const struct iovec part = {.iov_base = buffer, .iov_len = length};
    const struct file_identity before = generation_identity(generation);
    int fd = -1;

    if (length == 0 || may_have_holes(source, &before) ||
        !open_files_get_open(&source->pool->files, &generation->file, &fd))
        return -NOT_AT_ONCE;
    const struct drop_read read = {generation->serial, fd, before.size, offset, length};
    drop_behind_before(&source->pool->drop_behind, &read); /* it starts reading ahead */
    bool done = preadv2(fd, &part, 1, (off_t)offset, RWF_NOWAIT) == (ssize_t)length &&
                is_unchanged(generation, fd, &before);
    if (done)
        drop_behind_after(&source->pool->drop_behind, &read);
    source_return(source, generation);
    if (!done)
        return -NOT_AT_ONCE;
    atomic_fetch_add(&source->pool->bytes_read, length);
    return 0;
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

void source_take_sample(struct source *source, struct generation *generation, bool while_open)
{
    int fd = -1;

    if (while_open && !open_files_is_pinned(&source->pool->files, &generation->file))
        return;
    if (source_borrow(source, generation, &fd) != 0)
        return;
    generation_take_sample(generation, fd);
    source_return(source, generation);
}

int source_look_and_pin(struct source *source, struct generation **generation,
                        struct stat *attributes)
{
    int error = -ESTALE;
    for (int i = 0; i < REWRITE_ATTEMPTS && error == -ESTALE; i++) {
        error = source_look(source, generation, attributes);
        if (error != 0)
            return error;
        error = source_pin(source, *generation);
        if (error != 0)
            generation_unref(*generation);
    }
    return error;
}

void source_unpin(struct source *source, struct generation *generation)
{
    if (open_files_unpin(&source->pool->files, &generation->file))
        window_pool_forget(&source->pool->windows, generation->serial);
}
