/* SPDX-License-Identifier: MIT */
#include "core/index/index_header.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/file/read_fully.h"
#include "core/format/record_formats.h"

enum { VERSION = 2 };

/* Bits of WORD_VERIFIED. */
enum { IS_VERIFIED = 1, IS_UNFINISHED = 2 };

static const uint64_t magic = UINT64_C(0x786469736667690a); /* "\nigfsidx", read backwards */

/* Instead of the number of a record format. */
static const uint32_t map_number = UINT32_MAX;

static uint64_t version_word(const struct record_format *format, uint16_t content)
{
    const uint32_t number = format != NULL ? format->number : map_number;
    return VERSION | (uint64_t)content << 16 | (uint64_t)number << 32;
}

static uint16_t content_of(const struct index_header *header)
{
    return (uint16_t)(index_header_word(header, WORD_VERSION) >> 16);
}

int index_header_read_part(int fd, void *buffer, size_t length, uint64_t offset)
{
    int error = read_fully(fd, buffer, length, offset);
    return error == -FILE_TOO_SHORT ? -WRONG_INDEX : error;
}

/* Finds the format in a header. Returns whether it is of this version. */
static bool find_format(const struct index_header *header, const struct record_format **format)
{
    const uint64_t word = index_header_word(header, WORD_VERSION);
    const uint32_t number = (uint32_t)(word >> 32);

    *format = number != map_number ? record_format_numbered(number) : NULL;
    return (word & UINT16_MAX) == VERSION && (*format != NULL || number == map_number);
}

int index_header_read(int fd, struct index_header *header, struct index_key *key)
{
    const struct record_format *format = NULL;
    int error = index_header_read_part(fd, header, sizeof(*header), 0);
    if (error != 0)
        return error;
    if (index_header_word(header, WORD_MAGIC) != magic || !find_format(header, &format) ||
        index_header_word(header, WORD_SIZE) > OFFSET_MAX ||
        index_header_word(header, WORD_CONTENT) > OFFSET_MAX ||
        index_header_word(header, WORD_VERIFIED) > (IS_VERIFIED | IS_UNFINISHED))
        return -WRONG_INDEX;
    *key = (struct index_key){
        .format = format,
        .content = content_of(header),
        .size = index_header_word(header, WORD_SIZE),
        .mtime = {(time_t)index_header_word(header, WORD_MTIME),
                  (long)index_header_word(header, WORD_MTIME_NS)},
        .ctime = {(time_t)index_header_word(header, WORD_CTIME),
                  (long)index_header_word(header, WORD_CTIME_NS)},
        .inode = index_header_word(header, WORD_INODE),
        .birth = {(time_t)index_header_word(header, WORD_BIRTH),
                  (long)index_header_word(header, WORD_BIRTH_NS)},
        .file_system = {{index_header_word(header, WORD_FILE_SYSTEM),
                         index_header_word(header, WORD_FILE_SYSTEM_2)}},
        .sample = index_header_word(header, WORD_SAMPLE),
        .verified = (index_header_word(header, WORD_VERIFIED) & IS_VERIFIED) != 0,
        .unfinished = (index_header_word(header, WORD_VERIFIED) & IS_UNFINISHED) != 0,
        .ends = {index_header_word(header, WORD_HEAD), index_header_word(header, WORD_TAIL), true},
    };
    const uint64_t content = index_header_word(header, WORD_CONTENT);
    key->covered = content != 0 ? content : key->size;
    key->settled = true;
    return 0;
}

static void fill_key(struct index_header *header, const struct index_key *key)
{
    index_header_set(header, WORD_SIZE, key->size);
    index_header_set(header, WORD_MTIME, (uint64_t)key->mtime.tv_sec);
    index_header_set(header, WORD_MTIME_NS, (uint64_t)key->mtime.tv_nsec);
    index_header_set(header, WORD_CTIME, (uint64_t)key->ctime.tv_sec);
    index_header_set(header, WORD_CTIME_NS, (uint64_t)key->ctime.tv_nsec);
    index_header_set(header, WORD_HEAD, key->ends.first);
    index_header_set(header, WORD_TAIL, key->ends.last);
    index_header_set(header, WORD_INODE, key->inode);
    index_header_set(header, WORD_BIRTH, (uint64_t)key->birth.tv_sec);
    index_header_set(header, WORD_BIRTH_NS, (uint64_t)key->birth.tv_nsec);
    index_header_set(header, WORD_FILE_SYSTEM, key->file_system.words[0]);
    index_header_set(header, WORD_FILE_SYSTEM_2, key->file_system.words[1]);
    index_header_set(header, WORD_SAMPLE, key->sample);
    index_header_set(header, WORD_VERIFIED,
                     (key->verified ? IS_VERIFIED : 0) | (key->unfinished ? IS_UNFINISHED : 0));
}

void index_header_fill(struct index_header *header, const struct index_key *key)
{
    index_header_set(header, WORD_MAGIC, magic);
    index_header_set(header, WORD_VERSION, version_word(key->format, key->content));
    fill_key(header, key);
}

/* --- the rest of a file ----------------------------------------------------------------------- */

int index_header_check_length(int fd, const struct index_header *header)
{
    struct stat attributes;

    if (fstat(fd, &attributes) != 0)
        return -errno;
    uint64_t length = (uint64_t)attributes.st_size;
    return length >= sizeof(*header) &&
                   length - sizeof(*header) == index_header_word(header, WORD_BODY)
               ? 0
               : -WRONG_INDEX;
}

uint64_t index_header_finish_digest(XXH3_state_t *digest, const struct index_header *header)
{
    (void)XXH3_64bits_update(digest, header->words, WORD_DIGEST * sizeof(header->words[0]));
    return XXH3_64bits_digest(digest);
}

int index_header_write_part(int fd, const void *bytes, size_t length, uint64_t offset)
{
    const char *next = bytes;
    while (length > 0) {
        ssize_t put = pwrite(fd, next, length, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        next += put;
        offset += (uint64_t)put;
        length -= (size_t)put;
    }
    return 0;
}
