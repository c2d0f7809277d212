/* SPDX-License-Identifier: MIT */
/*
 * Reading: one generation of a source, its size, and whether the result is still wanted, in one
 * object that closes itself.
 *
 *     AUTO_READING struct reading reading;
 *     int error = reading_open(source, cancel, &reading, NULL);
 *     if (error == 0)
 *         error = content_read(&reading, buffer, length, offset);
 *
 * Every read returns bytes of the reading's generation, or -ESTALE: after the bytes are copied the
 * file is checked again, before they are used.
 *
 * All functions are thread-safe if no two threads change one reading. Those that touch the file
 * block as its file system does. No lock is held meanwhile.
 */
#ifndef BIGFS_CORE_CONTENT_READING_H
#define BIGFS_CORE_CONTENT_READING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/base/cancel.h"
#include "core/content/source.h"
#include "core/generation/generation.h"

struct reading {
    struct source *source;         /* a reference; NULL if closed */
    struct generation *generation; /* a reference */
    struct version version;        /* of the generation when it was last looked at or pinned */
    uint64_t covered;              /* bytes of the file that the content is held by */
    uint64_t size;                 /* bytes of content then; may be reduced to read only a part */
    const struct cancel *cancel;   /* borrowed, or NULL */
    bool pinned;                   /* the file stays open, and its digests have been captured */
};

#define AUTO_READING __attribute__((cleanup(reading_close)))

/*
 * Looks at the path and makes a reading of what is there now, not pinned. *attributes, if not NULL,
 * is set to the file's. Returns 0 or -errno: -ENOENT if nothing is there, -ESTALE if it is no
 * longer a regular file; -AWAITS_INDEX if a map must be made before the content can be read. On
 * failure *reading is closed.
 */
int reading_look(struct source *source, const struct cancel *cancel, struct reading *reading,
                 struct stat *attributes);

/* The same, for a caller that needs no map: without one, the size is 0. */
int reading_find(struct source *source, const struct cancel *cancel, struct reading *reading,
                 struct stat *attributes);

/*
 * Looks at the path and pins what is there: reading_look() and reading_pin(), repeated if the file
 * changes in between. Returns as these two. On failure *reading is closed.
 */
int reading_open(struct source *source, const struct cancel *cancel, struct reading *reading,
                 struct stat *attributes);

/*
 * Makes a reading of a generation of a source, not pinned. The caller must have references to both.
 */
void reading_of(struct source *source, struct generation *generation, const struct cancel *cancel,
                struct reading *reading);

/*
 * Prepares for reads, perhaps many. Opens the file and captures what distinguishes an appended file
 * from a rewritten one, which takes up to 250 ms (2 s with time stamps of whole seconds) if the
 * file was written to just now (generation_capture). Brings version and size up to date. Returns 0,
 * -ESTALE, -AWAITS_INDEX, or why the file cannot be opened.
 */
int reading_pin(struct reading *reading);

/* Releases all that a reading holds; does nothing to a closed one. */
void reading_close(struct reading *reading);

/* A copy for one request. It borrows what the reading has and must not be closed. */
struct reading reading_for(const struct reading *reading, const struct cancel *cancel);

/*
 * Lends the generation's descriptor, to read its bytes. They may be trusted only after
 * reading_check() has returned 0. Give it back with reading_return(). Returns 0, -ESTALE, or why
 * the file cannot be opened.
 */
int reading_borrow(const struct reading *reading, int *fd);
int reading_check(const struct reading *reading, int fd);
void reading_return(const struct reading *reading);

/*
 * Borrows, calls work(argument, reading, fd), checks, and returns the descriptor. The check's error
 * takes precedence over that of `work`.
 */
int reading_work(const struct reading *reading,
                 int (*work)(void *argument, const struct reading *reading, int fd),
                 void *argument);

/* Checks that what was read until now is of the generation. Returns as reading_work(). */
int reading_confirm(const struct reading *reading);

/* Lends the descriptor if it is open. Does not block. */
bool reading_borrow_open(const struct reading *reading, int *fd);

/*
 * Whether the file has not changed since `then`, as far as one look at the borrowed descriptor
 * tells. False also if more must be found out. Hardly ever blocks.
 */
bool reading_is_unchanged(const struct reading *reading, int fd, const struct file_identity *then);

/* The same for a caller that has no descriptor. False if the file is not open. */
bool reading_is_still(const struct reading *reading, const struct file_identity *then);

/*
 * Takes the sample of the generation's content, if it has none. `while_open`: only if the file is
 * still open. Blocks as reads of the file do. On failure there is no sample.
 */
void reading_take_sample(const struct reading *reading, bool while_open);

#endif
