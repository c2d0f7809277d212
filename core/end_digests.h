/* Digests of the first and the last block of a file: what tells appending from rewriting. */
#ifndef BIGFS_CORE_END_DIGESTS_H
#define BIGFS_CORE_END_DIGESTS_H

#include <stdbool.h>
#include <stdint.h>

struct end_digests {
    uint64_t head; /* XXH3 of the first block of 4 KiB, or of what there is of it */
    uint64_t tail; /* of the block with the last byte, up to that */
    bool readable; /* else the others mean nothing */
};

/*
 * Digests the ends of the first `size` bytes of a file. Reads two blocks, blocking as pread(2).
 * Thread-safe. Returns 0, -ESTALE where the file is shorter, or a read error.
 */
int end_digests_read(int fd, uint64_t size, struct end_digests *digests);

/* Whether both are readable and equal. */
bool end_digests_equal(const struct end_digests *a, const struct end_digests *b);

#endif
