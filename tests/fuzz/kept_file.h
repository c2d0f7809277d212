/* SPDX-License-Identifier: MIT */
/*
 * Shared by the fuzz targets that read files of the index directory. Each includes this once.
 *
 *     input     1 byte      what is made right before the file is read
 *               the rest    the file
 *
 * No input has a right digest by chance, and few have the right words. So these are made right, as
 * the first byte says, and what is after the checks of them is reached too.
 */
#ifndef BIGFS_TESTS_KEPT_FILE_H
#define BIGFS_TESTS_KEPT_FILE_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum mending {
    MEND_SHAPE = 1,  /* magic, version and the length of what follows the words */
    MEND_COUNTS = 2, /* what the words say of what follows them */
    MEND_DIGEST = 4, /* of all that is in the file then */
    MEND_MORE = 8,   /* the target says what */
    MEND_ALL_IN_PLACE = MEND_SHAPE | MEND_COUNTS | MEND_DIGEST,
};

/* The words at the start of the file: see core/index/index_encoding.h. */
enum {
    MAGIC,
    VERSION,
    BODY = 13,
    DIGEST = 23,
    WORDS,
    WORDS_SIZE = WORDS * sizeof(uint64_t),
};

/* A file in memory, at least as long as the words. */
struct image {
    uint64_t *words; /* owned */
    size_t length;   /* bytes, words included */
};

static struct image written; /* by the program itself */
static int first_file;
static int second_file;

/* What a target defines: writes a small file to first_file; makes an image of the input, which has
 * at least as many bytes as the words; and reads a file of these bytes, and tries what was read. */
static void write_small(void);
static struct image mended(const uint8_t *bytes, size_t length, unsigned mending);
static void read_bytes(const void *bytes, size_t length);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void set_bytes(int fd, const void *bytes, size_t length)
{
    require(ftruncate(fd, 0) == 0);
    require(pwrite(fd, bytes, length, 0) == (ssize_t)length);
}

static void mend_shape(const struct image *image)
{
    image->words[MAGIC] = written.words[MAGIC];
    image->words[VERSION] = written.words[VERSION];
    image->words[BODY] = htole64(image->length - WORDS_SIZE);
}

static void mend_digest(const struct image *image)
{
    XXH3_state_t digest;

    (void)XXH3_64bits_reset(&digest);
    (void)XXH3_64bits_update(&digest, image->words + WORDS, image->length - WORDS_SIZE);
    (void)XXH3_64bits_update(&digest, image->words, DIGEST * sizeof(uint64_t));
    image->words[DIGEST] = htole64(XXH3_64bits_digest(&digest));
}

/* --- libFuzzer ------------------------------------------------------------------------------- */

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length);

/* Also sees that what is mended here is what the format has. */
int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count;
    (void)arguments;
    first_file = memfd_create("first", MFD_CLOEXEC);
    second_file = memfd_create("second", MFD_CLOEXEC);
    require(first_file >= 0 && second_file >= 0);
    write_small();
    written.length = (size_t)lseek(first_file, 0, SEEK_END);
    written.words = malloc(written.length);
    require(written.words != NULL);
    require(pread(first_file, written.words, written.length, 0) == (ssize_t)written.length);

    struct image same = mended((const uint8_t *)written.words, written.length, MEND_ALL_IN_PLACE);
    require(memcmp(same.words, written.words, written.length) == 0);
    free(same.words);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t length)
{
    if (length == 0)
        return 0;
    const unsigned mending = *input++;
    length--;
    if (length < WORDS_SIZE) {
        read_bytes(input, length);
        return 0;
    }
    struct image image = mended(input, length, mending);
    read_bytes(image.words, image.length);
    free(image.words);
    return 0;
}

#endif
