/* SPDX-License-Identifier: MIT */
#include "fs/tree/text_node.h"

#include <errno.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/view/whole_view.h"
#include "fs/tree/attributes.h"
#include "fs/tree/belief.h"
#include "fs/tree/handle.h"
#include "fs/tree/rights.h"
#include "fs/tree/text_file.h"
#include "fs/tree/view_node.h"

/* --- by name ---------------------------------------------------------------------------------- */

/* Whether a name means a text of this type; if so, sets *stem as text_node_type_of() does. */
static bool is_text_name(const struct generated_type *type, const char *name, size_t *stem)
{
    size_t length = strlen(name);
    size_t ending = strlen(type->name);

    if (type->line == NULL || length < ending)
        return false;
    *stem = length - ending;
    return (type->is_of_file ? *stem == 0 : *stem > 0) && strcmp(name + *stem, type->name) == 0;
}

const struct generated_type *text_node_type_of(const char *name, size_t *stem)
{
    for (const struct generated_type *const *type = generated_types; *type != NULL; type++)
        if (is_text_name(*type, name, stem))
            return *type;
    return NULL;
}

const struct generated_type *text_node_listed(unsigned number)
{
    for (const struct generated_type *const *type = generated_types; *type != NULL; type++)
        if ((*type)->line != NULL && (*type)->is_listed && number-- == 0)
            return *type;
    return NULL;
}

/* Finds the view that a text is of, and what it is made of now. */
static int find_view(struct driver *driver, const struct node *large, const char *name, size_t stem,
                     const struct cancel *cancel, struct view *view, struct stat *source)
{
    if (stem > 0)
        return view_node_find(driver, large, name, stem, cancel, view, source);
    *view = whole_of_file;
    return attributes_of_large(driver, large, source);
}

/* Checks that a text that tells the file's path can tell it. What a file holds has no path. */
static int check_path_told(const struct driver *driver, const struct node *large,
                           const struct generated_type *type, const struct view *view)
{
    const struct source *source = node_source(large);

    if (!type->tells_path)
        return 0;
    if (content_is_held(source->content))
        return -ENOENT;
    AUTO_FREE char *path = driver_absolute_path(driver, source->path);
    if (path == NULL)
        return -ENOMEM;
    return type->can_tell(view, path) ? 0 : -ENOENT;
}

int text_node_enter(struct driver *driver, struct node *large, const struct generated_type *type,
                    const char *name, size_t stem, const struct cancel *cancel, struct entry *entry)
{
    union node_content content = {.text = {.type = type}};
    struct stat source;

    int error = find_view(driver, large, name, stem, cancel, &content.text.view, &source);
    if (error == 0)
        error = check_path_told(driver, large, type, &content.text.view);
    if (error != 0)
        return error;
    file_identity_of(&source, &content.text.identity);
    content.text.text = text_new();
    if (content.text.text == NULL)
        return -ENOMEM;
    return entry_make(driver, large, &text_node, name, &content, &source, entry);
}

/* --- the type --------------------------------------------------------------------------------- */

static void release_text(const union node_content *content)
{
    text_free(content->text.text);
}

/* A large file has few texts, so it costs little to assume so. */
static bool is_text_growing(struct driver *driver, const struct node *node)
{
    (void)driver;
    (void)node;
    return true;
}

/* Whether it is a text of an earlier content of the file. */
static bool is_text_over(const struct node *node, const union node_content *wanted)
{
    return !text_is_current(node->content.text.text, &wanted->text.identity);
}

/* Checks that the file still is what the text's view is of. */
static int confirm_text(const struct node *node, struct generation *generation)
{
    AUTO_READING struct reading reading = {.source = NULL};
    const struct view_file file = {.reading = &reading};

    reading_of(node_source(node), generation, NULL, &reading);
    return view_file_confirm(&file, &node->content.text.view);
}

/* A text that was never made belongs to the current file, a made one to its generation. */
static int look_at_text(struct driver *driver, struct node *node, struct stat *attributes)
{
    const struct text_subject *subject = text_subject_of(node->content.text.text);

    if (subject == NULL)
        return attributes_of_large(driver, node, attributes);
    int error = attributes_of_generation(node_source(node), subject->generation, attributes);
    const struct version now = generation_version(subject->generation);
    if (error == 0 && now.revision != subject->version.revision)
        return -ESTALE;
    return error != 0 ? error : confirm_text(node, subject->generation);
}

/*
 * How long a text will be, if it can be had and that takes no look into the file; else 0. What a
 * file holds may be of another size than the file.
 */
static uint64_t expected_length(const struct node *node, const struct stat *source)
{
    const struct node_text *text = &node->content.text;
    struct file_identity identity;

    file_identity_of(source, &identity);
    if (node_large(node)->parent->type->is_large ||
        !generated_is_computed(text->type, &text->view, &identity))
        return 0;
    uint64_t length = text->type->length(&text->view, view_size(&text->view, identity.size));
    return length != TEXT_TOO_LONG ? length : 0;
}

static void shape_text(const struct driver *driver, const struct node *node,
                       const struct stat *source, struct stat *attributes)
{
    struct text *text = node->content.text.text;
    const struct text_subject *subject = text_subject_of(text);
    uint64_t length = text_tell(text, expected_length(node, source));

    (void)driver;
    attributes->st_nlink = 1;
    attributes->st_size = (off_t)length;
    attributes->st_blocks = attributes_blocks(length);
    if (subject != NULL) { /* a new time would drop the kernel's pages */
        attributes->st_mtim = subject->version.file.mtime;
        attributes->st_ctim = subject->version.file.ctime;
    }
}

static double text_attributes_believed(const struct driver *driver, const struct stat *attributes)
{
    if (attributes->st_size == 0 || driver->settings->cache == CACHE_NONE)
        return 0;
    return BELIEVED_SECONDS;
}

/* The first open makes the text. */
static enum lane lane_of_text(const struct node *node)
{
    return node->content.text.type->hashes ? LANE_DIGESTS : LANE_SCANS;
}

/* --- open texts ------------------------------------------------------------------------------- */

static int read_text_handle(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                            const struct cancel *cancel, size_t *got)
{
    const struct reading reading = reading_for(&handle->reading, cancel);
    return text_file_read(&handle->text, &reading, offset, buffer, size, got);
}

/* A generated file is all data. */
static int seek_text_handle(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                            const struct cancel *cancel, uint64_t *found)
{
    (void)cancel;
    return text_seek(handle->text.node->content.text.text, kind, offset, found);
}

static void close_text_handle(struct handle *handle)
{
    text_file_close(&handle->text);
}

static const struct handle_type text_handle = {
    .lane = LANE_SCANS,
    .read = read_text_handle,
    .seek = seek_text_handle,
    .close = close_text_handle,
};

/* A part of the text may have to be made again. */
static const struct handle_type hashed_text_handle = {
    .lane = LANE_DIGESTS,
    .read = read_text_handle,
    .seek = seek_text_handle,
    .close = close_text_handle,
};

static int open_text_node(struct driver *driver, struct node *node, const struct opener *opener,
                          struct handle *handle)
{
    if (node->content.text.type->tells_path && !rights_know_paths(opener->user))
        return -EACCES;
    int error = reading_open(node_source(node), NULL, &handle->reading, NULL);
    if (error != 0)
        return error;
    handle_sample(driver, handle, false);
    struct reading reading = reading_for(&handle->reading, opener->cancel);
    error = text_file_open(&handle->text, driver, node, &reading, opener->accepts_growth);
    if (error == 0)
        handle->type = node->content.text.type->hashes ? &hashed_text_handle : &text_handle;
    return error;
}

static const struct view *view_of_text(const struct node *node)
{
    return &node->content.text.view;
}

const struct node_type text_node = {
    .number = 6,
    .shown_as = S_IFREG,
    .rights = ACL_OF_GENERATED,
    .release = release_text,
    .is_growing = is_text_growing,
    .is_over = is_text_over,
    .look = look_at_text,
    .shape = shape_text,
    .attributes_believed = text_attributes_believed,
    .open_lane = lane_of_text,
    .open = open_text_node,
    .view_of = view_of_text,
};
