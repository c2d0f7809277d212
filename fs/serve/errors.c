/* SPDX-License-Identifier: MIT */
#include "fs/serve/errors.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/base/outcome.h"

/*
 * An error that is not in this table becomes EIO, as disks and file systems fail in many ways.
 * EINTR, EAGAIN and the like come from a misbehaving file system; bigfs itself uses CANCELLED and
 * the like.
 */
static const struct {
    int error;
    int answer;
    int64_t patience_ms;
} answers[] = {
    {CANCELLED, EINTR, 0},
    {KEPT_PART, EINTR, 0},
    {MET_OURSELVES, ELOOP, 0},
    {NO_DESCRIPTOR, EMFILE, 10L * 1000},
    {HELD_BY_LEASE, EIO, 60L * 1000}, /* leases are broken sooner */
    /* ESTALE makes the kernel look the name up again and find what is there now. */
    {WRONG_INDEX, ESTALE, 0},
    {TRY_AGAIN, ESTALE, 0},
    {EXDEV, ESTALE, 0}, /* a component became a link or mount that leads out */
    {ELOOP, ESTALE, 0}, /* a component became a symbolic link */
    {ENOTDIR, ESTALE, 0},
    {EACCES, EACCES, 0},
    {EFBIG, EFBIG, 0}, /* a table or an index that would be too large */
    {EINVAL, EINVAL, 0},
    {EISDIR, EISDIR, 0},
    {EKEYEXPIRED, EKEYEXPIRED, 0}, /* a key of a network or an encrypted file, not a failing disk */
    {EMFILE, EMFILE, 0},
    {ENAMETOOLONG, ENAMETOOLONG, 0},
    {ENFILE, ENFILE, 0},
    {ENOENT, ENOENT, 0},
    {ENOKEY, ENOKEY, 0},
    {ENOMEM, ENOMEM, 0},
    {EPERM, EPERM, 0},
    {EROFS, EROFS, 0},
    {ESTALE, ESTALE, 0},
};

enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

int error_for_reader(int error)
{
    for (size_t i = 0; i < ANSWERS; i++)
        if (answers[i].error == -error)
            return answers[i].answer;
    return EIO;
}

const char *error_cause(int error)
{
    if (error == -SIZE_UNTOLD)
        return "it has bytes, but reports the size 0";
    if (error == -HELD_BY_LEASE)
        return "another process holds a lease on it";
    if (error == -EIO)
        return "";
    return -error < CANCELLED ? strerror(-error) : "it changed meanwhile";
}

bool error_is_answer(int answer)
{
    for (size_t i = 0; i < ANSWERS; i++)
        if (answers[i].answer == answer)
            return true;
    return answer == EIO;
}

int64_t error_patience_ms(int error)
{
    for (size_t i = 0; i < ANSWERS; i++)
        if (answers[i].error == -error)
            return answers[i].patience_ms;
    return 0;
}
