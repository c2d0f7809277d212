/* SPDX-License-Identifier: MIT */
#include "fs/tree/text_store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <fuse_lowlevel.h>

#include "core/base/checked.h"

/* How much of a text goes to the kernel. More would push other data out of its cache. */
enum { STORED_MOST = 32 * 1024 * 1024 };

int text_store_begin(struct text_store *store, struct fuse_session *session,
                     const struct node *node, uint64_t offset)
{
    *store = (struct text_store){.session = session, .node = node, .offset = offset};
    store->step = malloc(TEXT_STEP);
    return store->step != NULL ? 0 : -ENOMEM;
}

/*
 * If this fails, reads are slower, and a sendfile(2) that does not ask for the size first finds
 * nothing.
 */
static void give_to_kernel(struct text_store *store)
{
    struct fuse_bufvec bytes = FUSE_BUFVEC_INIT(store->used);

    bytes.buf[0].mem = store->step;
    (void)fuse_lowlevel_notify_store(store->session, (fuse_ino_t)(uintptr_t)store->node,
                                     (off_t)store->offset, &bytes, 0);
    store->began = true;
}

void text_store_add(struct text_store *store, const char *text, size_t length)
{
    while (length > 0) {
        if (store->used == TEXT_STEP) { /* not before something follows, as text_store_finish()
                                           sends the last step */
            if (store->offset < STORED_MOST)
                give_to_kernel(store);
            store->offset += store->used;
            store->used = 0;
        }
        size_t part = (size_t)min_u64(length, TEXT_STEP - store->used);
        memcpy(store->step + store->used, text, part);
        store->used += part;
        text += part;
        length -= part;
    }
}

void text_store_finish(struct text_store *store)
{
    give_to_kernel(store);
}

void text_store_free(struct text_store *store)
{
    free(store->step);
    store->step = NULL;
}
