#include "core/index_file.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/checked.h"
#include "core/cleanup.h"
#include "core/read_fully.h"

enum word {
    WORD_MAGIC,
    WORD_VERSION,
    WORD_SIZE,
    WORD_MTIME,
    WORD_MTIME_NS,
    WORD_CTIME,
    WORD_CTIME_NS,
    WORD_HEAD,
    WORD_TAIL,
    WORD_ENDS_OPEN,
    WORD_LINE_ENDS,
    WORD_HOLES,
    WORD_INODE,
    WORD_DIGEST = 15,
    WORDS,
};

enum { VERSION = 1, FORMAT_LINES = 0 };

static const uint64_t magic = UINT64_C(0x786469736667690a); /* "\nigfsidx", read backwards */

struct header {
    uint64_t words[WORDS]; /* as in the file */
};

static uint64_t word_of(const struct header *header, enum word word)
{
    return le64toh(header->words[word]);
}

static void set_word(struct header *header, enum word word, uint64_t value)
{
    header->words[word] = htole64(value);
}

static uint64_t digest_of(const struct header *header, const uint32_t *counts, size_t blocks)
{
    XXH3_state_t state;
    (void)XXH3_64bits_reset(&state);
    (void)XXH3_64bits_update(&state, header->words, WORD_DIGEST * sizeof(header->words[0]));
    (void)XXH3_64bits_update(&state, counts, blocks * sizeof(counts[0]));
    return XXH3_64bits_digest(&state);
}

/* The counts are kept as they are in memory, where that is as in the file. */
static void swap_counts(uint32_t *counts, size_t blocks)
{
    for (size_t i = 0; i < blocks && BYTE_ORDER == BIG_ENDIAN; i++)
        counts[i] = le32toh(counts[i]);
}

/* An index that is too short is a damaged one. */
static int read_part(int fd, void *buffer, size_t length, uint64_t offset)
{
    int error = read_fully(fd, buffer, length, offset);
    return error == -ENODATA ? -WRONG_INDEX : error;
}

static int read_header(int fd, struct header *header, struct index_key *key)
{
    int error = read_part(fd, header, sizeof(*header), 0);
    if (error != 0)
        return error;
    if (word_of(header, WORD_MAGIC) != magic ||
        word_of(header, WORD_VERSION) != (VERSION | (uint64_t)FORMAT_LINES << 32) ||
        word_of(header, WORD_SIZE) > OFFSET_MAX)
        return -WRONG_INDEX;
    *key = (struct index_key){
        .size = word_of(header, WORD_SIZE),
        .mtime = {(time_t)word_of(header, WORD_MTIME), (long)word_of(header, WORD_MTIME_NS)},
        .ctime = {(time_t)word_of(header, WORD_CTIME), (long)word_of(header, WORD_CTIME_NS)},
        .inode = word_of(header, WORD_INODE),
        .ends = {word_of(header, WORD_HEAD), word_of(header, WORD_TAIL), true},
    };
    return 0;
}

int index_file_read_key(int fd, struct index_key *key)
{
    struct header header;
    return read_header(fd, &header, key);
}

/* The file must have the length that its header says before memory is taken for it. */
static int check_length(int fd, const struct index_key *key)
{
    struct stat attributes;
    uint64_t blocks = key->size / LINE_BLOCK + (key->size % LINE_BLOCK != 0 ? 1 : 0);

    if (fstat(fd, &attributes) != 0)
        return -errno;
    return (uint64_t)attributes.st_size == sizeof(struct header) + blocks * sizeof(uint32_t)
               ? 0
               : -WRONG_INDEX;
}

int index_file_read(int fd, struct index_key *key, struct line_index **index)
{
    struct header header;
    int error = read_header(fd, &header, key);
    if (error == 0)
        error = check_length(fd, key);
    if (error != 0)
        return error;
    struct line_index *read = line_index_new(key->size, NULL);
    if (read == NULL)
        return -ENOMEM;
    error = read_part(fd, read->counts, read->blocks * sizeof(read->counts[0]), sizeof(header));
    if (error == 0 &&
        digest_of(&header, read->counts, read->blocks) != word_of(&header, WORD_DIGEST))
        error = -WRONG_INDEX;
    swap_counts(read->counts, read->blocks);
    line_index_finish(read, word_of(&header, WORD_ENDS_OPEN) != 0);
    atomic_init(&read->holes, word_of(&header, WORD_HOLES) != 0);
    if (error == 0 && line_index_ends(read) != word_of(&header, WORD_LINE_ENDS))
        error = -WRONG_INDEX;
    if (error != 0) {
        line_index_unref(read);
        return error;
    }
    *index = read;
    return 0;
}

static int write_all(int fd, const void *bytes, size_t length)
{
    const char *next = bytes;
    while (length > 0) {
        ssize_t put = write(fd, next, length);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        next += put;
        length -= (size_t)put;
    }
    return 0;
}

int index_file_write(int fd, const struct index_key *key, const struct line_index *index)
{
    const size_t length = index->blocks * sizeof(index->counts[0]);
    struct header header = {0};
    AUTO_FREE uint32_t *counts = malloc(length + 1);

    if (counts == NULL)
        return -ENOMEM;
    memcpy(counts, index->counts, length);
    swap_counts(counts, index->blocks);
    set_word(&header, WORD_MAGIC, magic);
    set_word(&header, WORD_VERSION, VERSION | (uint64_t)FORMAT_LINES << 32);
    set_word(&header, WORD_SIZE, key->size);
    set_word(&header, WORD_MTIME, (uint64_t)key->mtime.tv_sec);
    set_word(&header, WORD_MTIME_NS, (uint64_t)key->mtime.tv_nsec);
    set_word(&header, WORD_CTIME, (uint64_t)key->ctime.tv_sec);
    set_word(&header, WORD_CTIME_NS, (uint64_t)key->ctime.tv_nsec);
    set_word(&header, WORD_HEAD, key->ends.first);
    set_word(&header, WORD_TAIL, key->ends.last);
    set_word(&header, WORD_ENDS_OPEN, index->ends_open ? 1 : 0);
    set_word(&header, WORD_LINE_ENDS, line_index_ends(index));
    set_word(&header, WORD_HOLES, atomic_load(&index->holes) ? 1 : 0);
    set_word(&header, WORD_INODE, key->inode);
    set_word(&header, WORD_DIGEST, digest_of(&header, counts, index->blocks));
    int error = write_all(fd, &header, sizeof(header));
    return error != 0 ? error : write_all(fd, counts, length);
}
