/* SPDX-License-Identifier: MIT */
/*
 * When a file is at rest.
 *
 * A write(2) moves the mtime when it begins, and the bytes and the size while it lasts. So a look
 * during a write may see attributes that will not change again, and bytes that will.
 *
 * All functions are thread-safe.
 */
#ifndef BIGFS_CORE_GENERATION_FILE_REST_H
#define BIGFS_CORE_GENERATION_FILE_REST_H

#include "core/file/file_identity.h"

/*
 * Waits until the file has not been written to for 20 ms plus 2 ms for each MiB of it, 250 ms at
 * most. If its time stamps count whole seconds, waits until another change is certain to move them
 * (2 s at most). Waits no longer than that, even if the file is written to all the time.
 */
void file_rest_await(int fd);

/* Waits for the write under way, if there is one, to end, however long it takes. */
void file_rest_stand_in_line(int fd);

/*
 * For a file whose mtime, but not its size, has moved since `was`: waits for the write under way to
 * end, however long it takes. Sets *now to the file as it is then. If the size has moved, the write
 * appended. Returns 0 or an error of looking at the file.
 */
int file_rest_await_write(int fd, const struct file_identity *was, struct file_identity *now);

#endif
