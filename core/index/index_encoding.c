/* SPDX-License-Identifier: MIT */
#include "core/index/index_encoding.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/index/index_header.h"

enum {
    DENSE = 1,           /* in the first word of a group */
    BUFFER = 128 * 1024, /* bytes; more than a group takes */
    GROUP_MOST = 2 * sizeof(uint64_t) + INDEX_GROUP * sizeof(uint32_t), /* bytes */
    DENSE_FROM = INDEX_GROUP - 1, /* filled blocks; from here on the dense form is not longer */
};

/* --- reading --------------------------------------------------------------------------------- */

/* Reads what follows the words, from start to end. */
struct index_reader {
    XXH3_state_t digest;
    uint64_t offset;     /* of the next byte that is not in the buffer */
    uint64_t left;       /* bytes from there to the end */
    const uint8_t *next; /* in the buffer */
    size_t held;         /* bytes from there on */
    uint8_t *buffer;     /* of BUFFER bytes; owned by the caller */
    int fd;
};

/* Fills the buffer again. */
static int refill_buffer(struct index_reader *reader)
{
    memmove(reader->buffer, reader->next, reader->held);
    size_t more = (size_t)min_u64(BUFFER - reader->held, reader->left);
    int error =
        index_header_read_part(reader->fd, reader->buffer + reader->held, more, reader->offset);
    if (error != 0)
        return error;
    (void)XXH3_64bits_update(&reader->digest, reader->buffer + reader->held, more);
    reader->next = reader->buffer;
    reader->held += more;
    reader->offset += more;
    reader->left -= more;
    return 0;
}

static int take_bytes(struct index_reader *reader, void *bytes, size_t length)
{
    if (length > reader->held)
        return -WRONG_INDEX;
    memcpy(bytes, reader->next, length);
    reader->next += length;
    reader->held -= length;
    return 0;
}

static int take_word(struct index_reader *reader, uint64_t *word)
{
    int error = take_bytes(reader, word, sizeof(*word));
    *word = le64toh(*word);
    return error;
}

/* Reads the counts of the blocks that have a bit, to their places. */
static int take_counts(struct index_reader *reader, const struct record_format *format,
                       uint64_t blocks, struct group_counts *counts)
{
    for (uint64_t rest = blocks; rest != 0; rest &= rest - 1) {
        const int block = __builtin_ctzll(rest);
        uint32_t word = 0;
        int error = take_bytes(reader, &word, sizeof(word));
        word = le32toh(word);
        counts->of[block] = index_word_ends(word);
        counts->states[block] = index_word_state(word);
        if (error != 0 || counts->of[block] > INDEX_BLOCK ||
            counts->states[block] >= format->states)
            return -WRONG_INDEX;
    }
    return 0;
}

/* Whether the index has all blocks of group `number` that have counts. */
static bool has_blocks(const struct record_index *index, uint64_t number,
                       const struct group_counts *counts)
{
    uint64_t block = index->blocks - number * INDEX_GROUP;
    for (; block < INDEX_GROUP; block++)
        if (counts->of[block] != 0)
            return false;
    return true;
}

/* Reads a group into the index. Its number must be at least *least, which moves past it. */
static int read_group(struct index_reader *reader, struct record_index *index, uint64_t *least)
{
    struct group_counts counts = {.of = {0}};
    uint64_t word = 0;
    uint64_t blocks = UINT64_MAX;
    int error = reader->held < GROUP_MOST && reader->left > 0 ? refill_buffer(reader) : 0;

    if (error == 0)
        error = take_word(reader, &word);
    if (error == 0 && (word & DENSE) == 0)
        error = take_word(reader, &blocks);
    if (error == 0)
        error = take_counts(reader, index->format, blocks, &counts);
    if (error != 0)
        return error;
    uint64_t number = word >> 1;
    if (number < *least || number > index->blocks / INDEX_GROUP ||
        !has_blocks(index, number, &counts))
        return -WRONG_INDEX;
    *least = number + 1;
    return record_index_add_group(index, number, &counts);
}

int index_decode_key(int fd, struct index_key *key)
{
    struct index_header header;
    return index_header_read(fd, &header, key);
}

/* Sets the states at the end of what the index covers. Returns whether there are such states. */
static bool set_states(struct record_index *index, uint64_t word)
{
    index->chosen = index->size;
    index->state = (uint8_t)word;
    index->block_state = (uint8_t)(word >> 8);
    return index->state < index->format->states && index->block_state < index->format->states;
}

/* Reads all groups, and accepts them if the digest is right. */
static int read_groups(struct index_reader *reader, const struct index_header *header,
                       struct record_index *index)
{
    uint64_t least = 0;
    int error = 0;

    (void)XXH3_64bits_reset(&reader->digest);
    for (uint64_t i = 0; i < index_header_word(header, WORD_GROUPS) && error == 0; i++)
        error = read_group(reader, index, &least);
    if (error != 0)
        return error;
    if (reader->held > 0 || reader->left > 0 ||
        index_header_finish_digest(&reader->digest, header) !=
            index_header_word(header, WORD_DIGEST))
        return -WRONG_INDEX;
    if (!set_states(index, index_header_word(header, WORD_STATES)))
        return -WRONG_INDEX;
    record_index_finish(index, index_header_word(header, WORD_ENDS_OPEN) != 0);
    atomic_init(&index->holes, index_header_word(header, WORD_HOLES) != 0);
    return record_index_ends(index) == index_header_word(header, WORD_RECORD_ENDS) ? 0
                                                                                   : -WRONG_INDEX;
}

int index_decode(int fd, struct index_key *key, struct record_index **index)
{
    struct index_header header;
    int error = index_header_read(fd, &header, key);
    if (error == 0 && key->format == NULL)
        error = -WRONG_INDEX; /* a map */
    if (error == 0)
        error = index_header_check_length(fd, &header);
    if (error != 0)
        return error;
    AUTO_FREE uint8_t *buffer = malloc(BUFFER);
    uint64_t content = index_header_word(&header, WORD_CONTENT);
    struct record_index *read =
        record_index_new(key->format, content != 0 ? content : key->size, NULL);
    struct index_reader reader = {
        .fd = fd,
        .offset = sizeof(header),
        .left = index_header_word(&header, WORD_BODY),
        .next = buffer,
        .buffer = buffer,
    };
    error = buffer == NULL || read == NULL ? -ENOMEM : read_groups(&reader, &header, read);
    if (error != 0) {
        record_index_unref(read);
        return error;
    }
    *index = read;
    return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

struct index_writer {
    XXH3_state_t digest;
    uint64_t offset; /* in the file, of the buffer */
    size_t held;     /* bytes in the buffer */
    uint8_t *buffer; /* of BUFFER bytes; owned by the caller */
    int fd;
};

static int flush(struct index_writer *writer)
{
    (void)XXH3_64bits_update(&writer->digest, writer->buffer, writer->held);
    int error = index_header_write_part(writer->fd, writer->buffer, writer->held, writer->offset);
    writer->offset += writer->held;
    writer->held = 0;
    return error;
}

static void put_bytes(struct index_writer *writer, const void *bytes, size_t length)
{
    memcpy(writer->buffer + writer->held, bytes, length);
    writer->held += length;
}

static void put_word(struct index_writer *writer, uint64_t word)
{
    word = htole64(word);
    put_bytes(writer, &word, sizeof(word));
}

static int write_group(struct index_writer *writer, const struct record_index *index,
                       const struct index_group *group)
{
    bool dense = __builtin_popcountll(group->blocks) >= DENSE_FROM;
    const uint32_t *count = index->counts + group->first;
    int error = BUFFER - writer->held < GROUP_MOST ? flush(writer) : 0;

    put_word(writer, group->number << 1 | (dense ? DENSE : 0));
    if (!dense)
        put_word(writer, group->blocks);
    for (unsigned block = 0; block < INDEX_GROUP; block++) {
        bool filled = (group->blocks >> block & 1) != 0;
        const uint32_t value = htole32(filled ? *count++ : 0);
        if (filled || dense)
            put_bytes(writer, &value, sizeof(value));
    }
    return error;
}

/* Fills in the words of a finished index, but for WORD_BODY and WORD_DIGEST. */
static void fill_counts(struct index_header *header, const struct index_key *key,
                        const struct record_index *index)
{
    index_header_fill(header, key);
    index_header_set(header, WORD_CONTENT, index->size != key->size ? index->size : 0);
    index_header_set(header, WORD_ENDS_OPEN, index->ends_open ? 1 : 0);
    index_header_set(header, WORD_RECORD_ENDS, record_index_ends(index));
    index_header_set(header, WORD_HOLES, atomic_load(&index->holes) ? 1 : 0);
    index_header_set(header, WORD_GROUPS, index->group_count);
    index_header_set(header, WORD_STATES, index->state | (uint64_t)index->block_state << 8);
}

int index_encode(int fd, const struct index_key *key, const struct record_index *index)
{
    struct index_header header = {0};
    AUTO_FREE uint8_t *buffer = malloc(BUFFER);
    struct index_writer writer = {.fd = fd, .offset = sizeof(header), .buffer = buffer};
    int error = buffer != NULL ? 0 : -ENOMEM;

    (void)XXH3_64bits_reset(&writer.digest);
    for (size_t i = 0; i < index->group_count && error == 0; i++)
        error = write_group(&writer, index, &index->groups[i]);
    if (error == 0)
        error = flush(&writer);
    if (error != 0)
        return error;
    fill_counts(&header, key, index);
    index_header_set(&header, WORD_BODY, writer.offset - sizeof(header));
    index_header_set(&header, WORD_DIGEST, index_header_finish_digest(&writer.digest, &header));
    return index_header_write_part(fd, &header, sizeof(header), 0);
}

static uint64_t kept_index_size(const void *kept)
{
    const struct record_index *index = kept;
    uint64_t size = sizeof(struct index_header);

    for (size_t i = 0; i < index->group_count; i++) {
        const unsigned filled = (unsigned)__builtin_popcountll(index->groups[i].blocks);
        size += filled >= DENSE_FROM ? sizeof(uint64_t) + INDEX_GROUP * sizeof(uint32_t)
                                     : 2 * sizeof(uint64_t) + filled * sizeof(uint32_t);
    }
    return size;
}

/* --- in the index directory ------------------------------------------------------------------- */

static int decode_kept_index(int fd, struct index_key *key, void **kept)
{
    struct record_index *index = NULL;
    int error = index_decode(fd, key, &index);
    *kept = index;
    return error;
}

static int encode_kept_index(int fd, const struct index_key *key, void *kept)
{
    return index_encode(fd, key, kept);
}

static void release_kept_index(void *kept)
{
    record_index_unref(kept);
}

/* Growth may have filled its holes. */
static bool index_may_grow(const void *kept)
{
    const struct record_index *index = kept;
    return !atomic_load(&index->holes);
}

const struct kept_type index_kept_type = {
    .name = "index",
    .size = kept_index_size,
    .decode = decode_kept_index,
    .encode = encode_kept_index,
    .release = release_kept_index,
    .may_grow = index_may_grow,
};
