/*
 * Notes: what is known of a generation's content, beside its attributes and digests.
 *
 * A note hangs on a generation, which knows none by name: it makes a note when that is first asked
 * for, tells all of them if the content changed, and frees them at its end. A module that wants to
 * remember something of a content (its extents, its record ends, its index) declares a note type.
 *
 *     generation ── note "extents"
 *                ├─ note "record ends" of lines
 *                ├─ note "record ends" of nul        one for each pair of type and key
 *                └─ note "index" of lines
 *
 * A note has a lock of its own, which only its module takes.
 */
#ifndef BIGFS_CORE_GENERATION_NOTE_H
#define BIGFS_CORE_GENERATION_NOTE_H

#include <stddef.h>

/* What happened to the content. What is known of the bytes before the old end may be affected. */
enum content_change {
    CONTENT_GREW,   /* bytes were appended; the old ones are as they were, as far as samples tell */
    CONTENT_FILLED, /* the same, but the file has holes, and the writer may have filled some */
    CONTENT_MOVED,  /* only the ctime moved: the bytes may be others */
};

struct note_type {
    const char *name;
    size_t size; /* bytes; a note begins as zeros */

    void (*init)(void *note);
    void (*destroy)(void *note);

    /*
     * The content changed. Called with the generation's lock held, so it must be quick and call
     * nothing of the generation. NULL: the note tells by itself what it is of.
     */
    void (*changed)(void *note, enum content_change change);
};

#endif
