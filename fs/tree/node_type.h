/* SPDX-License-Identifier: MIT */
/*
 * Node types say what the nodes of a mount are and can do. Each is a pair of files fs/tree/…_node.
 *
 * A function may be NULL; a comment says what that means, or the type has no such thing. Functions
 * that look at SOURCE block as its file system does and are called without a lock.
 */
#ifndef BIGFS_FS_TREE_NODE_TYPE_H
#define BIGFS_FS_TREE_NODE_TYPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/base/cancel.h"
#include "core/view/view.h"
#include "fs/serve/crew.h"
#include "fs/tree/acl.h"

struct driver;
struct entry;
struct handle;
struct listing;
struct node;
struct opener;
union node_content;

/* Distinguishes nodes of one type below one parent, besides the name. Has no padding. */
struct fingerprint {
    uint64_t words[11];
};

/* What an inode number is computed from. */
struct inode_seed {
    uint64_t words[5]; /* words[0] is the type's number, words[1] the parent's inode number */
    bool unnamed;      /* the name is left out, as the node has several */
};

struct node_type {
    uint64_t number; /* part of inode numbers: never changes, unique among the types */
    mode_t shown_as; /* S_IFDIR, S_IFREG or S_IFLNK */
    enum acl_form rights;
    bool is_control;       /* it does not look at SOURCE, and answers even if SOURCE does not */
    bool stands;           /* it exists in SOURCE under its own path */
    bool is_large;         /* a file shown as a directory; content.source is its source */
    bool is_piece;         /* content.piece is its piece */
    bool is_new_each_time; /* each look-up of its name makes a node */

    /* Identity. */
    void (*print)(const union node_content *content, struct fingerprint *print);
    void (*seed)(const union node_content *content, struct inode_seed *seed);
    void (*release)(const union node_content *content);

    /*
     * Whether its file, which has changed recently, seems to go on growing, so that its name soon
     * means another node. NULL: no.
     */
    bool (*is_growing)(struct driver *driver, const struct node *node);

    /*
     * Whether a look-up needs a new node although this one looks the same. Called with
     * node_table.lock held.
     */
    bool (*is_over)(const struct node *node, const union node_content *wanted);

    /* Attributes: the current ones of its source, and what they become here. */
    int (*look)(struct driver *driver, struct node *node, struct stat *source);
    void (*shape)(const struct driver *driver, const struct node *node, const struct stat *source,
                  struct stat *attributes);

    /*
     * Sets st_blocks to what the data take. NULL: it is right already. Returns 0, -CANCELLED or
     * -ESTALE.
     */
    int (*count_blocks)(const struct node *node, const struct cancel *cancel,
                        struct stat *attributes);

    /* For how many seconds the kernel may cache attributes. NULL: BELIEVED_SECONDS. */
    double (*attributes_believed)(const struct driver *driver, const struct stat *attributes);

    /* The view that it is, or that it is a piece or text of. NULL: none. */
    const struct view *(*view_of)(const struct node *node);

    /* Whether the regular file found at its path is the one it belongs to. NULL: always. */
    bool (*is_of)(const struct node *node, const struct stat *found);

    /* Directories. */
    bool (*lookup_may_scan)(const struct node *node); /* NULL: it does not */
    bool (*list_may_scan)(const struct node *node);   /* NULL: it does not */
    int (*lookup)(struct driver *driver, struct node *node, const char *name,
                  const struct cancel *cancel, struct entry *entry);
    int (*list)(struct listing *listing, off_t offset);

    /* Files. */
    enum lane (*open_lane)(const struct node *node); /* of an open; NULL: LANE_LOOKS */
    int (*open)(struct driver *driver, struct node *node, const struct opener *opener,
                struct handle *handle);
};

#endif
