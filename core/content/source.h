/*
 * A source: a regular file beneath SOURCE, read by generation.
 *
 * A source is a path; what the path holds at a time is a generation. Every read says of which
 * generation it wants bytes, and gets bytes of that one or -ESTALE: the bytes are copied first, and
 * then the file is looked at again before anybody sees them.
 *
 * Sources are counted references, and all functions are thread-safe. Those that touch the file
 * block as the file system beneath does; no lock is held meanwhile.
 */
#ifndef BIGFS_CORE_CONTENT_SOURCE_H
#define BIGFS_CORE_CONTENT_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "core/extent/extents.h"
#include "core/file/beneath.h"
#include "core/file/drop_behind.h"
#include "core/file/open_files.h"
#include "core/file/window.h"
#include "core/generation/generation.h"

/* What all sources of a process share. Must outlive them. */
struct source_pool {
    struct beneath beneath;
    struct open_files files;
    struct window_pool windows;
    struct drop_behind drop_behind; /* disabled unless the caller enables it before the first use */
    enum extent_method extents;     /* constant; how holes are found */
    _Atomic uint64_t bytes_read;    /* copied for readers, and to look for record ends */
    _Atomic uint64_t bytes_zeroed;  /* holes, made of zeros instead of read */
    _Atomic uint64_t bytes_scanned; /* looked through for record ends */
    _Atomic uint64_t probes;        /* searches that had to look at the file */
};

struct source {
    atomic_uint references;
    struct source_pool *pool; /* constant */
    char *path;               /* constant; relative to SOURCE; owned */
    pthread_mutex_t lock;
    struct generation *current; /* protected by lock; a reference, or NULL before the first look */
};

/*
 * Sizes in bytes; `descriptors` as in open_files_init. `directory` stays the caller's. Holes are
 * found as EXTENTS_AUTO says, unless the caller sets another method before the first use.
 */
void source_pool_init(struct source_pool *pool, int directory, unsigned descriptors,
                      uint64_t window_size, uint64_t window_total);
void source_pool_destroy(struct source_pool *pool);

/* Makes a source with one reference, for the caller; the path is copied. NULL: no memory. */
struct source *source_new(struct source_pool *pool, const char *path);
struct source *source_ref(struct source *source);
void source_unref(struct source *source); /* NULL is allowed */

/*
 * Looks at the path and hands out the generation that is there now: a reference in *generation,
 * for the caller, and the attributes. Returns 0 or -errno: -ENOENT where nothing is there,
 * -ESTALE where it is no regular file any more.
 */
int source_look(struct source *source, struct generation **generation, struct stat *attributes);

/*
 * Says that the caller is about to read the generation, perhaps many times: the file is opened and
 * what tells an appended file from a rewritten one is captured, which waits up to 250 ms where the
 * file was written to just now (generation_capture). Each success must be matched by one
 * source_unpin; with the last one descriptor and windows are closed.
 * Returns 0, -ESTALE, or why the file cannot be opened.
 */
int source_pin(struct source *source, struct generation *generation);

/*
 * Looks at the path and pins what is there: source_look and source_pin, again where the file
 * changes in between. The reference and the pin are the caller's. Returns as these two.
 */
int source_look_and_pin(struct source *source, struct generation **generation,
                        struct stat *attributes);
void source_unpin(struct source *source, struct generation *generation);

/*
 * Takes the sample of a generation's content, if it has none. `while_open`: only if its file is
 * open still. Blocks as reads of the file do. If it cannot be had there is none.
 */
void source_take_sample(struct source *source, struct generation *generation, bool while_open);

/*
 * Copies the `length` bytes at `offset` of the generation into `buffer`: all of them or an error.
 * What is known to be a hole is not read, but made of zeros. Returns 0, -ESTALE where the file is
 * not of this generation any more, -EIO where its disk fails, or why it cannot be opened.
 */
int source_read(struct source *source, struct generation *generation, void *buffer, size_t length,
                uint64_t offset);

/*
 * The same for a look at a few bytes, to find where a record ends: what it touches does not stay
 * in the page cache where nothing of that was there. (What the kernel reads ahead stays, where such
 * looks follow one another.)
 */
int source_probe(struct source *source, struct generation *generation, void *buffer, size_t length,
                 uint64_t offset);

/*
 * As source_read where it needs no wait: the file is open, nothing has changed, its bytes are in
 * the page cache. Returns 0, or -NOT_AT_ONCE where that is not so: source_read finds out more.
 * Hardly ever blocks: the kernel may begin to read ahead, and a file system may read its own blocks
 * for that.
 */
int source_read_at_once(struct source *source, struct generation *generation, void *buffer,
                        size_t length, uint64_t offset);

/*
 * Whether nothing has happened to the file since its generation was as in `then`, as far as one
 * look tells: so what was copied in between is what is there. False where source_read must find out
 * more. Hardly ever blocks.
 */
bool source_is_still(struct source *source, struct generation *generation,
                     const struct file_identity *then);

/*
 * Lends the generation's descriptor, to look at its bytes in another way than source_read: such
 * bytes may be believed only after source_check has returned 0. Give it back with source_return.
 */
int source_borrow(struct source *source, struct generation *generation, int *fd);
int source_check(struct source *source, struct generation *generation, int fd);
void source_return(struct source *source, struct generation *generation);

/* Whether the file, as last seen, can have holes that may be looked for. */
bool source_may_have_holes(const struct source *source, struct generation *generation);

/*
 * The extent around `offset`, for a caller that has the descriptor: it may start before, and may
 * end before the file's extent does. Where holes are not to be found it is data. To be believed as
 * bytes are.
 */
struct extent source_extent_at(const struct source *source, struct generation *generation, int fd,
                               uint64_t offset);

#endif
