/* SPDX-License-Identifier: MIT */
/* Outcomes of bigfs are no errnos, and no answer of a file system to a read ends a loop wrongly. */
#include "core/base/outcome.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "core/file/read_fully.h"
#include "support.h"

enum { MAX_ERRNO = 4095 };

static const int outcomes[] = {CANCELLED,    AWAITS_INDEX,   WRONG_INDEX,  TRY_AGAIN,
                               NOT_AT_ONCE,  FILE_TOO_SHORT, NOT_MAPPABLE, NOT_UNCACHED,
                               NO_MORE_DATA, NO_MORE_PIECES, NO_BUILD};

static int read_errno; /* 0, or what pread(2) fails with */
static unsigned reads;

ssize_t __real_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __real_pread64(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset);
ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset);

ssize_t __wrap_pread(int fd, void *buffer, size_t length, off_t offset)
{
    reads++;
    if (read_errno == 0)
        return __real_pread(fd, buffer, length, offset);
    errno = read_errno;
    return -1;
}

ssize_t __wrap_pread64(int fd, void *buffer, size_t length, off_t offset)
{
    return __wrap_pread(fd, buffer, length, offset);
}

static void test_outcomes_are_no_errnos(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(outcomes); i++)
        assert_true(outcomes[i] > MAX_ERRNO);
}

static void test_outcomes_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(outcomes); i++)
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(outcomes[i], outcomes[j]);
}

/*
 * Every errno of a read comes back after a few calls, as itself or as EIO, never as an outcome of
 * bigfs.
 */
static void test_errnos_of_reads(void **state)
{
    char byte;

    (void)state;
    for (read_errno = 1; read_errno <= 133; read_errno++) {
        bool other = read_errno == EINTR || read_errno == ENOENT;
        reads = 0;
        assert_int_equal(read_fully(-1, &byte, 1, 0), other ? -EIO : -read_errno);
        assert_in_range(reads, 1, 16);
    }
    read_errno = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes_are_no_errnos),
        cmocka_unit_test(test_outcomes_differ),
        cmocka_unit_test(test_errnos_of_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
