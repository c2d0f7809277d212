/*
 * When a file is at rest.
 *
 * A write(2) moves the mtime when it begins, the bytes while it lasts, and the size as it goes. So
 * a look in the middle of one sees attributes that will not change again, and bytes that will.
 *
 * All functions are thread-safe.
 */
#ifndef BIGFS_CORE_GENERATION_FILE_REST_H
#define BIGFS_CORE_GENERATION_FILE_REST_H

#include "core/file/file_identity.h"

/*
 * Waits until the file has not been written to for a while: 20 ms and 2 ms for each MiB of it,
 * 250 ms at most; if its time stamps are of whole seconds, until another change is certain to move
 * them (2 s at most). Waits no longer than that, even if the file is written to all the time.
 */
void file_rest_await(int fd);

/*
 * For a file whose mtime has moved and whose size has not since it was `was`: waits for the write
 * that did this to end, however long it takes. Sets *now to the file as it is then. A size that has
 * moved says that the write appended. Returns 0 or an error of looking at the file.
 */
int file_rest_await_write(int fd, const struct file_identity *was, struct file_identity *now);

#endif
