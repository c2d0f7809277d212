/* SPDX-License-Identifier: MIT */
#include "fs/tree/piece_xattr.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/content/digest_note.h"
#include "core/content/word_note.h"
#include "fs/tree/node_type.h"

enum { DIGITS_MOST = 20 }; /* of a number of 64 bits */

static ssize_t write_number(uint64_t number, void *value)
{
    return snprintf(value, DIGITS_MOST + 1, "%" PRIu64, number);
}

ssize_t piece_xattr_offset(struct driver *driver, struct node *node, const struct cancel *cancel,
                           void *value)
{
    (void)driver;
    (void)cancel;
    return node->type->is_piece ? write_number(node->content.piece.data.offset, value) : 0;
}

ssize_t piece_xattr_length(struct driver *driver, struct node *node, const struct cancel *cancel,
                           void *value)
{
    (void)driver;
    (void)cancel;
    return node->type->is_piece ? write_number(node->content.piece.data.length, value) : 0;
}

size_t piece_xattr_digest_size(const struct node *node)
{
    return node->type->is_piece ? PIECE_DIGEST_DIGITS : 0;
}

ssize_t piece_xattr_digest(struct driver *driver, struct node *node, const struct cancel *cancel,
                           void *value)
{
    const struct node_piece *piece = &node->content.piece;
    AUTO_READING struct reading reading = {.source = NULL};
    struct piece_digest digest;

    (void)driver;
    if (!node->type->is_piece)
        return 0;
    reading_of(node_source(node), piece->generation, cancel, &reading);
    int error = reading_pin(&reading);
    if (error == 0)
        digest_note_settle(&reading);
    if (error == 0)
        error = digest_note_find(&reading, &piece->piece, &digest);
    if (error == 0)
        error = word_confirm(&reading, &piece->view->pin);
    if (error != 0)
        return error;
    piece_digest_write(&digest, value);
    return PIECE_DIGEST_DIGITS;
}
