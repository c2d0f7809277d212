/* SPDX-License-Identifier: MIT */
/*
 * Directories of SOURCE that are being listed.
 *
 * A listing takes many requests. Between them its stream is kept: the directory's descriptor and
 * the entries read so far. Otherwise each request would have to open the directory and seek, which
 * makes a listing quadratic on file systems that find a place by reading from the start. The number
 * of kept streams is bounded, and the least recently used one is closed first. A listing whose
 * stream is gone opens the directory again and seeks. So streams only save time.
 *
 *     in use by one request --dir_streams_keep--> kept --dir_streams_take--> in use …
 *                                                   +-- too many, relief, released --> closed
 *
 * The functions on dir_streams are thread-safe and hold no lock while they open or close. Only one
 * thread at a time may use a stream; its functions block as the file system of SOURCE does.
 */
#ifndef BIGFS_FS_TREE_DIR_STREAMS_H
#define BIGFS_FS_TREE_DIR_STREAMS_H

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/list.h"

enum {
    DIR_STREAM_STEP = 32 * 1024,   /* bytes read in one step */
    DIR_STREAM_HISTORY = 8 * 1024, /* bytes kept of the step before: a kernel that got more than
                                      its reader took asks for them again */
};

/* Where a listing stands. */
struct dir_stream {
    struct list link;       /* protected by dir_streams.lock; in `kept` or alone */
    struct open_dir *owner; /* protected by dir_streams.lock; while it is kept */
    int fd;                 /* owned */
    bool local;             /* the directory's file system has FILE_SYSTEM_LOCAL */
    uint64_t seeks;         /* how often the file system had to seek */
    off_t start;            /* the place of the first entry in `entries` */
    off_t place;            /* the place of the next entry, at index `at` */
    size_t at;
    size_t used;
    _Alignas(struct dirent64) char entries[DIR_STREAM_STEP + DIR_STREAM_HISTORY];
};

/* An open directory. */
struct open_dir {
    struct list link;          /* protected by dir_streams.lock; in `dirs` */
    struct dir_stream *stream; /* protected by dir_streams.lock; the kept one, or NULL */
};

struct dir_streams {
    pthread_mutex_t lock;
    unsigned limit;          /* constant */
    unsigned count;          /* protected by lock; the length of `kept` */
    struct list kept;        /* protected by lock; least recently used first */
    struct list dirs;        /* protected by lock */
    _Atomic uint64_t opened; /* directories opened for listing */
    _Atomic uint64_t seeks;  /* seeks in them */
};

void dir_streams_init(struct dir_streams *streams, unsigned limit);

/* Closes everything. No stream may be in use. */
void dir_streams_destroy(struct dir_streams *streams);

/* Begin and end an open directory. NULL: no memory; the other functions accept NULL. */
struct open_dir *dir_streams_begin(struct dir_streams *streams);
void dir_streams_end(struct dir_streams *streams, struct open_dir *dir);

/* Takes the stream kept for a directory, for the caller to use. NULL: there is none. */
struct dir_stream *dir_streams_take(struct dir_streams *streams, struct open_dir *dir);

/* Makes a stream of a directory's descriptor and takes ownership of it, even on failure (NULL). */
struct dir_stream *dir_streams_open(struct dir_streams *streams, int fd);

/* Returns a stream, which is kept if possible. */
void dir_streams_keep(struct dir_streams *streams, struct open_dir *dir, struct dir_stream *stream);

/* Closes a kept stream to free a descriptor. Returns false if there is none. */
bool dir_streams_relieve(struct dir_streams *streams);

/*
 * Goes to a place: 0 is the start, which is read again; others are the d_off of an entry. Returns 0
 * or -errno.
 */
int dir_stream_seek(struct dir_stream *stream, off_t place);

/*
 * The entry at the current place, which dir_stream_pass() moves on. Valid until the next call.
 * Returns 0, -NO_MORE_DATA at the end, or -errno.
 */
int dir_stream_entry(struct dir_stream *stream, const struct dirent64 **entry);
void dir_stream_pass(struct dir_stream *stream);

#endif
