/* SPDX-License-Identifier: MIT */
/*
 * The text of a generated file: of a view, such as its table, or a report in .bigfs.
 *
 * A text belongs to a node. It is made when the node is first opened, and constant from then on. So
 * the kernel may cache, map and send its pages, whatever else has the node open. The text of a
 * report is kept, and belongs to one user. Of the text of a view only the places where its
 * stretches begin are kept (fs/tree/text_map.h), and which content it describes. A text that may
 * not be given out any more is over: the next look-up of its name makes a new node.
 *
 *     unmade --first open--> making --length set-----> made        over, from any state:
 *                               |                                  open handles go on
 *                               +-- failed --> unmade
 *
 * While a thread makes a text, no program has the node open, so no page of it can be locked for a
 * read. So the maker can put pages into the kernel's cache (FUSE_NOTIFY_STORE) without a deadlock.
 *
 * All functions are thread-safe. No lock is held while a text is made.
 */
#ifndef BIGFS_FS_TREE_TEXT_H
#define BIGFS_FS_TREE_TEXT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/cancel.h"
#include "core/extent/extent_probe.h"
#include "core/file/file_identity.h"
#include "core/generation/generation.h"
#include "core/index/record_index.h"
#include "fs/tree/text_map.h"

/* What the text of a view describes. */
struct text_subject {
    struct generation *generation; /* a reference */
    struct version version;        /* of the generation when the text was made */
    uint64_t size;                 /* bytes of content that it covers */
    uint64_t records;              /* that begin in them, if the view needs an index */
    struct record_index *index;    /* the index used to find records: a reference, or NULL */
    bool computed;                 /* the text follows from the size; there is no map */
};

enum text_state {
    TEXT_UNMADE,
    TEXT_MAKING,
    TEXT_MADE,
};

struct text {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* broadcast when `state` or `over` has changed */
    enum text_state state;  /* protected by lock */
    bool over;              /* protected by lock; never cleared */
    /* Protected by lock; the largest length that was reported before the true one was known. */
    uint64_t told;
    uint64_t length; /* protected by lock; bytes; 0: not known (no text is empty) */

    /* Owned by the maker while it makes; constant once made. */
    char *bytes; /* of a report; owned */
    uid_t user;  /* the user whose report it is */
    struct text_subject subject;
    struct text_map map;
};

/* NULL: no memory. */
struct text *text_new(void);
void text_free(struct text *text); /* NULL is allowed */

/*
 * Begins an open. If *make is set, the caller must make the text, alone, and report the result with
 * text_made() or text_failed(). Otherwise the text is made. Waits if another thread is making it.
 * Returns 0, -ESTALE (over), or -CANCELLED.
 */
int text_begin(struct text *text, const struct cancel *cancel, bool *make);

/*
 * Sets the length, once the maker knows it; look-ups and stat report it from now on. Returns 0, or
 * -ESTALE if a larger one was reported already.
 */
int text_set_length(struct text *text, uint64_t length);

void text_made(struct text *text);

/* Making it failed, and the kernel has nothing of the text. The next open makes it anew. */
void text_failed(struct text *text);

/* Ends the text: it can no longer be opened or found by name. */
void text_end(struct text *text);

/*
 * The length to report: that of the text, or `expected` if it is not known (0: nothing is
 * expected).
 */
uint64_t text_tell(struct text *text, uint64_t expected);

/*
 * Finds data or a hole from `offset` on. A text is all data. Returns 0, or -NO_MORE_DATA if
 * `offset` is not in it.
 */
int text_seek(struct text *text, enum extent_kind kind, uint64_t offset, uint64_t *found);

/* Whether the text is right for a file with these attributes, or still unmade. */
bool text_is_current(struct text *text, const struct file_identity *now);

/* What the text of a view describes; valid as long as *text. NULL: it is not made. */
const struct text_subject *text_subject_of(struct text *text);

#endif
