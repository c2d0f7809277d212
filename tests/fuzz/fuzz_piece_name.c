/* SPDX-License-Identifier: MIT */
/*
 * Any name is a piece or none; what is meant can be written in its shortest form and as a listing
 * has it, and read again.
 *
 *     input     four texts, with a NUL between two of them: the name of a view, the number of
 *               pieces in decimal, the name of the file, the name of the piece
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/extension.h"
#include "core/view/name_reason.h"
#include "core/view/whole_view.h"
#include "tests/unit/piece_found.h"

enum { TEXTS = 4 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Splits off the next text of the input, in memory of its own. */
static char *next_text(const uint8_t **data, size_t *size)
{
    char *text = strndup((const char *)*data, *size);
    require(text != NULL);
    size_t used = strlen(text) + 1;
    used = used < *size ? used : *size;
    *data += used;
    *size -= used;
    return text;
}

/* At most as many pieces as a file can have bytes. */
static uint64_t count_of(const char *text)
{
    return strtoull(text, NULL, 10) & INT64_MAX;
}

static void check_found(const struct piece_file *file, const struct piece_found *found)
{
    const bool rows = strncmp(file->view, "rows", strlen("rows")) == 0;
    require(found->offset <= INT64_MAX && found->length <= INT64_MAX);
    require(found->kind != NUMBER || (found->offset < file->count && found->length == 0));
    require((found->kind == KEYS) == (strncmp(file->view, "sorted", strlen("sorted")) == 0));
    require(found->kind == NUMBER || found->kind == KEYS || found->length > 0);
    require(found->kind != RANGE || !rows || found->offset < INT64_MAX);
    require(found->kind != TAIL || found->offset == 0);
}

static void check_again(const struct piece_file *file, const struct piece_found *found,
                        const char *name)
{
    struct piece_found again;
    require(strlen(name) <= PIECE_NAME_MOST);
    require(piece_found_read(file, name, &again) == 0);
    require(piece_found_same(found, &again));
}

static void check_reason(const struct view *view, const struct piece_file *file, const char *piece)
{
    const struct view_file content = {.size = file->count, .records = file->count};
    struct name_reason reason = {""};

    name_reason_of_piece(view, file->extension, &content, piece, &reason);
    require(memchr(reason.text, '\0', sizeof(reason.text)) != NULL && reason.text[0] != '\0');
}

static void check(const struct piece_file *file, const char *piece)
{
    struct piece_found found;
    struct view view;
    char name[PIECE_NAME_MOST + 1];

    if (view_said_parse(file->view, strlen(file->view), &view) != 0)
        return;
    int error = piece_found_read(file, piece, &found);
    require(error == 0 || error == -ENOENT);
    if (error != 0)
        check_reason(&view, file, piece);
    if (error != 0)
        return;
    check_found(file, &found);
    if (found.kind == KEYS) /* the name itself, which nothing writes */
        return;
    piece_found_write_short(view.type->name, &found, name);
    check_again(file, &found, name);
    if (found.kind == NUMBER || !view_is_numbered(&view)) {
        piece_found_write(file, &found, name);
        check_again(file, &found, name);
    }
}

static void check_whole(const char *extension)
{
    char name[PIECE_NAME_MOST + 1];

    piece_name_write_single(&whole_view, extension, name);
    require(piece_name_find_single(extension, name) == &whole_view);
    require(piece_name_find_single(extension, whole_view.name) == &whole_view);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *texts[TEXTS];
    for (int i = 0; i < TEXTS; i++)
        texts[i] = next_text(&data, &size);
    const char *extension = file_extension(texts[2]);
    const struct piece_file file = {texts[0], extension, count_of(texts[1])};
    check(&file, texts[3]);
    check_whole(extension);
    for (int i = 0; i < TEXTS; i++)
        free(texts[i]);
    return 0;
}
