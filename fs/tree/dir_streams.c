/* SPDX-License-Identifier: MIT */
#include "fs/tree/dir_streams.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/file/file_system_kind.h"

void dir_streams_init(struct dir_streams *streams, unsigned limit)
{
    memset(streams, 0, sizeof(*streams));
    pthread_mutex_init(&streams->lock, NULL);
    streams->limit = limit;
    list_reset(&streams->kept);
    list_reset(&streams->dirs);
}

void dir_streams_destroy(struct dir_streams *streams)
{
    while (!list_empty(&streams->dirs))
        dir_streams_end(streams, list_object(streams->dirs.next, struct open_dir, link));
    pthread_mutex_destroy(&streams->lock);
}

static void close_stream(struct dir_streams *streams, struct dir_stream *stream)
{
    if (stream == NULL)
        return;
    atomic_fetch_add(&streams->seeks, stream->seeks);
    (void)close(stream->fd);
    free(stream);
}

struct open_dir *dir_streams_begin(struct dir_streams *streams)
{
    struct open_dir *dir = calloc(1, sizeof(*dir));
    if (dir == NULL)
        return NULL;
    list_reset(&dir->link);
    HOLD_LOCK(&streams->lock);
    list_append(&streams->dirs, &dir->link);
    return dir;
}

/* Takes a kept stream out. The lock is held. */
static struct dir_stream *take_out(struct dir_streams *streams, struct dir_stream *stream)
{
    list_remove(&stream->link);
    stream->owner->stream = NULL;
    stream->owner = NULL;
    streams->count--;
    return stream;
}

struct dir_stream *dir_streams_take(struct dir_streams *streams, struct open_dir *dir)
{
    if (dir == NULL)
        return NULL;
    HOLD_LOCK(&streams->lock);
    return dir->stream != NULL ? take_out(streams, dir->stream) : NULL;
}

static struct dir_stream *forget_dir(struct dir_streams *streams, struct open_dir *dir)
{
    HOLD_LOCK(&streams->lock);
    list_remove(&dir->link);
    return dir->stream != NULL ? take_out(streams, dir->stream) : NULL;
}

void dir_streams_end(struct dir_streams *streams, struct open_dir *dir)
{
    if (dir == NULL)
        return;
    close_stream(streams, forget_dir(streams, dir));
    free(dir);
}

struct dir_stream *dir_streams_open(struct dir_streams *streams, int fd)
{
    struct dir_stream *stream = malloc(sizeof(*stream));
    if (stream == NULL) {
        (void)close(fd);
        return NULL;
    }
    memset(stream, 0, offsetof(struct dir_stream, entries));
    stream->fd = fd;
    stream->local = file_system_has(fd, FILE_SYSTEM_LOCAL);
    list_reset(&stream->link);
    atomic_fetch_add(&streams->opened, 1);
    return stream;
}

/* The lock is held. */
static struct dir_stream *take_least_recent(struct dir_streams *streams)
{
    if (list_empty(&streams->kept))
        return NULL;
    return take_out(streams, list_object(streams->kept.next, struct dir_stream, link));
}

/* Returns the stream to close: this one if another is already kept for its directory. */
static struct dir_stream *put_in(struct dir_streams *streams, struct open_dir *dir,
                                 struct dir_stream *stream)
{
    HOLD_LOCK(&streams->lock);
    if (dir->stream != NULL)
        return stream;
    dir->stream = stream;
    stream->owner = dir;
    list_append(&streams->kept, &stream->link);
    streams->count++;
    return streams->count > streams->limit ? take_least_recent(streams) : NULL;
}

void dir_streams_keep(struct dir_streams *streams, struct open_dir *dir, struct dir_stream *stream)
{
    close_stream(streams, dir != NULL ? put_in(streams, dir, stream) : stream);
}

static struct dir_stream *take_any(struct dir_streams *streams)
{
    HOLD_LOCK(&streams->lock);
    return take_least_recent(streams);
}

bool dir_streams_relieve(struct dir_streams *streams)
{
    struct dir_stream *stream = take_any(streams);
    close_stream(streams, stream);
    return stream != NULL;
}

static const struct dirent64 *dirent_at(const struct dir_stream *stream, size_t at)
{
    return (const struct dirent64 *)(const void *)(stream->entries + at);
}

/* Goes to the place if it is among the entries in memory. Returns whether it is. */
static bool seek_in_entries(struct dir_stream *stream, off_t place)
{
    off_t before = stream->start;
    size_t at = 0;

    while (before != place && at < stream->used) {
        const struct dirent64 *entry = dirent_at(stream, at);
        before = entry->d_off;
        at += entry->d_reclen;
    }
    if (before != place || stream->used == 0)
        return false;
    stream->at = at;
    stream->place = place;
    return true;
}

int dir_stream_seek(struct dir_stream *stream, off_t place)
{
    if (place != 0 && (stream->place == place || seek_in_entries(stream, place)))
        return 0;
    if (place == 0 && stream->place == 0 && stream->used == 0)
        return 0; /* just opened */
    if (lseek(stream->fd, place, SEEK_SET) < 0)
        return -errno;
    stream->seeks += place != 0 ? 1 : 0;
    stream->start = place;
    stream->place = place;
    stream->at = 0;
    stream->used = 0;
    return 0;
}

/* Moves the last entries to the front to make room for a step. */
static void keep_history(struct dir_stream *stream)
{
    size_t from = 0;

    while (stream->used - from > DIR_STREAM_HISTORY) {
        const struct dirent64 *entry = dirent_at(stream, from);
        stream->start = entry->d_off;
        from += entry->d_reclen;
    }
    memmove(stream->entries, stream->entries + from, stream->used - from);
    stream->used -= from;
    stream->at = stream->used;
}

int dir_stream_entry(struct dir_stream *stream, const struct dirent64 **entry)
{
    if (stream->at == stream->used) {
        keep_history(stream);
        ssize_t got = getdents64(stream->fd, stream->entries + stream->used, DIR_STREAM_STEP);
        if (got < 0 && errno != ENOENT) /* ENOENT: the directory was removed, which is its end */
            return -errno;
        if (got <= 0)
            return -NO_MORE_DATA;
        stream->used += (size_t)got;
    }
    *entry = dirent_at(stream, stream->at);
    return 0;
}

void dir_stream_pass(struct dir_stream *stream)
{
    const struct dirent64 *entry = dirent_at(stream, stream->at);
    stream->place = entry->d_off;
    stream->at += entry->d_reclen;
}
