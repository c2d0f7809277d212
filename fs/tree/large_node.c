/* SPDX-License-Identifier: MIT */
#include "fs/tree/large_node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/base/outcome.h"
#include "core/content/contents.h"
#include "core/index/index_get.h"
#include "core/index/map_draft.h"
#include "core/view/piece_name.h"
#include "core/view/view_types.h"
#include "core/view/whole_view.h"
#include "fs/tree/attributes.h"
#include "fs/tree/listing.h"
#include "fs/tree/piece_node.h"
#include "fs/tree/refused_name.h"
#include "fs/tree/text_node.h"
#include "fs/tree/view_node.h"

static const char held_name[] = "plain";

static void release_large(const union node_content *content)
{
    source_unref(content->source);
}

/* Whether the file now holds another kind of content. */
static bool is_large_over(const struct node *node, const union node_content *wanted)
{
    return node->content.source->content != wanted->source->content;
}

static int look_at_large(struct driver *driver, struct node *node, struct stat *attributes)
{
    return attributes_of_large(driver, node, attributes);
}

static void shape_large(const struct driver *driver, const struct node *node,
                        const struct stat *source, struct stat *attributes)
{
    (void)driver;
    (void)node;
    (void)source;
    attributes_become_directory(attributes);
}

/* --- look-ups --------------------------------------------------------------------------------- */

static int enter_single(struct driver *driver, struct node *node, const struct cancel *cancel,
                        struct entry *entry)
{
    const struct piece_query query = {
        .view = &whole_of_file, .selector = &whole_selector, .cancel = cancel};
    return piece_node_enter(driver, node, &query, entry);
}

static int enter_view(struct driver *driver, struct node *node, const char *name,
                      const struct cancel *cancel, struct entry *entry)
{
    union node_content content = {0};
    struct stat source;

    int error = view_node_find(driver, node, name, strlen(name), cancel, &content.view, &source);
    if (error != 0)
        return error;
    return entry_make(driver, node, &view_node, name, &content, &source, entry);
}

/*
 * The content that the file holds besides its own bytes, or NULL. *certain: it can be had. A held
 * content holds no other.
 */
static const struct content_type *content_of_large(const struct node *node,
                                                   const struct cancel *cancel, bool *certain)
{
    AUTO_READING struct reading reading = {.source = NULL};

    if (content_types[1] == NULL || node->parent->type->is_large)
        return NULL;
    if (reading_open(node_source(node), cancel, &reading, NULL) != 0)
        return NULL;
    return content_held_by(&reading, certain);
}

/* Whether the content can be had, as its map tells. */
static int check_held(struct source *source, const struct cancel *cancel)
{
    AUTO_READING struct reading reading = {.source = NULL};
    return reading_look(source, cancel, &reading, NULL);
}

static int enter_held(struct driver *driver, struct node *node, const struct cancel *cancel,
                      struct entry *entry)
{
    bool certain = false;
    const struct content_type *type = content_of_large(node, cancel, &certain);
    union node_content content = {0};
    struct stat source;

    if (type == NULL) {
        if (refused_name_is_said(driver))
            refused_name_say(driver, node, held_name,
                             "the file holds nothing compressed that bigfs knows");
        return -ENOENT;
    }
    int error = attributes_of_large(driver, node, &source);
    if (error != 0)
        return error;
    content.source =
        recent_sources_get(&driver->recent, &driver->pool, node_source(node)->path, type);
    if (content.source == NULL)
        return -ENOMEM;
    error = certain ? 0 : check_held(content.source, cancel);
    if (error == -AWAITS_INDEX)
        entry->awaited = content.source;
    else if (error != 0)
        source_unref(content.source);
    if (error != 0)
        return error;
    return entry_make(driver, node, &large_node, held_name, &content, &source, entry);
}

static int look_up_in_large(struct driver *driver, struct node *node, const char *name,
                            const struct cancel *cancel, struct entry *entry)
{
    size_t stem = 0;

    if (piece_name_find_single(node_extension(node), name) != NULL)
        return enter_single(driver, node, cancel, entry);
    if (strcmp(name, held_name) == 0)
        return enter_held(driver, node, cancel, entry);
    const struct generated_type *type = text_node_type_of(name, &stem);
    if (type != NULL)
        return text_node_enter(driver, node, type, name, stem, cancel, entry);
    return enter_view(driver, node, name, cancel, entry);
}

/* --- listing ---------------------------------------------------------------------------------- */

/*
 * Each view has this many places in the directory, for itself and its texts, whether they are shown
 * or not. So the other entries keep their places when a file gets its first hole or an index.
 * `plain` comes last.
 */
enum { PLACES_OF_VIEW = 16, LARGE_PLACES = VIEW_TYPES_MOST * PLACES_OF_VIEW };

/*
 * Whether a listing shows a view that not every file has, or that needs an index: a listing must
 * not start a scan, so such a view is shown once its index is there; and those of a compressed
 * content once its map is. `reading` may be NULL.
 */
static bool has_view(const struct listing *listing, const struct view_type *type,
                     const struct reading *reading)
{
    struct driver *driver = listing->driver;
    const struct view_defaults defaults =
        settings_views_of(driver->settings, node_extension(listing->node));
    struct view view;
    bool needs_index = view_parse(type->name, strlen(type->name), &defaults, &view) == 0 &&
                       view_needs_index(&view);

    if (content_is_held(node_source(listing->node)->content) &&
        (type->is_of_files || reading == NULL))
        return false;
    if (type->is_listed == NULL && !needs_index)
        return true;
    return reading != NULL && (type->is_listed == NULL || type->is_listed(reading)) &&
           (!needs_index || index_is_there(&driver->index_directory, reading, view.format));
}

/* Chooses the listed views. */
static void choose_views(const struct listing *listing, bool *listed)
{
    AUTO_READING struct reading reading = {.source = NULL};
    struct source *source = node_source(listing->node);
    bool known = reading_find(source, &listing->cancel, &reading, NULL) == 0;

    if (source->content->codec != NULL)
        known = known && map_is_there(&listing->driver->index_directory, &reading);
    for (size_t i = 0; view_types[i] != NULL; i++)
        listed[i] = listing->driver->settings->listed[i] &&
                    has_view(listing, view_types[i], known ? &reading : NULL);
}

/* Adds the entry of a view at one of its places. Returns false if it did not fit. */
static bool add_view_entry(struct listing *listing, const struct view_type *type, unsigned place,
                           off_t next)
{
    static const union node_content none = {0};
    const union node_content single = {.piece = {.view = &whole_of_file}};
    char name[PIECE_NAME_MOST + 1];

    if (type->is_single) {
        piece_name_write_single(type, node_extension(listing->node), name);
        return place > 0 || listing_add_child(listing, name, &piece_node, &single, next);
    }
    if (place == 0)
        return listing_add_child(listing, type->name, &view_node, &none, next);
    const struct generated_type *text = text_node_listed(place - 1);
    if (text == NULL)
        return true;
    (void)snprintf(name, sizeof(name), "%s%s", type->name, text->name);
    return listing_add_child(listing, name, &text_node, &none, next);
}

/* Whether the ends of the file tell that it holds a content that can be had. */
static bool is_held_listed(const struct listing *listing)
{
    bool certain = false;
    return content_of_large(listing->node, &listing->cancel, &certain) != NULL && certain;
}

static int list_large(struct listing *listing, off_t offset)
{
    static const union node_content none = {0};
    bool listed[VIEW_TYPES_MOST] = {false};

    choose_views(listing, listed);
    for (off_t place = offset - 2; place < LARGE_PLACES; place++) {
        size_t view = (size_t)place / PLACES_OF_VIEW;
        if (listed[view] && !add_view_entry(listing, view_types[view],
                                            (unsigned)(place % PLACES_OF_VIEW), place + 3))
            return 0;
    }
    if (offset - 2 <= LARGE_PLACES && is_held_listed(listing))
        (void)listing_add_child(listing, held_name, &large_node, &none, LARGE_PLACES + 3);
    return 0;
}

static int list_large_made_up(struct listing *listing, off_t offset)
{
    return listing_made_up(listing, offset, list_large);
}

const struct node_type large_node = {
    .number = 3,
    .shown_as = S_IFDIR,
    .rights = ACL_OF_DIRECTORY,
    .is_large = true,
    .release = release_large,
    .is_over = is_large_over,
    .look = look_at_large,
    .shape = shape_large,
    .lookup = look_up_in_large,
    .list = list_large_made_up,
};
