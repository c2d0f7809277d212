#include "fs/tree/lookup.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/view/piece_name.h"
#include "fs/tree/attributes.h"

/* How often a look-up begins anew because its file was rewritten while it was at it. */
enum { REWRITE_ATTEMPTS = 4 };

const char control_name[] = ".bigfs";

static const char table_suffix[] = ".tsv";

struct fuse_entry_param entry_for_kernel(const struct driver *driver, const struct entry *entry)
{
    return (struct fuse_entry_param){
        .ino = (fuse_ino_t)(uintptr_t)entry->node,
        .generation = entry->node->incarnation,
        .attr = entry->attributes,
        .attr_timeout = attributes_believed(driver, entry->node, &entry->attributes),
        .entry_timeout = entry->node->kind == NODE_REPORT ? 0 : BELIEVED_SECONDS,
    };
}

static bool is_single(const struct driver *driver, const char *name)
{
    return driver->single != NULL && strcmp(name, driver->single) == 0;
}

bool lookup_is_control(const struct driver *driver, const struct node *parent, const char *name)
{
    return parent == driver->nodes.root && strcmp(name, control_name) == 0 &&
           !is_single(driver, name);
}

bool lookup_may_scan(const struct node *parent)
{
    return parent->kind == NODE_VIEW && view_scans(&parent->content.view);
}

/* Makes the entry of a node from its source's attributes; takes over what `content` refers to. */
static int enter_node(struct driver *driver, struct node *parent, enum node_kind kind,
                      const char *name, const union node_content *content,
                      const struct stat *source, struct entry *entry)
{
    entry->node = node_get(&driver->nodes, parent, kind, name, content);
    if (entry->node == NULL)
        return -ENOMEM;
    if (source->st_dev != 0)
        atomic_store(&entry->node->device, (uint64_t)source->st_dev);
    attributes_of(driver, entry->node, source, &entry->attributes);
    return 0;
}

static int enter_regular(struct driver *driver, struct node *parent, const char *name,
                         const char *path, const struct stat *source, struct entry *entry)
{
    union node_content content = {0};

    if (!driver_is_large(driver, (uint64_t)source->st_size)) {
        file_identity_of(source, &content.file.identity);
        return enter_node(driver, parent, NODE_FILE, name, &content, source, entry);
    }
    content.source = source_new(&driver->pool, path);
    if (content.source == NULL)
        return -ENOMEM;
    return enter_node(driver, parent, NODE_LARGE, name, &content, source, entry);
}

static int lookup_in_directory(struct driver *driver, struct node *parent, const char *name,
                               struct entry *entry)
{
    const union node_content none = {0};
    struct stat source = {0};

    if (lookup_is_control(driver, parent, name))
        return enter_node(driver, parent, NODE_CONTROL, name, &none, &source, entry);
    if (driver->single != NULL && !is_single(driver, name))
        return -ENOENT;
    AUTO_FREE char *path = node_path(parent, name);
    if (path == NULL)
        return -ENOMEM;
    int error = beneath_stat_on(&driver->pool.beneath, path, &entry->device, &source);
    if (error != 0)
        return error;
    if (S_ISDIR(source.st_mode))
        return enter_node(driver, parent, NODE_DIRECTORY, name, &none, &source, entry);
    if (S_ISLNK(source.st_mode))
        return enter_node(driver, parent, NODE_SYMLINK, name, &none, &source, entry);
    if (S_ISREG(source.st_mode))
        return enter_regular(driver, parent, name, path, &source, entry);
    return -ENOENT; /* sockets, FIFOs and devices are left out */
}

/* What is looked for in a view, or in a large file where `view` is NULL. */
struct wanted {
    const struct view *view;
    const char *name;                /* of a piece; or NULL: */
    const struct selector *selector; /* what it means */
    const char *extension;
    const struct cancel *cancel;
};

static int resolve(const struct wanted *wanted, const struct view_file *file,
                   struct node_piece *piece)
{
    struct piece_data data;
    int error = 0;

    if (wanted->name != NULL)
        error = piece_name_read(wanted->view, wanted->extension, view_count(wanted->view, file),
                                wanted->name, &piece->selector);
    else
        piece->selector = *wanted->selector;
    if (error != 0)
        return error;
    return view_resolve(wanted->view, &piece->selector, file, &piece->piece, &data);
}

/* With what the view needs beside the file. */
static int resolve_completed(struct driver *driver, const struct wanted *wanted,
                             struct view_file *file, struct node_piece *piece)
{
    int error = wanted->view != NULL ? view_file_complete(file, wanted->view, &driver->store) : 0;
    if (error == 0)
        error = resolve(wanted, file, piece);
    line_index_unref(file->index);
    return error == -WRONG_INDEX ? -ESTALE : error;
}

/*
 * Resolves in a pinned generation, so that a file that is being appended to stays the same
 * generation from the look-up on. A view that does not scan can do without: a file that may not be
 * read still shows its pieces.
 */
static int resolve_pinned(struct driver *driver, struct source *source, const struct wanted *wanted,
                          struct node_piece *piece)
{
    struct view_file file = {
        .source = source,
        .generation = piece->generation,
        .cancel = wanted->cancel,
    };
    bool scans = wanted->view != NULL && view_scans(wanted->view);
    bool pinned = false;
    int error = 0;

    if (scans || !generation_settled(piece->generation)) {
        error = source_pin(source, piece->generation);
        pinned = error == 0;
    }
    if (error == -ESTALE || (scans && error != 0))
        return error;
    /* Only now: while it was captured the file may have become another. */
    file.size = generation_revised(piece->generation, &piece->revision).size;
    if (driver_is_large(driver, file.size))
        error = resolve_completed(driver, wanted, &file, piece);
    else
        error = -ESTALE;
    if (pinned)
        source_unpin(source, piece->generation);
    return error;
}

/*
 * Finds a piece as it is now. The generation becomes a reference of the caller's, and *source its
 * attributes.
 */
static int find_piece(struct driver *driver, const struct node *parent, const struct wanted *wanted,
                      struct node_piece *piece, struct stat *source)
{
    struct source *file = node_large(parent)->content.source;
    int error = -ESTALE;

    for (int i = 0; i < REWRITE_ATTEMPTS && error == -ESTALE; i++) {
        error = source_look(file, &piece->generation, source);
        if (error != 0)
            return error;
        error = resolve_pinned(driver, file, wanted, piece);
        if (error != 0) {
            generation_unref(piece->generation);
            piece->generation = NULL;
        }
    }
    return error;
}

static const struct view *view_of(const struct node *parent)
{
    return parent->kind == NODE_VIEW ? &parent->content.view : NULL;
}

int lookup_piece(struct driver *driver, const struct node *parent, const struct selector *selector,
                 const struct cancel *cancel, struct node_piece *piece, struct stat *source)
{
    const struct wanted wanted = {.view = view_of(parent), .selector = selector, .cancel = cancel};
    return find_piece(driver, parent, &wanted, piece, source);
}

static int enter_piece(struct driver *driver, struct node *parent, const struct wanted *wanted,
                       struct entry *entry)
{
    union node_content content = {0};
    struct stat source;
    int error = find_piece(driver, parent, wanted, &content.piece, &source);
    if (error != 0)
        return error;
    error = enter_node(driver, parent, NODE_PIECE, "", &content, &source, entry);
    if (error != 0)
        return error;
    /* If the file has changed meanwhile the node is out of date; that is for its next use to say.
     */
    error = attributes_count_blocks(entry->node, wanted->cancel, &entry->attributes);
    if (error != -CANCELLED)
        return 0;
    node_forget(&driver->nodes, entry->node, 1);
    return error;
}

int lookup_selected(struct driver *driver, struct node *parent, const struct selector *selector,
                    const struct cancel *cancel, struct entry *entry)
{
    const struct wanted wanted = {.view = view_of(parent), .selector = selector, .cancel = cancel};
    return enter_piece(driver, parent, &wanted, entry);
}

static int lookup_in_view(struct driver *driver, struct node *parent, const char *name,
                          const struct cancel *cancel, struct entry *entry)
{
    const struct wanted wanted = {
        .view = &parent->content.view,
        .name = name,
        .extension = file_extension(node_large(parent)->name),
        .cancel = cancel,
    };
    return enter_piece(driver, parent, &wanted, entry);
}

/* Makes the entry of a table or a report, whose text is made when it is opened. */
static int enter_generated(struct driver *driver, struct node *parent, enum node_kind kind,
                           const char *name, union node_content *content, const struct stat *source,
                           struct entry *entry)
{
    content->generated.text = generated_new();
    if (content->generated.text == NULL)
        return -ENOMEM;
    return enter_node(driver, parent, kind, name, content, source, entry);
}

/* VIEW[@ARG…].tsv, the table of contents of a view, whose name is of this length. */
static int enter_table(struct driver *driver, struct node *parent, const char *name, size_t length,
                       struct entry *entry)
{
    union node_content content = {0};
    struct stat source;

    int error = view_parse(name, length, &driver->settings->views, &content.generated.view);
    if (error == 0)
        error = attributes_now_of_large(driver, parent, &source);
    if (error != 0)
        return error;
    file_identity_of(&source, &content.generated.identity);
    return enter_generated(driver, parent, NODE_TABLE, name, &content, &source, entry);
}

/* VIEW[@ARG…] is a directory, VIEW[@ARG…].tsv its table of contents. */
static int lookup_in_large(struct driver *driver, struct node *parent, const char *name,
                           struct entry *entry)
{
    const struct selector whole = {.kind = SELECT_WHOLE};
    const struct wanted wanted_whole = {.selector = &whole};
    const size_t suffix = sizeof(table_suffix) - 1;
    union node_content content = {0};
    size_t length = strlen(name);
    struct stat source;

    if (piece_name_is_whole(file_extension(parent->name), name))
        return enter_piece(driver, parent, &wanted_whole, entry);
    if (length > suffix && strcmp(name + length - suffix, table_suffix) == 0)
        return enter_table(driver, parent, name, length - suffix, entry);
    int error = view_parse(name, length, &driver->settings->views, &content.view);
    if (error == 0)
        error = attributes_now_of_large(driver, parent, &source);
    return error != 0 ? error
                      : enter_node(driver, parent, NODE_VIEW, name, &content, &source, entry);
}

static int lookup_in_control(struct driver *driver, struct node *parent, const char *name,
                             struct entry *entry)
{
    const struct stat nothing = {0};
    union node_content content = {.generated.report = report_named(name)};
    if (content.generated.report == REPORTS)
        return -ENOENT;
    return enter_generated(driver, parent, NODE_REPORT, name, &content, &nothing, entry);
}

int lookup(struct driver *driver, struct node *parent, const char *name,
           const struct cancel *cancel, struct entry *entry)
{
    atomic_fetch_add(&driver->counters.lookups, 1);
    switch (parent->kind) {
    case NODE_DIRECTORY:
        return lookup_in_directory(driver, parent, name, entry);
    case NODE_LARGE:
        return lookup_in_large(driver, parent, name, entry);
    case NODE_VIEW:
        return lookup_in_view(driver, parent, name, cancel, entry);
    case NODE_CONTROL:
        return lookup_in_control(driver, parent, name, entry);
    default:
        return -ENOTDIR;
    }
}
