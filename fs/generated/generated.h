/*
 * The text of a generated file: a table, or a report of .bigfs.
 *
 * A text belongs to a node. It is made when the node is first opened, and is constant from then on:
 * so the kernel may keep its pages, map them and send them, whatever else has the node open. A
 * report's text is kept, and is one user's; of a table only where its stretches begin
 * (fs/generated/table_map.h), and of which content it tells. A text that is not to be given out any
 * more is over: its name, looked up again, gets a node of its own.
 *
 *     unmade --first open--> making --told how long--> made        over, from any of these:
 *                               |                                  what is open goes on
 *                               +-- failed --> unmade
 *
 * While one thread makes a text nobody has the node open, so no page of it can be locked for a
 * read: the maker may put pages into the kernel's cache (FUSE_NOTIFY_STORE) without a deadlock.
 *
 * All functions are thread-safe. No lock is held while a text is made.
 */
#ifndef BIGFS_FS_GENERATED_GENERATED_H
#define BIGFS_FS_GENERATED_GENERATED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/cancel.h"
#include "core/file/file_identity.h"
#include "core/generation/generation.h"
#include "fs/generated/table_map.h"

/* Of what a table tells. */
struct table_subject {
    struct generation *generation; /* a reference */
    unsigned revision;             /* of the generation */
    struct file_identity identity; /* the generation's when the table was made */
    uint64_t size;                 /* bytes of the file that the table covers */
    struct line_index *index;      /* what the lines were found with: a reference, or NULL */
    bool computed;                 /* the text follows from the size: there is no map */
};

enum generated_state {
    GENERATED_UNMADE,
    GENERATED_MAKING,
    GENERATED_MADE,
};

struct generated {
    pthread_mutex_t lock;
    pthread_cond_t changed;     /* broadcast when `state` or `over` has changed */
    enum generated_state state; /* protected by lock */
    bool over;                  /* protected by lock; never cleared */
    uint64_t told;   /* protected by lock; the largest length told before the true one was known */
    uint64_t length; /* protected by lock; bytes, 0: not known. No text is empty */

    /* The maker's while it makes, and constant once made. */
    char *text; /* of a report; owned */
    uid_t user; /* whose report */
    struct table_subject subject;
    struct table_map map;
};

/* NULL: no memory. */
struct generated *generated_new(void);
void generated_free(struct generated *generated); /* NULL is allowed */

/*
 * Begins an open. *make: the caller makes the text, which no other thread does meanwhile, and says
 * with generated_made() or generated_failed() how that ended. Else it is made. Waits for a thread
 * that makes it. Returns 0, -ESTALE (over), or -CANCELLED.
 */
int generated_begin(struct generated *generated, const struct cancel *cancel, bool *make);

/*
 * The maker knows the length: look-ups and stat tell it from now on. Returns 0, or -ESTALE where a
 * larger one was told already.
 */
int generated_set_length(struct generated *generated, uint64_t length);

void generated_made(struct generated *generated);

/* It failed, and the kernel has nothing of the text: the next open makes one anew. */
void generated_failed(struct generated *generated);

/* Not to be opened or found by name any more. */
void generated_end(struct generated *generated);

/*
 * The length to be told: of the text, or `expected` if it is not known (0: nothing is expected).
 */
uint64_t generated_tell(struct generated *generated, uint64_t expected);

/* Whether it can be what its name means for a file that looks so now: it is, or is still unmade. */
bool generated_is_current(struct generated *generated, const struct file_identity *now);

/* Of what a table tells, valid as long as *generated; NULL: it is not made. */
const struct table_subject *generated_subject(struct generated *generated);

#endif
