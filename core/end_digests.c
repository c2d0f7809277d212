#include "core/end_digests.h"

#include <errno.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/checked.h"
#include "core/read_fully.h"

enum { BLOCK = 4096 };

/* The digest of the bytes [start, end), at most a block. A file that is shorter gives -ESTALE. */
static int digest_bytes(int fd, uint64_t start, uint64_t end, uint64_t *digest)
{
    unsigned char block[BLOCK];
    size_t wanted = (size_t)(end - start);
    int error = read_fully(fd, block, wanted, start);

    if (error != 0)
        return error == -ENODATA ? -ESTALE : error;
    *digest = XXH3_64bits(block, wanted);
    return 0;
}

int end_digests_read(int fd, uint64_t size, struct end_digests *digests)
{
    uint64_t last_block = size > 0 ? (size - 1) / BLOCK * BLOCK : 0;
    int error = digest_bytes(fd, 0, min_u64(size, BLOCK), &digests->head);
    if (error == 0)
        error = digest_bytes(fd, last_block, size, &digests->tail);
    digests->readable = error == 0;
    return error;
}

bool end_digests_equal(const struct end_digests *a, const struct end_digests *b)
{
    return a->readable && b->readable && a->head == b->head && a->tail == b->tail;
}
