/* SPDX-License-Identifier: MIT */
#include "fs/generated/checksums.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/content/digest_batch.h"

/* How many pieces are hashed at once. */
enum { BATCH = 1024 };

static_assert(1 + PIECE_DIGEST_DIGITS + 2 + 2 * PIECE_NAME_MOST + 1 <= TEXT_LINE_MOST,
              "a checksum, an escaped name and a line end are no line");

/* --- lines ------------------------------------------------------------------------------------ */

/* Writes a name after a backslash for the line, if it must be escaped. Returns the length. */
static size_t write_name(const char *name, bool escape, char *text)
{
    static const char bytes[] = "\\\n\r";
    static const char letters[] = "\\nr";
    size_t used = 0;

    for (; *name != '\0'; name++) {
        const char *special = escape ? strchr(bytes, *name) : NULL;
        if (special != NULL)
            text[used++] = '\\';
        text[used++] = special != NULL ? letters[special - bytes] : *name;
    }
    return used;
}

static size_t write_checksum(const struct view_text *text, const struct selector *selector,
                             const struct piece_digest *digest, char *line)
{
    char name[PIECE_NAME_MOST + 1];
    size_t used = 0;

    piece_name_write(text->view, text->extension, view_count(text->view, &text->file), selector,
                     name);
    const bool escape = strpbrk(name, "\n\r") != NULL;
    if (escape)
        line[used++] = '\\';
    piece_digest_write(digest, line + used);
    used += PIECE_DIGEST_DIGITS;
    line[used++] = ' ';
    line[used++] = ' ';
    used += write_name(name, escape, line + used);
    line[used] = '\n';
    return used + 1;
}

/* --- digests ---------------------------------------------------------------------------------- */

static int resolve_listed(const struct view_text *text, const struct selector *selector,
                          struct piece *piece)
{
    struct piece_data data;
    return view_resolve(text->view, selector, &text->file, piece, &data);
}

/* The digests of pieces that follow each other, of which those from `next` on are still wanted. */
struct digests_ahead {
    size_t count;
    size_t next;
    struct piece pieces[BATCH];
    struct piece_digest digests[BATCH];
};

/* Finds the pieces after the first. Those that cannot be found are left to their own lines. */
static void find_pieces(const struct view_text *text, uint64_t cursor, struct digests_ahead *ahead)
{
    const struct reading *reading = text->file.reading;
    struct selector selector;

    while (ahead->count < BATCH && !cancel_asked(reading->cancel) &&
           view_next(text->view, &text->file, &cursor, &selector) == 0 &&
           resolve_listed(text, &selector, &ahead->pieces[ahead->count]) == 0)
        ahead->count++;
}

/* Makes the digests of a piece and of those after it. */
static int hash_ahead(const struct view_text *text, const struct piece *first, uint64_t cursor)
{
    struct digests_ahead *ahead = *text->kept;

    if (ahead == NULL)
        *text->kept = ahead = malloc(sizeof(*ahead));
    if (ahead == NULL)
        return -ENOMEM;
    ahead->next = 0;
    ahead->count = 1;
    ahead->pieces[0] = *first;
    find_pieces(text, cursor, ahead);
    digest_note_settle(text->file.reading);
    int error = digest_batch_make(text->file.reading, ahead->pieces, ahead->count, ahead->digests);
    if (error != 0)
        ahead->count = 0;
    return error;
}

/* Takes a digest that was made ahead. */
static bool take_ahead(const struct view_text *text, const struct piece *piece,
                       struct piece_digest *digest)
{
    struct digests_ahead *ahead = *text->kept;

    if (ahead == NULL || ahead->next >= ahead->count ||
        !piece_equal(&ahead->pieces[ahead->next], piece))
        return false;
    *digest = ahead->digests[ahead->next++];
    return true;
}

/*
 * `cursor` is that of the next piece. What was made ahead serves even if nothing is remembered, as
 * of a file that is written to. The text is checked at its end.
 */
static int find_digest(const struct view_text *text, const struct piece *piece, uint64_t cursor,
                       struct piece_digest *digest)
{
    if (take_ahead(text, piece, digest) || digest_note_recall(text->file.reading, piece, digest))
        return 0;
    int error = hash_ahead(text, piece, cursor);
    if (error == 0)
        (void)take_ahead(text, piece, digest);
    return error;
}

static int write_checksum_line(const struct view_text *text, struct text_place *place, char *line,
                               size_t *length)
{
    struct selector selector;
    struct piece_digest digest;
    struct piece piece;

    int error = view_next(text->view, &text->file, &place->cursor, &selector);
    if (error == 0)
        error = resolve_listed(text, &selector, &piece);
    if (error == 0)
        error = find_digest(text, &piece, place->cursor, &digest);
    if (error == 0)
        *length = write_checksum(text, &selector, &digest, line);
    return error;
}

const struct generated_type checksums_text = {
    .name = ".xxh128",
    .help = "the checksums of its pieces, for xxh128sum -c; opening it reads the whole file",
    .hashes = true,
    .line = write_checksum_line,
};
