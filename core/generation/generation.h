/* SPDX-License-Identifier: MIT */
/*
 * A generation: one content of a source file, as far as can be told from outside.
 *
 * A generation is identified by its file's device, inode, size, mtime and ctime, and by digests of
 * its content. core/generation/generation_capture.h takes the digests, and
 * core/generation/generation_check.h decides what a change of the file means. This module holds
 * what both know, and the one lock that protects it.
 *
 *     number     no other generation of this process has it
 *     state      attributes and digests, as last seen
 *     version    the attributes and how often the ctime alone has moved: what was found in bytes of
 *                one version holds for that version only, or for one that has grown out of it
 *     notes      what else is known of the content (core/generation/note.h)
 *
 * Generations are reference counted. All functions are thread-safe and do not block.
 *
 * Lock order: a generation's lock, then a note's.
 */
#ifndef BIGFS_CORE_GENERATION_GENERATION_H
#define BIGFS_CORE_GENERATION_GENERATION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/file/file_identity.h"
#include "core/file/open_files.h"
#include "core/generation/content_digests.h"
#include "core/generation/generation_end.h"
#include "core/generation/note.h"

struct generation;

/* The file of a generation at one time. */
struct version {
    struct file_identity file;
    unsigned revision; /* how often the ctime alone has moved */
};

/* Whether the file did not change between two versions of one generation. */
bool version_equal(const struct version *a, const struct version *b);

/* Whether `now` is the version `then`, or has grown out of it. Both are of one generation. */
bool version_continues(const struct version *then, const struct version *now);

/* Why the digests must be compared even if no attribute differs. */
enum generation_doubt {
    DOUBT_TIME = 1,   /* the time stamp may stand for a later change too */
    DOUBT_SAMPLE = 2, /* the file has grown since the sample was compared */
};

/* What is known of the file of a generation. */
struct generation_state {
    struct file_identity identity; /* as last seen */
    struct file_identity base;     /* when it was captured or last revised */
    unsigned revision;             /* how often the ctime alone has moved */
    bool captured;                 /* capturing was tried; it may have been read since */
    struct content_ends ends;      /* of `identity` */
    struct content_sample sample;  /* of the first `sampled` bytes */
    uint64_t sampled;              /* 0: there is no sample yet */
    uint64_t sampled_from;         /* the size at the first sample */
    int64_t sample_rest;           /* until when comparing again costs too much, in ms */
    int64_t sample_due;            /* when to compare the sample again, in ms */
    int64_t moved;                 /* when `identity` was first seen, in ms */
    unsigned doubts;               /* enum generation_doubt, or-ed */
};

/*
 * Makes a generation with one reference, which the caller owns. `succeeds`: it replaces one that
 * may have been read. Returns NULL if there is no memory.
 */
struct generation *generation_new(const struct file_identity *identity, bool succeeds);
struct generation *generation_ref(struct generation *generation);

/* Drops a reference (NULL is allowed). The descriptor must be closed before the last is dropped. */
void generation_unref(struct generation *generation);

/* Never 0. */
uint64_t generation_number(const struct generation *generation);

/* Whether it replaced one that may have been read. */
bool generation_succeeds(const struct generation *generation);

/* The slot of its descriptor in the cache of open files. */
struct open_file *generation_file(struct generation *generation);

/* When its path was last seen to lead to it: CLOCK_MONOTONIC, ms. */
int64_t generation_path_seen(const struct generation *generation);
void generation_see_path(struct generation *generation, int64_t now);

/* The attributes as last seen; their size is the file's size now. */
struct file_identity generation_identity(struct generation *generation);
uint64_t generation_size(struct generation *generation);
struct version generation_version(struct generation *generation);

/* A copy of all that is known. */
struct generation_state generation_state(struct generation *generation);

/*
 * In how many ms any later change of the file will move its time stamps, so that it is another
 * version: 0 if now; -1 if that cannot be said.
 */
int64_t generation_unsettled_ms(const struct generation_state *state);

/* Whether generation_capture() has succeeded before. */
bool generation_captured(struct generation *generation);

/*
 * Whether the file, whose identity is `now`, has not changed and nothing is in doubt. Takes over
 * the number of blocks, which moves by itself: dirty pages get theirs when they are written.
 */
bool generation_is_as(struct generation *generation, const struct file_identity *now);

/* Whether the file has grown since it was captured or last revised, as far as has been seen. */
bool generation_has_grown(struct generation *generation);

/*
 * Whether the file was this generation, in its present revision, when it had the attributes `then`:
 * whether these lie between the present ones and those when it was captured or last revised. False
 * if it was not captured.
 */
bool generation_covers(struct generation *generation, const struct file_identity *then);

/*
 * Calls change(state, argument) with the lock held and returns its result; `change` must not block.
 * If the file grew, or only its ctime moved, the notes are informed.
 */
int generation_update(struct generation *generation,
                      int (*change)(struct generation_state *state, void *argument),
                      void *argument);

/*
 * Ends the generation for good. Only the first call sets the reason. `now`: what was seen of the
 * file, or NULL. Returns -ESTALE.
 */
int generation_end(struct generation *generation, enum end_reason reason,
                   const struct file_identity *now);
bool generation_is_over(const struct generation *generation);

/* Sets *end to how it ended and returns true, once: the caller that gets true must report it. */
bool generation_take_end(struct generation *generation, struct generation_end *end);

/*
 * The note of this type and key, made if there is none. It lives as long as the generation. The key
 * is any pointer, such as a record format, and is only compared. Returns NULL if there is no
 * memory.
 */
void *generation_note(struct generation *generation, const struct note_type *type, const void *key);

#endif
