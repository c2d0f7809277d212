/* SPDX-License-Identifier: MIT */
/*
 * Notes: what is known of a generation's content besides its attributes and digests.
 *
 * A note belongs to a generation, which knows no note type by name. The generation makes a note
 * when it is first requested, informs all notes if the content changed, and frees them at its end.
 * A module that remembers something about a content (its extents, its record ends, its index)
 * declares a note type.
 *
 *     generation ── note "extents"
 *                ├─ note "record ends" of lines
 *                ├─ note "record ends" of nul        one for each pair of type and key
 *                └─ note "index" of lines
 *
 * A note has its own lock, which only its module takes.
 */
#ifndef BIGFS_CORE_GENERATION_NOTE_H
#define BIGFS_CORE_GENERATION_NOTE_H

#include <stddef.h>

/* What happened to the content. Knowledge of the bytes before the old end may be affected. */
enum content_change {
    CONTENT_GREW,   /* bytes were appended; as far as samples tell, the old ones have not changed */
    CONTENT_FILLED, /* the same, but the file has holes, and the writer may have filled some */
    CONTENT_MOVED,  /* only the ctime moved: the bytes may have changed */
};

struct note_type {
    const char *name;
    size_t size; /* bytes; a note begins as zeros */

    void (*init)(void *note);
    void (*destroy)(void *note);

    /*
     * The content changed. Called with the generation's lock held, so it must be quick and call no
     * function of the generation. NULL: the note itself records which version it belongs to.
     */
    void (*changed)(void *note, enum content_change change);
};

#endif
