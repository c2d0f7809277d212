/* SPDX-License-Identifier: MIT */
/* notify_socket: which sockets it speaks to, what it sends, and that no other program does so. */
#include "tests/unit/support.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fs/command/notify_socket.h"

static char directory[] = "/tmp/bigfs-unit-XXXXXX";

/* Opens a manager's socket. `name` begins with @ in the abstract namespace. */
static int open_manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t length = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (const struct sockaddr *)&address,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
                     0);
    return fd;
}

static void assert_heard(int manager, const char *wanted)
{
    char text[200];
    ssize_t length = recv(manager, text, sizeof(text), 0);

    assert_int_equal(length, strlen(wanted));
    assert_memory_equal(text, wanted, (size_t)length);
    assert_int_equal(recv(manager, text, sizeof(text), 0), -1);
}

static void check_address(const char *name)
{
    struct notify_socket notify;
    int manager = open_manager(name);

    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    notify_open(&notify);
    assert_null(getenv("NOTIFY_SOCKET"));
    notify_send(&notify, "READY=%d\nSTATUS=%s", 1, "well");
    assert_heard(manager, "READY=1\nSTATUS=well");
    notify_close(&notify);
    (void)close(manager);
}

static void test_a_path(void **state)
{
    char path[sizeof(directory) + 10];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/socket", directory);
    check_address(path);
    (void)unlink(path);
}

static void test_an_abstract_name(void **state)
{
    char name[100];

    (void)state;
    (void)snprintf(name, sizeof(name), "@bigfs-unit-%d", (int)getpid());
    check_address(name);
}

static void test_what_is_no_address(void **state)
{
    static const char *const names[] = {"", "@", "/", "relative", "vsock:2:1"};
    char longest[200];
    struct notify_socket notify;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        notify_open(&notify);
        assert_int_equal(notify.fd, -1);
        assert_null(getenv("NOTIFY_SOCKET"));
        notify_send(&notify, "READY=1");
    }
    memset(longest, '/', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(setenv("NOTIFY_SOCKET", longest, 1), 0);
    notify_open(&notify);
    assert_int_equal(notify.fd, -1);
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    notify_open(&notify);
    assert_int_equal(notify.fd, -1);
    notify_close(&notify);
}

/* A manager that does not read holds up nothing for long. */
static void test_a_manager_that_does_not_read(void **state)
{
    char name[100];
    struct notify_socket notify;
    char byte;

    (void)state;
    (void)snprintf(name, sizeof(name), "@bigfs-unit-%d-full", (int)getpid());
    int manager = open_manager(name);
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    notify_open(&notify);
    while (sendto(notify.fd, "x", 1, MSG_DONTWAIT, (const struct sockaddr *)&notify.address,
                  notify.length) == 1)
        ;
    assert_int_equal(errno, EAGAIN);
    notify_send(&notify, "READY=1");
    while (recv(manager, &byte, 1, 0) == 1)
        assert_int_equal(byte, 'x');
    notify_close(&notify);
    (void)close(manager);
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_path),
        cmocka_unit_test(test_an_abstract_name),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_a_manager_that_does_not_read),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
