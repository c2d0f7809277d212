/* SPDX-License-Identifier: MIT */
/*
 * What a function writes to standard output or standard error.
 *
 * For one file of a program, and its main thread. Nothing between capture_begin() and capture_end()
 * may fail the test, as the descriptor would stay redirected.
 */
#ifndef BIGFS_TESTS_CAPTURE_H
#define BIGFS_TESTS_CAPTURE_H

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CAPTURE_MOST = 64 * 1024 };

struct capture {
    int descriptor; /* STDOUT_FILENO or STDERR_FILENO */
    int saved;      /* what it was before; owned */
    int file;       /* what it is now; owned */
};

static struct capture capture_begin(int descriptor)
{
    struct capture capture = {descriptor, dup(descriptor), memfd_create("capture", MFD_CLOEXEC)};
    (void)fflush(NULL);
    if (capture.saved < 0 || capture.file < 0 || dup2(capture.file, descriptor) < 0)
        fail_msg("nothing can be captured");
    return capture;
}

/* Returns the text, which is overwritten by the next call. */
static const char *capture_end(struct capture *capture)
{
    static char text[CAPTURE_MOST];

    (void)fflush(NULL);
    ssize_t length = pread(capture->file, text, sizeof(text) - 1, 0);
    (void)dup2(capture->saved, capture->descriptor);
    (void)close(capture->saved);
    (void)close(capture->file);
    assert_in_range(length, 0, (ssize_t)sizeof(text) - 2);
    text[length] = '\0';
    return text;
}

#endif
