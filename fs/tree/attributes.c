#include "fs/tree/attributes.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "fs/generated/table_length.h"
#include "fs/tree/rights.h"

enum {
    BLOCK_SIZE = 1024 * 1024, /* so that tools that ask for it read in large steps */
    /* Directories in small ones: after each the kernel decides anew whether to ask for nodes too.
     */
    DIRECTORY_BLOCK_SIZE = 4096,
    STAT_BLOCK = 512, /* what st_blocks counts in */
};

static blkcnt_t blocks_of(uint64_t bytes)
{
    return (blkcnt_t)(bytes / STAT_BLOCK + (bytes % STAT_BLOCK != 0 ? 1 : 0));
}

static void take_size(struct stat *attributes, const struct stat *source, uint64_t size)
{
    attributes->st_size = (off_t)size;
    attributes->st_blocks = blocks_of(size);
    if (size == (uint64_t)source->st_size)
        attributes->st_blocks = source->st_blocks;
}

static void become_directory(struct stat *attributes)
{
    attributes->st_nlink = 1; /* "not counted", as tools take it */
    attributes->st_size = 0;
    attributes->st_blocks = 0;
}

/* How long a table will be, if there can be one and that takes no look into the file; else 0. */
static uint64_t expected_length(const struct node *table, const struct stat *source)
{
    const struct view *view = &table->content.generated.view;
    struct file_identity identity;

    file_identity_of(source, &identity);
    uint64_t length = table_is_computed(view, &identity) ? table_length(view, identity.size) : 0;
    return length != TABLE_TOO_LONG ? length : 0;
}

static void become_generated(struct stat *attributes, const struct node *node,
                             const struct stat *source)
{
    struct generated *text = node->content.generated.text;
    uint64_t expected = node->kind == NODE_TABLE ? expected_length(node, source) : 0;
    const struct table_subject *subject = generated_subject(text);
    uint64_t length = generated_tell(text, expected);

    attributes->st_nlink = 1;
    attributes->st_size = (off_t)length;
    attributes->st_blocks = blocks_of(length);
    if (node->kind == NODE_TABLE &&
        subject != NULL) { /* a new time would drop the kernel's pages */
        attributes->st_mtim = subject->identity.mtime;
        attributes->st_ctim = subject->identity.ctime;
    }
}

double attributes_believed(const struct driver *driver, const struct node *node,
                           const struct stat *attributes)
{
    bool table = node->kind == NODE_TABLE;

    if ((table || node->kind == NODE_REPORT) && attributes->st_size == 0)
        return 0;
    return table && driver->settings->cache == CACHE_NONE ? 0 : BELIEVED_SECONDS;
}

/* What .bigfs is made of belongs to the user who mounted. */
static void control_attributes(const struct driver *driver, struct stat *attributes)
{
    memset(attributes, 0, sizeof(*attributes));
    attributes->st_mode = S_IFREG | 0444;
    attributes->st_uid = getuid();
    attributes->st_gid = getgid();
    attributes->st_atim = driver->started;
    attributes->st_mtim = driver->started;
    attributes->st_ctim = driver->started;
}

void attributes_of(const struct driver *driver, struct node *node, const struct stat *source,
                   struct stat *attributes)
{
    if (node->kind == NODE_CONTROL || node->kind == NODE_REPORT)
        control_attributes(driver, attributes);
    else
        *attributes = *source;
    attributes->st_ino = node->inode;
    attributes->st_rdev = 0;
    attributes->st_mode = rights_mode(driver, node, attributes->st_mode);
    atomic_store(&node->told, attributes->st_mode);
    switch (node->kind) {
    case NODE_DIRECTORY:
        attributes->st_nlink = 1;
        break;
    case NODE_LARGE:
    case NODE_VIEW:
    case NODE_CONTROL:
        become_directory(attributes);
        break;
    case NODE_TABLE:
    case NODE_REPORT:
        become_generated(attributes, node, source);
        break;
    case NODE_PIECE:
        attributes->st_nlink = 1;
        take_size(attributes, source, piece_length(&node->content.piece.piece));
        break;
    case NODE_FILE:
        take_size(attributes, source, node->content.file.identity.size);
        break;
    case NODE_SYMLINK:
        break;
    }
    attributes->st_blksize = S_ISDIR(attributes->st_mode) ? DIRECTORY_BLOCK_SIZE : BLOCK_SIZE;
}

/* The attributes of a file that was removed, for as long as it is open. */
static int look_at_removed(struct source *source, struct generation *generation,
                           struct stat *attributes)
{
    int fd = -1;
    int error = source_borrow(source, generation, &fd);
    if (error != 0)
        return -ESTALE;
    error = file_look(fd, attributes, NULL);
    if (error == 0)
        error = source_check(source, generation, fd);
    source_return(source, generation);
    return error;
}

/* Whether the source still has the generation of the node, grown or not. */
static int look_at_generation(struct source *source, struct generation *generation,
                              struct stat *attributes)
{
    struct generation *now = NULL;
    int error = source_look(source, &now, attributes);
    if (error == -ENOENT)
        return look_at_removed(source, generation, attributes);
    if (error == 0 && now != generation)
        error = -ESTALE;
    generation_unref(now);
    return error;
}

static int look_at_path(struct driver *driver, const struct node *node, struct stat *attributes)
{
    AUTO_FREE char *path = node_path(node, NULL);
    return path != NULL ? beneath_stat(&driver->pool.beneath, path, attributes) : -ENOMEM;
}

static int look_at_type(struct driver *driver, const struct node *node, mode_t type,
                        struct stat *attributes)
{
    int error = look_at_path(driver, node, attributes);
    return error == 0 && (attributes->st_mode & S_IFMT) != type ? -ESTALE : error;
}

/* What is not where its node stands: the name must be looked up again. */
static int as_stale(int error)
{
    return error == -ENOENT || error == -ENOTDIR || error == -ELOOP ? -ESTALE : error;
}

int attributes_now_of_large(struct driver *driver, const struct node *large,
                            struct stat *attributes)
{
    int error = look_at_path(driver, large, attributes);
    if (error == 0 &&
        (!S_ISREG(attributes->st_mode) || !driver_is_large(driver, (uint64_t)attributes->st_size)))
        return -ESTALE;
    return as_stale(error);
}

/* A small file that was never opened is what its attributes say; an opened one, its generation. */
static int look_at_file(struct driver *driver, struct node *node, struct stat *attributes)
{
    const struct node_file *file = &node->content.file;
    struct file_identity now;
    struct source *source;
    struct generation *generation;

    {
        HOLD_LOCK(&driver->nodes.lock);
        source = file->source;
        generation = file->generation;
    }
    if (generation != NULL) /* both live as long as the node, which the kernel holds */
        return look_at_generation(source, generation, attributes);
    int error = look_at_path(driver, node, attributes);
    if (error != 0)
        return error;
    file_identity_of(attributes, &now);
    return file_identity_same_content(&now, &file->identity) ? 0 : -ESTALE;
}

/* A table that was never made is of the file as it is; a made one, of its generation. */
static int look_at_table(struct driver *driver, const struct node *node, struct stat *attributes)
{
    const struct table_subject *subject = generated_subject(node->content.generated.text);
    unsigned revision = 0;

    if (subject == NULL)
        return attributes_now_of_large(driver, node_large(node), attributes);
    int error =
        look_at_generation(node_large(node)->content.source, subject->generation, attributes);
    (void)generation_revised(subject->generation, &revision);
    return error == 0 && revision != subject->revision ? -ESTALE : error;
}

static int look_at_source(struct driver *driver, struct node *node, struct stat *attributes)
{
    switch (node->kind) {
    case NODE_DIRECTORY:
        return look_at_type(driver, node, S_IFDIR, attributes);
    case NODE_SYMLINK:
        return look_at_type(driver, node, S_IFLNK, attributes);
    case NODE_FILE:
        return look_at_file(driver, node, attributes);
    case NODE_LARGE:
    case NODE_VIEW:
        return attributes_now_of_large(driver, node_large(node), attributes);
    case NODE_TABLE:
        return look_at_table(driver, node, attributes);
    case NODE_PIECE:
        return look_at_generation(node_large(node)->content.source, node->content.piece.generation,
                                  attributes);
    case NODE_CONTROL:
    case NODE_REPORT:
        return 0;
    }
    return -ESTALE;
}

int attributes_count_blocks(const struct node *node, const struct cancel *cancel,
                            struct stat *attributes)
{
    const struct node_piece *piece = &node->content.piece;
    uint64_t bytes = 0;

    if (node->kind != NODE_PIECE || piece->selector.kind == SELECT_WHOLE)
        return 0;
    int error = piece_count_data(&piece->piece, node_large(node)->content.source, piece->generation,
                                 cancel, &bytes);
    if (error == 0)
        attributes->st_blocks = blocks_of(bytes);
    return error == -CANCELLED || error == -ESTALE ? error : 0;
}

int attributes_now(struct driver *driver, struct node *node, const struct cancel *cancel,
                   struct stat *attributes)
{
    struct stat source = {0};
    int error = look_at_source(driver, node, &source);
    if (error == 0) {
        attributes_of(driver, node, &source, attributes);
        error = attributes_count_blocks(node, cancel, attributes);
    }
    return as_stale(error);
}
