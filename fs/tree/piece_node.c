/* SPDX-License-Identifier: MIT */
#include "fs/tree/piece_node.h"

#include <errno.h>

#include "core/base/outcome.h"
#include "core/content/word_note.h"
#include "core/view/piece_name.h"
#include "core/view/view_types.h"
#include "fs/tree/attributes.h"
#include "fs/tree/belief.h"
#include "fs/tree/piece_handle.h"
#include "fs/tree/refused_name.h"

/* How often a look-up starts again because its file was rewritten meanwhile. */
enum { REWRITE_ATTEMPTS = 4 };

/* --- finding ---------------------------------------------------------------------------------- */

/* Says which rule the name of a query fails. */
static void refuse_piece_name(struct driver *driver, const struct node *parent,
                              const struct piece_query *query, const struct view_file *file)
{
    struct name_reason reason;

    if (query->name == NULL || !refused_name_is_said(driver))
        return;
    name_reason_of_piece(query->view, node_extension(parent), file, query->name, &reason);
    refused_name_say(driver, parent, query->name, reason.text);
}

/* Resolves a query in a file that has what the view needs. */
static int resolve_query(const struct node *parent, const struct piece_query *query,
                         const struct view_file *file, struct node_piece *piece)
{
    struct piece_data data;
    int error = 0;

    if (query->name != NULL)
        error = piece_name_read(query->view, node_extension(parent), view_count(query->view, file),
                                query->name, &piece->selector);
    else
        piece->selector = *query->selector;
    if (error != 0)
        return error;
    error = view_resolve(query->view, &piece->selector, file, &piece->piece, &data);
    piece->data = data.bytes;
    piece->depends_on_growth = view_depends_on_growth(query->view, file, &data);
    return error;
}

static int resolve_in(struct driver *driver, const struct node *parent,
                      const struct piece_query *query, const struct reading *reading,
                      struct node_piece *piece)
{
    struct view_file file = {.reading = reading, .size = reading->size};

    int error = view_file_complete(&file, query->view, &driver->index_directory);
    if (error == 0)
        error = resolve_query(parent, query, &file, piece);
    if (error == -ENOENT)
        refuse_piece_name(driver, parent, query, &file);
    if (error == 0)
        error = view_file_confirm(&file, query->view);
    record_index_unref(file.index);
    return error == -WRONG_INDEX ? -ESTALE : error;
}

/*
 * Resolves in a pinned reading, so that a file that is appended to stays the same generation from
 * the look-up on. A view that reads nothing also works without pinning, so a file that may not be
 * read still shows its pieces.
 */
static int resolve_pinned(struct driver *driver, const struct node *parent,
                          const struct piece_query *query, struct reading *reading,
                          struct node_piece *piece)
{
    bool scans = query->view->type->has_records || view_is_pinned(query->view);
    int error = 0;

    if (scans || !generation_captured(reading->generation))
        error = reading_pin(reading);
    if (error == -ESTALE || (scans && error != 0))
        return error;
    if (!driver_is_large(driver, reading->version.file.size))
        return -ESTALE;
    error = resolve_in(driver, parent, query, reading, piece);
    if (error != 0)
        return error;
    piece->generation = generation_ref(reading->generation);
    piece->revision = reading->version.revision;
    piece->view = query->view;
    return 0;
}

/*
 * Finds the current piece. The caller gets a reference to the generation, and its attributes in
 * *source.
 */
static int find_piece(struct driver *driver, const struct node *parent,
                      const struct piece_query *query, struct node_piece *piece,
                      struct stat *source)
{
    int error = -ESTALE;

    for (int i = 0; i < REWRITE_ATTEMPTS && error == -ESTALE; i++) {
        AUTO_READING struct reading reading = {.source = NULL};
        error = reading_look(node_source(parent), query->cancel, &reading, source);
        if (error != 0)
            return error;
        error = resolve_pinned(driver, parent, query, &reading, piece);
    }
    return error;
}

int piece_node_enter(struct driver *driver, struct node *parent, const struct piece_query *query,
                     struct entry *entry)
{
    union node_content content = {0};
    struct stat source;
    int error = find_piece(driver, parent, query, &content.piece, &source);
    if (error != 0)
        return error;
    /* Keys are as long as names, and only the name has room for them. */
    content.piece.is_named = content.piece.selector.keys != NULL;
    const char *name = content.piece.is_named ? content.piece.selector.keys : "";
    content.piece.selector.keys = NULL;
    error = entry_make(driver, parent, &piece_node, name, &content, &source, entry);
    if (error != 0)
        return error;
    /* If the file has changed meanwhile, the node is out of date, which its next use reports. */
    error = attributes_count_blocks(entry->node, query->cancel, &entry->attributes);
    if (error != -CANCELLED)
        return 0;
    node_forget(&driver->nodes, entry->node, 1);
    return error;
}

/* --- the type --------------------------------------------------------------------------------- */

/* `data` tells where an empty piece is: its ranges are the same wherever that is. */
static void print_piece(const union node_content *content, struct fingerprint *print)
{
    const struct node_piece *piece = &content->piece;
    *print = (struct fingerprint){{
        generation_number(piece->generation),
        piece->revision,
        (uint64_t)piece->selector.kind,
        piece->selector.offset,
        piece->selector.length,
        piece->data.offset,
        piece->data.length,
        piece->piece.ranges[0].offset,
        piece->piece.ranges[0].length,
        piece->piece.ranges[1].offset,
        piece->piece.ranges[1].length,
    }};
}

static void seed_piece(const union node_content *content, struct inode_seed *seed)
{
    seed->words[2] = (uint64_t)content->piece.selector.kind;
    seed->words[3] = content->piece.selector.offset;
    seed->words[4] = content->piece.selector.length;
    seed->unnamed = !content->piece.is_named;
}

static void release_piece(const union node_content *content)
{
    generation_unref(content->piece.generation);
}

static bool is_piece_growing(struct driver *driver, const struct node *node)
{
    const struct node_piece *piece = &node->content.piece;
    (void)driver;
    return piece->depends_on_growth && generation_has_grown(piece->generation);
}

static int look_at_piece(struct driver *driver, struct node *node, struct stat *source)
{
    const struct node_piece *piece = &node->content.piece;
    AUTO_READING struct reading reading = {.source = NULL};

    (void)driver;
    int error = attributes_of_generation(node_source(node), piece->generation, source);
    if (error != 0 || !view_is_pinned(piece->view))
        return error;
    reading_of(node_source(node), piece->generation, NULL, &reading);
    return word_confirm(&reading, &piece->view->pin);
}

static void shape_piece(const struct driver *driver, const struct node *node,
                        const struct stat *source, struct stat *attributes)
{
    (void)driver;
    attributes->st_nlink = 1;
    attributes_take_size(attributes, source, piece_length(&node->content.piece.piece));
}

static int count_piece_blocks(const struct node *node, const struct cancel *cancel,
                              struct stat *attributes)
{
    const struct node_piece *piece = &node->content.piece;
    AUTO_READING struct reading reading = {.source = NULL};
    uint64_t bytes = 0;

    if (piece->view->type->is_single)
        return 0;
    reading_of(node_source(node), piece->generation, cancel, &reading);
    int error = piece_count_data(&piece->piece, &reading, &bytes);
    if (error == 0)
        attributes->st_blocks = attributes_blocks(bytes);
    return error == -CANCELLED || error == -ESTALE ? error : 0;
}

static bool is_file_of_piece(const struct node *node, const struct stat *found)
{
    const struct file_identity known = generation_identity(node->content.piece.generation);
    return found->st_dev == known.device && found->st_ino == known.inode;
}

static enum lane lane_of_piece(const struct node *node)
{
    const struct view *view = node->content.piece.view;
    return view->type->has_records || view_is_pinned(view) ? LANE_SCANS : LANE_LOOKS;
}

/*
 * Checks that the name of a piece still means the bytes that its node was made for or, if growth is
 * accepted, that the file has only grown since.
 */
static int check_piece(struct driver *driver, const struct node *node, const struct opener *opener)
{
    const struct node_piece *piece = &node->content.piece;
    const struct piece_query query = {
        .view = piece->view,
        .name = piece->is_named ? node->name : NULL,
        .selector = &piece->selector,
        .cancel = opener->cancel,
    };
    struct node_piece now = {0};
    struct stat attributes;

    int error = find_piece(driver, node->parent, &query, &now, &attributes);
    if (error != 0)
        return error == -ENOENT ? -ESTALE : error;
    bool same = now.generation == piece->generation && now.revision == piece->revision &&
                (opener->accepts_growth || piece_equal(&now.piece, &piece->piece));
    generation_unref(now.generation);
    return same ? 0 : -ESTALE;
}

static int open_piece(struct driver *driver, struct node *node, const struct opener *opener,
                      struct handle *handle)
{
    int error = check_piece(driver, node, opener);
    if (error != 0)
        return error;
    reading_of(node_source(node), node->content.piece.generation, NULL, &handle->reading);
    error = reading_pin(&handle->reading);
    if (error != 0)
        return error;
    handle->type = &piece_handle;
    handle->piece = node->content.piece.piece;
    handle->word = node->content.piece.view->pin;
    handle_sample(driver, handle, false); /* pages of a large file may stay cached for long */
    return 0;
}

static const struct view *view_of_piece(const struct node *node)
{
    return node->content.piece.view;
}

const struct node_type piece_node = {
    .number = 5,
    .shown_as = S_IFREG,
    .rights = ACL_AS_IT_IS,
    .is_piece = true,
    .print = print_piece,
    .seed = seed_piece,
    .release = release_piece,
    .is_growing = is_piece_growing,
    .look = look_at_piece,
    .shape = shape_piece,
    .count_blocks = count_piece_blocks,
    .is_of = is_file_of_piece,
    .open_lane = lane_of_piece,
    .open = open_piece,
    .view_of = view_of_piece,
};
