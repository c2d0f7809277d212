/* SPDX-License-Identifier: MIT */
/*
 * Reads the members of a gzip file one after the other, step by step.
 *
 *     | header | blocks of inflate_run.h | CRC32, length | header | … | … | zeros |
 *       BEGUN                     MEMBER_RIGHT or _WRONG                  FILE_ENDED
 *
 * Zero bytes between and after members are padding, as tapes leave it. gzip(1) ends there. Members
 * after it are read here, so that a padded file can be appended to. Anything else that is not a
 * member is damage. gzip(1) passes over it with a warning, but one wrong bit in a header looks the
 * same, and the members after it would be lost without a word.
 */
#ifndef BIGFS_CORE_CODEC_GZIP_READER_H
#define BIGFS_CORE_CODEC_GZIP_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/codec/codec.h"
#include "core/codec/gzip_aid.h"
#include "core/codec/gzip_header.h"
#include "core/codec/gzip_point.h"
#include "core/codec/inflate_run.h"

enum { GZIP_INPUT = 64 * 1024, GZIP_TRAILER = 8 };

/* How a step ended. After the last four there are no more steps. */
enum gzip_event {
    GZIP_READS_ON,
    GZIP_BEGUN,        /* the header of a member has been read */
    GZIP_BLOCK_ENDED,  /* a block has ended that is not the last of its member */
    GZIP_MEMBER_RIGHT, /* a member has ended; also one that was not read from its start */
    GZIP_MEMBER_WRONG, /* its CRC32 or its length is wrong, but the other tells how long it is */
    GZIP_MEMBER_LOST,  /* both are wrong: a flipped bit can make it longer or shorter */
    GZIP_FILE_ENDED,   /* after a member */
    GZIP_FILE_CUT,     /* within a member */
    GZIP_NO_MEMBER,    /* what comes cannot be decoded */
};

enum gzip_phase {
    GZIP_IN_HEADER, /* a member must follow */
    GZIP_IN_BODY,
    GZIP_IN_TRAILER,
    GZIP_BETWEEN, /* padding or the end may follow */
};

struct gzip_reader {
    struct inflate_run run; /* its input is `buffer`; `out` and `room` are the caller's */
    enum gzip_phase phase;
    struct gzip_header header;
    uint64_t next;   /* the offset of the file that follows the buffer */
    uint64_t member; /* the offset of the last member that was begun */
    uint64_t length; /* plain bytes of the member so far */
    uint32_t crc;    /* of them */
    bool from_start; /* of the member, so that both are right */
    uint8_t trailer[GZIP_TRAILER];
    uint8_t trailer_length;
    uint8_t buffer[GZIP_INPUT];
};

/* Returns 0 or -ENOMEM. */
int gzip_reader_open(struct gzip_reader *reader);
void gzip_reader_close(struct gzip_reader *reader);

/* Goes to the start or the end of a member. */
void gzip_reader_go_to_member(struct gzip_reader *reader, uint64_t offset);

/*
 * Goes into the body of a member, to a place with an aid, and says in *start what it is. Returns 0,
 * -EBADMSG if the aid is wrong, -ENOMEM, or a read error. The end of the member is not checked,
 * unless gzip_reader_resume() says what came before the place, which has `plain` bytes before it.
 */
int gzip_reader_start(struct gzip_reader *reader, const struct codec_file *file,
                      const struct codec_place *from, struct gzip_start *start);
void gzip_reader_resume(struct gzip_reader *reader, const struct codec_begun *begun,
                        uint64_t plain);

/*
 * Goes on a little: by at most GZIP_INPUT bytes of the file, and 256 KiB of plain bytes, which go
 * to reader->run.out as far as there is room. Returns 0, -ENOMEM, or a read error, after which the
 * step can be tried again.
 */
int gzip_reader_step(struct gzip_reader *reader, const struct codec_file *file,
                     bool stops_at_blocks, enum gzip_event *event);

/*
 * Puts out what can be decoded without more input, so that gzip_reader_is_inside() can be asked.
 * Needs GZIP_DRAIN bytes of room: a few dozen bits are held back, and each may be a code of 258
 * bytes.
 */
enum { GZIP_DRAIN = 32 * 1024 };
int gzip_reader_drain(struct gzip_reader *reader, enum gzip_event *event);

/* Where in the file the next unused bit is. */
struct gzip_point gzip_reader_point(const struct gzip_reader *reader);

/* How far the reader has come in the file. */
uint64_t gzip_reader_offset(const struct gzip_reader *reader);

#endif
