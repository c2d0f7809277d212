#include "fs/lookup.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "fs/attributes.h"
#include "fs/piece_name.h"

/* How often a look-up begins anew because its file was rewritten while it was at it. */
enum { REWRITE_ATTEMPTS = 4 };

const char control_name[] = ".bigfs";

static const char table_suffix[] = ".tsv";

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
    char path[PATH_MAX];
    struct stat source = {0};

    if (lookup_is_control(driver, parent, name))
        return enter_node(driver, parent, NODE_CONTROL, name, &none, &source, entry);
    if (driver->single != NULL && !is_single(driver, name))
        return -ENOENT;
    int error = node_path(parent, name, path, sizeof(path));
    if (error == 0)
        error = beneath_stat(&driver->pool.beneath, path, &source);
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

/*
 * Resolves the selector in a pinned generation, so that a file that is being appended to stays the
 * same generation from the look-up on. A view that does not scan can do without: a file that may
 * not be read still shows its pieces.
 */
static int resolve_pinned(struct source *source, const struct view *view,
                          const struct cancel *cancel, struct node_piece *piece)
{
    struct generation *generation = piece->generation;
    bool scans = view != NULL && view_scans(view);
    struct range data;
    bool pinned = false;
    int error = 0;

    if (scans || !generation_settled(generation)) {
        error = source_pin(source, generation);
        pinned = error == 0;
    }
    if (error == -ESTALE || (scans && error != 0))
        return error;
    error = view_resolve(view, &piece->selector, source, generation, piece->resolved_size, cancel,
                         &piece->piece, &data);
    if (pinned)
        source_unpin(source, generation);
    return error;
}

static int resolve_once(struct driver *driver, const struct node *parent,
                        const struct selector *selector, const struct cancel *cancel,
                        struct node_piece *piece, struct stat *attributes)
{
    struct source *source = node_large(parent)->content.source;
    const struct view *view = parent->kind == NODE_VIEW ? &parent->content.view : NULL;

    int error = source_look(source, &piece->generation, attributes);
    if (error != 0)
        return error;
    piece->selector = *selector;
    piece->resolved_size = generation_size(piece->generation);
    error = driver_is_large(driver, piece->resolved_size)
                ? resolve_pinned(source, view, cancel, piece)
                : -ESTALE;
    if (error != 0) {
        generation_unref(piece->generation);
        piece->generation = NULL;
    }
    return error;
}

int lookup_piece(struct driver *driver, const struct node *parent, const struct selector *selector,
                 const struct cancel *cancel, struct node_piece *piece, struct stat *source)
{
    int error = -ESTALE;
    for (int i = 0; i < REWRITE_ATTEMPTS && error == -ESTALE; i++)
        error = resolve_once(driver, parent, selector, cancel, piece, source);
    return error;
}

static int enter_piece(struct driver *driver, struct node *parent, const struct selector *selector,
                       const struct cancel *cancel, struct entry *entry)
{
    union node_content content = {0};
    struct stat source;
    int error = lookup_piece(driver, parent, selector, cancel, &content.piece, &source);
    if (error != 0)
        return error;
    error = enter_node(driver, parent, NODE_PIECE, "", &content, &source, entry);
    if (error != 0)
        return error;
    /* If the file has changed meanwhile the node is out of date; that is for its next use to say.
     */
    error = attributes_count_blocks(entry->node, cancel, &entry->attributes);
    if (error != -EINTR)
        return 0;
    node_forget(&driver->nodes, entry->node, 1);
    return error;
}

static int lookup_in_view(struct driver *driver, struct node *parent, const char *name,
                          const struct cancel *cancel, struct entry *entry)
{
    const struct node *large = node_large(parent);
    const struct view *view = &parent->content.view;
    struct selector selector;
    struct stat source;

    int error = attributes_now_of_large(driver, large, &source);
    if (error == 0)
        error = piece_name_read(view, file_extension(large->name), (uint64_t)source.st_size, name,
                                &selector);
    return error != 0 ? error : enter_piece(driver, parent, &selector, cancel, entry);
}

/* VIEW[@ARG…] is a directory, VIEW[@ARG…].tsv its table of contents. */
static int lookup_in_large(struct driver *driver, struct node *parent, const char *name,
                           struct entry *entry)
{
    const struct selector whole = {.kind = SELECT_WHOLE};
    const size_t suffix = sizeof(table_suffix) - 1;
    union node_content content = {0};
    enum node_kind kind = NODE_VIEW;
    size_t length = strlen(name);
    struct stat source;

    if (piece_name_is_whole(file_extension(parent->name), name))
        return enter_piece(driver, parent, &whole, NULL, entry);
    if (length > suffix && strcmp(name + length - suffix, table_suffix) == 0) {
        kind = NODE_TABLE;
        length -= suffix;
    }
    int error = view_parse(name, length, &driver->options->views, &content.view);
    if (error == 0)
        error = attributes_now_of_large(driver, parent, &source);
    return error != 0 ? error : enter_node(driver, parent, kind, name, &content, &source, entry);
}

static int lookup_in_control(struct driver *driver, struct node *parent, const char *name,
                             struct entry *entry)
{
    const struct stat nothing = {0};
    union node_content content = {.report = report_named(name)};
    if (content.report == REPORTS)
        return -ENOENT;
    return enter_node(driver, parent, NODE_REPORT, name, &content, &nothing, entry);
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
