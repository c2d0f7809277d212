/* SPDX-License-Identifier: MIT */
#include "fs/tree/report_node.h"

#include <errno.h>
#include <string.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "fs/tree/attributes.h"
#include "fs/tree/belief.h"
#include "fs/tree/handle.h"
#include "fs/tree/rights.h"
#include "fs/tree/text_store.h"

int report_node_enter(struct driver *driver, struct node *control,
                      const struct generated_type *type, struct entry *entry)
{
    const struct stat nothing = {0};
    const union node_content content = {.text = {.type = type, .text = text_new()}};

    if (content.text.text == NULL)
        return -ENOMEM;
    return entry_make(driver, control, &report_node, type->name, &content, &nothing, entry);
}

static void release_report(const union node_content *content)
{
    text_free(content->text.text);
}

/* Each look-up gets a text of its own. */
static bool is_report_over(const struct node *node, const union node_content *wanted)
{
    (void)node;
    (void)wanted;
    return true;
}

static void shape_report(const struct driver *driver, const struct node *node,
                         const struct stat *source, struct stat *attributes)
{
    uint64_t length = text_tell(node->content.text.text, 0);

    (void)driver;
    (void)source;
    attributes->st_nlink = 1;
    attributes->st_size = (off_t)length;
    attributes->st_blocks = attributes_blocks(length);
}

static double report_attributes_believed(const struct driver *driver, const struct stat *attributes)
{
    (void)driver;
    return attributes->st_size == 0 ? 0 : BELIEVED_SECONDS;
}

/* --- open reports ----------------------------------------------------------------------------- */

static int read_report(const struct handle *handle, uint64_t offset, char *buffer, size_t size,
                       const struct cancel *cancel, size_t *got)
{
    const struct text *report = handle->report;

    (void)cancel;
    *got = (size_t)min_u64(size, saturating_sub(report->length, offset));
    if (*got > 0)
        memcpy(buffer, report->bytes + offset, *got);
    return 0;
}

static int seek_report(const struct handle *handle, enum extent_kind kind, uint64_t offset,
                       const struct cancel *cancel, uint64_t *found)
{
    (void)cancel;
    return text_seek(handle->report, kind, offset, found);
}

static const struct handle_type report_handle = {
    .is_report = true,
    .lane = LANE_LOOKS,
    .read = read_report,
    .seek = seek_report,
};

/* Writes a report of the current state to *text, which the caller frees. Returns 0 or -ENOMEM. */
static int write_report(struct driver *driver, const struct generated_type *type, uid_t user,
                        char **text, size_t *length)
{
    FILE *out = open_memstream(text, length);
    if (out == NULL)
        return -ENOMEM;
    type->write(out, driver, rights_know_paths(user));
    if (fclose(out) != 0) {
        cleanup_free(text);
        return -ENOMEM;
    }
    return 0;
}

/* Makes the report for one user. Another user gets -ESTALE, and then another node and text. */
static int make_report(struct driver *driver, const struct node *node, uid_t user)
{
    struct text *text = node->content.text.text;
    struct text_store store;
    size_t length = 0;

    text->user = user;
    int error = write_report(driver, node->content.text.type, user, &text->bytes, &length);
    if (error == 0)
        error = text_store_begin(&store, driver->server.session, node, 0);
    if (error != 0)
        return error;
    error = text_set_length(text, length);
    if (error == 0) {
        text_store_add(&store, text->bytes, length);
        text_store_finish(&store);
    }
    text_store_free(&store);
    return error;
}

static int open_report(struct driver *driver, struct node *node, const struct opener *opener,
                       struct handle *handle)
{
    struct text *text = node->content.text.text;
    bool make = false;

    handle->type = &report_handle;
    handle->report = text;
    int error = text_begin(text, opener->cancel, &make);
    if (error != 0)
        return error;
    if (!make)
        return text->user == opener->user ? 0 : -ESTALE;
    error = make_report(driver, node, opener->user);
    if (error == 0)
        text_made(text);
    else
        text_end(text);
    return error;
}

const struct node_type report_node = {
    .number = 8,
    .shown_as = S_IFREG,
    .rights = ACL_OF_GENERATED,
    .is_new_each_time = true,
    .is_control = true,
    .release = release_report,
    .is_over = is_report_over,
    .shape = shape_report,
    .attributes_believed = report_attributes_believed,
    .open = open_report,
};
