/* SPDX-License-Identifier: MIT */
/* reply, server and errors: each reply is counted once, for its operation, as what it is. */
#include "tests/unit/support.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/outcome.h"
#include "fs/serve/errors.h"
#include "fs/serve/reply.h"
#include "fs/serve/server.h"

/* What libfuse was given: how often, and the last errno and size. */
static struct {
    unsigned replies;
    int answer;
    size_t bytes;
    int result; /* of replies that may fail */
} given;

static struct server server;

void *__wrap_fuse_req_userdata(fuse_req_t fuse);
int __wrap_fuse_reply_err(fuse_req_t fuse, int answer);
void __wrap_fuse_reply_none(fuse_req_t fuse);
int __wrap_fuse_reply_buf(fuse_req_t fuse, const char *bytes, size_t size);
int __wrap_fuse_reply_attr(fuse_req_t fuse, const struct stat *attributes, double believed);
int __wrap_fuse_reply_entry(fuse_req_t fuse, const struct fuse_entry_param *entry);
int __wrap_fuse_reply_open(fuse_req_t fuse, const struct fuse_file_info *file);

void *__wrap_fuse_req_userdata(fuse_req_t fuse)
{
    (void)fuse;
    return &server;
}

int __wrap_fuse_reply_err(fuse_req_t fuse, int answer)
{
    (void)fuse;
    given.replies++;
    given.answer = answer;
    return 0;
}

void __wrap_fuse_reply_none(fuse_req_t fuse)
{
    (void)fuse;
    given.replies++;
}

int __wrap_fuse_reply_buf(fuse_req_t fuse, const char *bytes, size_t size)
{
    (void)fuse;
    (void)bytes;
    given.replies++;
    given.bytes = size;
    return 0;
}

int __wrap_fuse_reply_attr(fuse_req_t fuse, const struct stat *attributes, double believed)
{
    (void)fuse;
    (void)attributes;
    (void)believed;
    given.replies++;
    return 0;
}

int __wrap_fuse_reply_entry(fuse_req_t fuse, const struct fuse_entry_param *entry)
{
    (void)fuse;
    (void)entry;
    given.replies++;
    return given.result;
}

int __wrap_fuse_reply_open(fuse_req_t fuse, const struct fuse_file_info *file)
{
    (void)fuse;
    (void)file;
    given.replies++;
    return given.result;
}

static void run_nothing(struct request *request)
{
    (void)request;
}

static const struct operation first_operation = {
    .name = "first", .run = run_nothing, .refuse = reply_error};
static const struct operation second_operation = {
    .name = "second", .run = run_nothing, .refuse = reply_error};
static const struct operation *const two_operations[] = {&first_operation, &second_operation, NULL};

static void describe_nothing(const struct request *request, char *text, size_t size)
{
    (void)request;
    (void)snprintf(text, size, "a/name");
}

static int setup(void **state)
{
    static const unsigned lanes[LANES] = {2, 2, 2, 2};
    (void)state;
    memset(&given, 0, sizeof(given));
    int error = server_init(&server, two_operations, lanes);
    server.describe = describe_nothing;
    return error;
}

static int teardown(void **state)
{
    (void)state;
    server_destroy(&server);
    return 0;
}

static void assert_counts(size_t number, uint64_t requests, uint64_t failures, uint64_t bytes)
{
    const struct operation_counts *counts = &server.counts[number];
    assert_int_equal(histogram_count(&counts->times), requests);
    assert_int_equal(atomic_load(&counts->failures), failures);
    assert_int_equal(atomic_load(&counts->bytes), bytes);
}

static void test_each_reply_is_counted(void **state)
{
    const struct request first = request_begin(&first_operation, NULL, 1);
    const struct request second = request_begin(&second_operation, NULL, 1);
    const struct fuse_entry_param entry = {.ino = 1};
    const struct stat attributes = {.st_ino = 1};
    (void)state;

    reply_data(&first, "abc", 3);
    reply_data(&first, "abcde", 5);
    reply_nothing(&second);
    reply_attributes(&second, &attributes, 1);
    assert_true(reply_entry(&second, &entry));
    assert_true(reply_open(&second));
    reply_errno(&second, ENODATA); /* an answer, and no failure */
    reply_error(&second, -ENOENT);
    assert_int_equal(given.replies, 8);
    assert_counts(0, 2, 0, 8);
    assert_counts(1, 6, 1, 0);
    assert_int_equal(server_requests(&server, "first"), 2);
    assert_int_equal(server_requests(&server, "second"), 6);
    assert_int_equal(server_requests(&server, "third"), 0);
}

/* The time is from when the request was received. */
static void test_time(void **state)
{
    struct request request = request_begin(&first_operation, NULL, 1);
    (void)state;

    request.began -= 5000000000;
    reply_nothing(&request);
    assert_true(atomic_load(&server.counts[0].times.nanoseconds) >= 5000000000);
    request.began += 100000000000; /* not less than nothing */
    uint64_t before = atomic_load(&server.counts[0].times.nanoseconds);
    reply_nothing(&request);
    assert_int_equal(atomic_load(&server.counts[0].times.nanoseconds), before);
}

/* The reference is the caller's again if the kernel did not take it. */
static void test_nobody_waits(void **state)
{
    const struct request request = request_begin(&first_operation, NULL, 1);
    const struct fuse_entry_param entry = {.ino = 1};
    (void)state;

    given.result = -ENOENT;
    assert_false(reply_entry(&request, &entry));
    assert_false(reply_open(&request));
}

static void test_failures_by_kind(void **state)
{
    const struct request request = request_begin(&first_operation, NULL, 1);
    (void)state;

    reply_error(&request, -CANCELLED);
    assert_int_equal(given.answer, EINTR);
    reply_error(&request, -ESTALE);
    assert_int_equal(given.answer, ESTALE);
    reply_error(&request, -EREMOTEIO);
    assert_int_equal(given.answer, EIO);
    assert_counts(0, 3, 3, 0);
    assert_int_equal(server_errors(&server, EINTR), 1);
    assert_int_equal(server_errors(&server, ESTALE), 1);
    assert_int_equal(server_errors(&server, EIO), 1);
    assert_int_equal(server_errors(&server, ENOENT), 0);
    assert_int_equal(server_errors(&server, MOST_ERRNO + 1), 0);
}

/* Every errno there may be: an answer is an errno that a reader can understand, or EIO. */
static void test_all_errors(void **state)
{
    static const int known[] = {EINTR,  ELOOP,  EMFILE,      EIO,    ESTALE, EACCES,
                                EFBIG,  EINVAL, EISDIR,      ENFILE, ENOENT, ENAMETOOLONG,
                                ENOKEY, ENOMEM, EKEYEXPIRED, EPERM,  EROFS};
    (void)state;

    for (int error = 1; error < 5000; error++) {
        int answer = error_for_reader(-error);
        bool is_known = false;
        for (size_t i = 0; i < LENGTH_OF(known); i++)
            is_known = is_known || known[i] == answer;
        assert_true(is_known);
        assert_true(answer <= MOST_ERRNO && error_is_answer(answer));
        assert_true(error_patience_ms(-error) >= 0);
    }
    assert_false(error_is_answer(EAGAIN));
    assert_int_equal(error_for_reader(-EINTR),
                     EIO); /* of a disk, not of a reader that was killed */
    assert_int_equal(error_for_reader(-EAGAIN), EIO);
    assert_true(error_patience_ms(-HELD_BY_LEASE) > 0);
    assert_true(error_patience_ms(-NO_DESCRIPTOR) > 0);
    assert_int_equal(error_patience_ms(-ENOENT), 0);
}

#define REPLY_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REPLY_TEST(test_each_reply_is_counted),
        REPLY_TEST(test_time),
        REPLY_TEST(test_nobody_waits),
        REPLY_TEST(test_failures_by_kind),
        REPLY_TEST(test_all_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
