/* SPDX-License-Identifier: MIT */
/*
 * Nodes: the objects that the kernel knows by a number.
 *
 *     directory ─┬─ symlink, file                     as they are in SOURCE
 *                ├─ large file ─┬─ view ── piece      a directory each
 *                │              ├─ text               VIEW.tsv, pin
 *                │              ├─ piece              whole.EXT
 *                │              └─ large file         plain: the content that the file holds
 *                └─ control ── report                 .bigfs, in the root
 *
 * A node is made by a look-up and lives as long as the kernel remembers it or a child of it. Two
 * look-ups give the same node if they mean the same thing, and everything cacheable about a node is
 * constant. A file or piece belongs to one generation; a new generation is a new node. So caches
 * never need to be invalidated.
 *
 * For the kernel a node's number is its address. The inode number that users see is a digest of
 * what the node is, the same after every look-up. Addresses are reused, and file handles
 * (open_by_handle_at(2), NFS) keep them. So a node also has an incarnation, which the kernel puts
 * into handles and compares. The handle of a freed node gives ESTALE, never another file.
 *
 * Node types define what a node can do (fs/tree/node_type.h).
 */
#ifndef BIGFS_FS_TREE_NODE_H
#define BIGFS_FS_TREE_NODE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/content/piece.h"
#include "core/content/source.h"
#include "core/generation/generation.h"
#include "core/view/view.h"
#include "fs/tree/node_type.h"
#include "fs/tree/text.h"

struct generated_type;
struct node_type;

/* A piece of a content, as one generation has it. */
struct node_piece {
    struct generation *generation; /* a reference */
    unsigned revision;        /* of the generation; cached pages of another revision are dropped */
    const struct view *view;  /* of its parent, or whole_of_file */
    struct selector selector; /* without keys: if it is named, its name has them */
    bool is_named;            /* the node has the name that it was looked up by; else it has none */
    struct piece piece;
    struct range data;      /* of the piece, without a header that is repeated */
    bool depends_on_growth; /* the selector may select another piece if the file grows */
};

/* A small file. Its source is made when it is first opened. */
struct node_file {
    struct file_identity identity;
    struct source *source;         /* protected by node_table.lock; a reference or NULL */
    struct generation *generation; /* protected by node_table.lock; a reference or NULL */
};

/* The text of a view, or a report. */
struct node_text {
    const struct generated_type *type;
    struct view view;              /* of a text of a view */
    struct file_identity identity; /* of a text of a view: its file as it was looked up */
    struct text *text;             /* owned */
};

/* The node type decides which member is used. */
union node_content {
    struct node_piece piece;
    struct node_file file;
    struct source *source; /* of a large file: a reference */
    struct view view;
    struct node_text text;
};

struct node {
    struct node *next;   /* protected by node_table.lock; in the same bucket */
    uint64_t lookups;    /* protected by node_table.lock; how many the kernel has still to forget */
    uint64_t children;   /* protected by node_table.lock */
    _Atomic mode_t told; /* the mode that the kernel got last */
    _Atomic bool was_believed; /* the kernel was once allowed to cache its name */
    _Atomic uint64_t device;   /* of the file system that its source was last seen on */
    struct node *parent; /* the rest is constant; counted in parent->children; NULL: the root */
    uint64_t hash;
    uint64_t inode;       /* the inode number that users see */
    uint32_t incarnation; /* unique together with the address; 0: only the root */
    const struct node_type *type;
    union node_content content;
    char name[]; /* "" for the root, and for pieces that have several names */
};

struct node_table {
    pthread_mutex_t lock;
    struct node **buckets; /* protected by lock */
    size_t bucket_count;   /* protected by lock; a power of two */
    size_t count;          /* protected by lock; without the root */
    uint32_t incarnation;  /* protected by lock; of the newest node */
    struct node *root;     /* constant */
};

/* Makes a table with a root of this type. Returns 0 or -ENOMEM. */
int node_table_init(struct node_table *table, const struct node_type *root);

/* Frees all nodes, whatever the kernel still remembers. */
void node_table_destroy(struct node_table *table);

/*
 * Returns the node of this type, name and content below `parent`, made if there is none, with one
 * more look-up. `parent` must be known to the kernel. Takes over the references in *content, even
 * on failure. NULL: no memory.
 */
struct node *node_get(struct node_table *table, struct node *parent, const struct node_type *type,
                      const char *name, const union node_content *content);

/*
 * Holds a node that the kernel knows now, as one more look-up does. The caller takes that back with
 * node_forget().
 */
void node_hold(struct node_table *table, struct node *node);

/* Takes back `lookups` look-ups. Frees a node with no look-ups and no children. */
void node_forget(struct node_table *table, struct node *node, uint64_t lookups);

size_t node_table_count(struct node_table *table);

/* The inode number that users see of a child of `parent` of this type. */
uint64_t node_inode(const struct node *parent, const struct node_type *type, const char *name,
                    const union node_content *content);

/* The large file (or `plain`) that a view, text or piece belongs to. */
const struct node *node_large(const struct node *node);

/* Its source. */
struct source *node_source(const struct node *node);

/* The extension that the pieces of a large file keep: a part of its name. */
const char *node_extension(const struct node *node);

/*
 * The path beneath SOURCE of a node that exists in SOURCE, or of `name` in it if that is not NULL.
 * It may be longer than PATH_MAX. The caller frees it; NULL: no memory. No lock is needed: names
 * and parents are constant.
 */
char *node_path(const struct node *node, const char *name);

/* Whether a node is a directory for the kernel. */
static inline bool node_is_directory(const struct node *node)
{
    return S_ISDIR(node->type->shown_as);
}

#endif
