/* SPDX-License-Identifier: MIT */
#include "fs/generated/pin.h"

#include <assert.h>
#include <errno.h>

#include "core/content/word_note.h"

static_assert(CONTENT_WORD_MOST + 1 <= TEXT_LINE_MOST, "a word with its line end is no line");

static int write_pin_line(const struct view_text *text, struct text_place *place, char *line,
                          size_t *length)
{
    struct content_word word;

    if (place->line > 0)
        return -NO_MORE_PIECES;
    if (text->file.size == 0) /* a compressed file may hold nothing, which has no word */
        return -ENOENT;
    int error = word_find(text->file.reading, text->file.size, &word);
    if (error != 0)
        return error;
    *length = content_word_write(&word, line);
    line[(*length)++] = '\n';
    return 0;
}

const struct generated_type pin_text = {
    .name = "pin",
    .help = "one word that names the content of the file as it is now",
    .is_of_file = true,
    .line = write_pin_line,
};
