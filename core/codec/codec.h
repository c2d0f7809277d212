/* SPDX-License-Identifier: MIT */
/*
 * Codecs: how a compressed file holds other bytes, which are called plain.
 *
 *     file      |  unit  | unit |         unit          |      members, frames or blocks
 *     places    ^        ^             ^        ^              where decoding can start
 *     plain     |0                                      |
 *
 * A unit is what the format decodes, and checks, by itself: a gzip member, a BGZF block, a zstd
 * frame, an xz block. A walk goes through a file once and finds places. A stream starts at a place
 * and gives the plain bytes from there on, unit after unit.
 *
 * Each codec is a pair of files, and the content that it decodes is a row of the table in
 * core/content/contents.h. Codecs know nothing of generations, caches and threads: a walk or a
 * stream is used by one thread at a time. They read the file through struct codec_file, and
 * whatever it holds, they end: with an error, or after bounded work for each call, in bounded
 * memory.
 */
#ifndef BIGFS_CORE_CODEC_CODEC_H
#define BIGFS_CORE_CODEC_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The bytes of a compressed file. */
struct codec_file {
    /* Reads exactly `length` bytes that lie before `size`. Returns 0 or -errno. */
    int (*read)(void *argument, void *buffer, size_t length, uint64_t offset);
    void *argument;
    uint64_t size; /* of the file, as far as it is looked at */
};

/* What is known of a unit before a place within it, so that a walk can go on from there. */
struct codec_begun {
    uint64_t file;  /* where the unit starts */
    uint64_t plain; /* how many plain bytes come before the unit */
    uint32_t check; /* of gzip: CRC32 of the plain bytes between */
};

/* Where decoding can start. */
struct codec_place {
    uint64_t file;     /* an offset in the file */
    uint64_t plain;    /* how many plain bytes come before */
    uint8_t bits;      /* of gzip: how many bits of the byte before `file` belong to what follows;
                          of xz: which check the blocks have, also if it starts a unit */
    bool starts_unit;  /* no `aid` is needed */
    uint32_t aid_size; /* of gzip: what is needed to start within a member, in bytes */
    const uint8_t *aid;
    struct codec_begun begun; /* of a place within a unit; only walks use it */
};

enum {
    /* Places are at least so far from each other, in plain bytes. */
    CODEC_STEP = 1024 * 1024,
    /* Also a place after so much of the file, though it holds fewer plain bytes. */
    CODEC_FILE_STEP = 16 * 1024 * 1024,
};

/* What a walk reports, in the order of the file. A function that returns an error ends the walk. */
struct codec_sink {
    void *argument;

    /*
     * A place; what it points to is valid during the call. The first is where the walk begins: that
     * of plain byte 0, or, again, the one that it goes on from.
     */
    int (*place)(void *argument, const struct codec_place *place);

    /* Plain bytes, if the codec decodes them in its walk: all, in order. NULL: not wanted. */
    int (*plain)(void *argument, const uint8_t *bytes, size_t length);

    /*
     * The plain bytes [from, to) are damaged: a checksum is wrong, or they cannot be decoded. The
     * unit lies at `file`. Called once for each such unit, after its places.
     */
    int (*damage)(void *argument, uint64_t from, uint64_t to, uint64_t file);

    /* Each unit has a place, however near the last one is. (Of very many xz streams, most.) */
    bool every_unit;
};

/* How a walk ended. */
enum codec_end {
    CODEC_GOES_ON,     /* it has not ended */
    CODEC_WHOLE,       /* the file ends with a unit */
    CODEC_CUT,         /* the file ends within a unit */
    CODEC_LOST,        /* a unit is damaged so that its length is not known */
    CODEC_START_ALONE, /* the file can only be read from its start: see codec.advice */
};

/* Why a unit cannot be decoded. */
enum codec_reason {
    CODEC_DAMAGED,
    CODEC_NEEDS_DICTIONARY,
    CODEC_NEEDS_MEMORY, /* more than is sane */
};

/*
 * A walk under way, as the caller sees it. Each codec's own walk begins with one.
 *
 * If the file ends within a unit, or a unit is lost, places and plain bytes of that unit have been
 * reported already. Those after `plain` are to be forgotten.
 */
struct codec_walk {
    uint64_t file;      /* how far it has come in the file */
    uint64_t plain;     /* plain bytes of the units before */
    uint64_t unit;      /* where the last unit starts, that was begun */
    enum codec_end end; /* once it has ended, `file` and `plain` are those before the last unit */
    enum codec_reason reason; /* of the first unit that was not damaged, but cannot be decoded */
};

struct codec_stream;

struct codec {
    const char *name;    /* "gzip" */
    const char *library; /* and its version, as --version shows it */
    const char *advice;  /* how to compress a file so that it can be cut; NULL: any can */

    /*
     * Whether reading through a unit checks it. If so, a stream gives bytes before they are
     * checked, and -EBADMSG at the end of the unit. If not, the walk has checked it, or the format
     * has no checksum.
     */
    bool checks_when_read;

    /*
     * Whether a file holds what this codec decodes. `head` are its first bytes: 32 KiB, or all.
     * Pure.
     */
    bool (*recognises)(const uint8_t *head, size_t length);

    /*
     * Whether the end of a file that is recognised tells that it can be read from other places than
     * its start. If not, a walk finds out. `tail` are its last bytes: 32 KiB, or all. Blocks as
     * reads of the file do. NULL: it always can.
     */
    bool (*can_be_cut)(const struct codec_file *file, const uint8_t *tail, size_t tail_length);

    /*
     * Begins a walk at a place that one reported, or that starts a unit, or (NULL) at the start of
     * the file. A place within a unit is not reported again. Returns 0, -ENOMEM, -EBADMSG if the
     * place is wrong, or a read error. `file` and `sink` must outlive it; `from` need not.
     */
    int (*walk_begin)(const struct codec_file *file, const struct codec_place *from,
                      const struct codec_sink *sink, struct codec_walk **walk);

    /*
     * Goes on for about `most` bytes of the file, or to the end. Returns 0, -ENOMEM, or the error
     * of a read or of the sink. After an error of a read it may be called again.
     */
    int (*walk_on)(struct codec_walk *walk, uint64_t most);
    void (*walk_free)(struct codec_walk *walk); /* NULL is allowed */

    /*
     * How much memory a stream from this place takes, at most, in bytes. Returns 0, -EBADMSG if
     * the file does not tell, or a read error.
     */
    int (*stream_memory)(const struct codec_file *file, const struct codec_place *from,
                         uint64_t *bytes);

    /* Opens a stream. Returns 0 or -errno as stream_read(). `file` is only used in the calls. */
    int (*stream_open)(const struct codec_file *file, const struct codec_place *from,
                       struct codec_stream **stream);

    /*
     * Reads exactly `length` plain bytes, the next ones. Returns 0, -EBADMSG if they cannot be
     * decoded or a unit that ends within them is wrong, -ENOMEM, or a read error; then the stream
     * can only be closed. -ENOMEM also if a unit needs more than stream_memory() said: a stream
     * from the place before that unit can read it.
     */
    int (*stream_read)(const struct codec_file *file, struct codec_stream *stream, uint8_t *plain,
                       size_t length);

    /*
     * Passes `length` plain bytes without checking them. Returns as stream_read(). NULL: they have
     * to be read.
     */
    int (*stream_skip)(const struct codec_file *file, struct codec_stream *stream, uint64_t length);

    /*
     * Called when all plain bytes before the place `next` (NULL: the end of the file) have been
     * read: whether the stream has come there, and what it passed was right. Returns 0, -EBADMSG,
     * -ENOMEM or a read error. NULL: stream_read() has seen to that.
     */
    int (*stream_check)(const struct codec_file *file, struct codec_stream *stream,
                        const struct codec_place *next);

    void (*stream_close)(struct codec_stream *stream); /* NULL is allowed */
};

#endif
