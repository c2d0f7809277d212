/* SPDX-License-Identifier: MIT */
#include "fs/tree/view_node.h"

#include <errno.h>

#include "core/base/checked.h"
#include "core/base/outcome.h"
#include "core/view/piece_name.h"
#include "core/view/view_types.h"
#include "fs/tree/attributes.h"
#include "fs/tree/listing.h"
#include "fs/tree/piece_node.h"
#include "fs/tree/refused_name.h"

/* --- which file has it ------------------------------------------------------------------------ */

/* A name of a view that a look-up refuses; a look-up of a text has the text's name. */
struct view_name {
    const char *name;
    size_t length; /* of the name of the view */
};

/* Says which rule the name fails: why no view has it. */
static void refuse_view_name(struct driver *driver, const struct node *large,
                             const struct view_name *name, const struct view_defaults *defaults)
{
    struct name_reason reason;

    if (!refused_name_is_said(driver))
        return;
    name_reason_of_view(name->name, name->length, defaults, &reason);
    refused_name_say(driver, large, name->name, reason.text);
}

/* The same: why the file has not got what the view is of. `name`: NULL, and it is not said. */
static void refuse_view_span(struct driver *driver, const struct node *large, const char *name,
                             const struct view *view, uint64_t size)
{
    struct name_reason reason;

    if (name == NULL || !refused_name_is_said(driver))
        return;
    name_reason_of_span(view, size, &reason);
    refused_name_say(driver, large, name, reason.text);
}

/*
 * Gets the attributes of a large file, and checks that it has what the view is of. `name` is the
 * one that is looked up, or NULL.
 */
static int check_view(struct driver *driver, const struct node *node, const char *name,
                      const struct view *view, const struct cancel *cancel, struct stat *source)
{
    AUTO_READING struct reading reading = {.source = NULL};
    int error = attributes_of_large(driver, node, source);

    if (error != 0 || !view_is_limited(view))
        return error;
    error = view_is_pinned(view) ? reading_open(node_source(node), cancel, &reading, NULL)
                                 : reading_look(node_source(node), cancel, &reading, NULL);
    if (error != 0)
        return error == -ENOENT ? -ESTALE : error;
    struct view_file file = {.reading = &reading, .size = reading.size};
    error = view_file_limit(&file, view);
    if (error == -ENOENT)
        refuse_view_span(driver, node, name, view, reading.size);
    return error;
}

int view_node_find(struct driver *driver, const struct node *large, const char *name, size_t length,
                   const struct cancel *cancel, struct view *view, struct stat *source)
{
    const struct view_defaults defaults =
        settings_views_of(driver->settings, node_extension(large));
    const struct view_name refused = {name, length};
    int error = view_parse(name, length, &defaults, view);
    if (error != 0) {
        refuse_view_name(driver, large, &refused, &defaults);
        return error;
    }
    if (view->type->is_of_files && content_is_held(node_source(large)->content)) {
        if (refused_name_is_said(driver))
            refused_name_say(driver, large, name, "what a compressed file holds does not have it");
        return -ENOENT;
    }
    return check_view(driver, large, name, view, cancel, source);
}

static int look_at_view(struct driver *driver, struct node *node, struct stat *attributes)
{
    return check_view(driver, node, NULL, &node->content.view, NULL, attributes);
}

static void shape_view(const struct driver *driver, const struct node *node,
                       const struct stat *source, struct stat *attributes)
{
    (void)driver;
    (void)node;
    (void)source;
    attributes_become_directory(attributes);
}

/* A word is compared with blocks of the file, and may wait for a writer. */
static bool may_view_scan(const struct node *node)
{
    const struct view *view = &node->content.view;
    return view->type->has_records || view_is_pinned(view);
}

static bool may_view_listing_scan(const struct node *node)
{
    return node->content.view.type->needs_index || view_is_pinned(&node->content.view);
}

static int look_up_in_view(struct driver *driver, struct node *node, const char *name,
                           const struct cancel *cancel, struct entry *entry)
{
    const struct piece_query query = {.view = &node->content.view, .name = name, .cancel = cancel};
    return piece_node_enter(driver, node, &query, entry);
}

/* --- listing ---------------------------------------------------------------------------------- */

/* A listing of pieces. */
struct piece_listing {
    struct listing *listing;
    const struct view_file *file;
    bool with_nodes; /* pieces come with their nodes */
};

static bool add_piece(const struct piece_listing *pieces, const char *name,
                      const union node_content *content, off_t next)
{
    struct listing *listing = pieces->listing;
    const struct piece_query query = {
        .view = &listing->node->content.view,
        .selector = &content->piece.selector,
        .cancel = &listing->cancel,
    };
    struct entry found;

    if (pieces->with_nodes && piece_node_enter(listing->driver, listing->node, &query, &found) == 0)
        return listing_add_found(listing, name, &found, next);
    return listing_add_child(listing, name, &piece_node, content, next);
}

/*
 * Lists pieces from a cursor on; the place of an entry is the cursor after it. The largest place is
 * the end, as a file can be so long that no place above its last cursor is left for the dots.
 */
static int list_pieces(const struct piece_listing *pieces, uint64_t cursor)
{
    const struct node *node = pieces->listing->node;
    const struct view *view = &node->content.view;
    uint64_t count = view_count(view, pieces->file);
    union node_content content = {0};
    char name[PIECE_NAME_MOST + 1];
    int error = 0;

    while (cursor < OFFSET_MAX - 2) {
        error = view_next(view, pieces->file, &cursor, &content.piece.selector);
        if (error != 0)
            break;
        piece_name_write(view, node_extension(node), count, &content.piece.selector, name);
        off_t next = (off_t)min_u64(cursor, OFFSET_MAX - 2) + 2;
        if (!add_piece(pieces, name, &content, next))
            break;
    }
    return error == -NO_MORE_PIECES || pieces->listing->used > 0 ? 0 : error;
}

/* Lists the pieces of a view that needs the file to be read. */
static int list_by_reading(struct listing *listing, uint64_t cursor)
{
    const struct view *view = &listing->node->content.view;
    AUTO_READING struct reading reading = {.source = NULL};

    int error = reading_open(node_source(listing->node), &listing->cancel, &reading, NULL);
    if (error != 0)
        return error;
    if (!driver_is_large(listing->driver, reading.version.file.size))
        return -ESTALE;
    struct view_file file = {.reading = &reading, .size = reading.size};
    const struct piece_listing pieces = {.listing = listing, .file = &file};
    error = view->type->needs_index
                ? view_file_complete(&file, view, &listing->driver->index_directory)
                : view_file_limit(&file, view);
    if (error == 0)
        error = list_pieces(&pieces, cursor);
    int other = error == 0 ? view_file_confirm(&file, view) : 0;
    record_index_unref(file.index);
    if (other != 0)
        return other;
    return error == -ENOENT ? -ESTALE : error;
}

/*
 * Whether the attributes of a view's pieces need no scan, no count of extents and no first read of
 * the file. A program that lists only names must not wait for these, and at first the kernel cannot
 * tell.
 */
static bool are_pieces_cheap(const struct view *view, const struct reading *reading)
{
    return !view->type->has_records && !file_may_have_holes(&reading->version.file) &&
           generation_captured(reading->generation);
}

static int list_view(struct listing *listing, off_t offset)
{
    const struct view *view = &listing->node->content.view;
    AUTO_READING struct reading reading = {.source = NULL};
    uint64_t cursor = (uint64_t)offset - 2;
    struct stat attributes;

    if (view->type->next != NULL || view->type->needs_index || view_is_pinned(view))
        return list_by_reading(listing, cursor);
    int error = reading_look(node_source(listing->node), &listing->cancel, &reading, &attributes);
    if (error == 0 && !driver_is_large(listing->driver, (uint64_t)attributes.st_size))
        error = -ESTALE;
    if (error != 0)
        return error == -ENOENT ? -ESTALE : error;
    struct view_file file = {.size = reading.size};
    error = view_file_limit(&file, view);
    if (error != 0)
        return -ESTALE;
    const struct piece_listing pieces = {
        .listing = listing,
        .file = &file,
        .with_nodes = listing->with_nodes && are_pieces_cheap(view, &reading),
    };
    return list_pieces(&pieces, cursor);
}

static int list_view_made_up(struct listing *listing, off_t offset)
{
    return listing_made_up(listing, offset, list_view);
}

static const struct view *view_of_view(const struct node *node)
{
    return &node->content.view;
}

const struct node_type view_node = {
    .number = 4,
    .shown_as = S_IFDIR,
    .rights = ACL_OF_DIRECTORY,
    .look = look_at_view,
    .shape = shape_view,
    .lookup_may_scan = may_view_scan,
    .list_may_scan = may_view_listing_scan,
    .lookup = look_up_in_view,
    .list = list_view_made_up,
    .view_of = view_of_view,
};
