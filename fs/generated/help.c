/* SPDX-License-Identifier: MIT */
#include "fs/generated/help.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/quantity.h"
#include "core/base/shell_word.h"
#include "core/content/content_type.h"
#include "core/content/contents.h"
#include "core/format/record_formats.h"
#include "core/view/view_argument.h"
#include "core/view/view_types.h"
#include "fs/tree/driver.h"

enum {
    HELP_COLUMNS = 80,
    TEXT_COLUMN = 24, /* where texts begin, beside names */
    NAME_ROOM = 20,   /* for the name of a file in the examples */
    FORM_MOST = 160,
};

/* Writes words from the column *column on, in lines that begin at `margin`. */
static void write_words(FILE *out, const char *words, int margin, int *column)
{
    while (*words != '\0') {
        const int length = (int)strcspn(words, " ");
        if (*column > margin && *column + 1 + length > HELP_COLUMNS) {
            (void)fprintf(out, "\n%*s", margin, "");
            *column = margin;
        }
        *column += fprintf(out, "%s%.*s", *column > margin ? " " : "", length, words);
        words += length;
        words += strspn(words, " ");
    }
}

static void write_paragraph(FILE *out, const char *text)
{
    int column = 0;
    write_words(out, text, 0, &column);
    (void)fputs("\n\n", out);
}

/* Writes a name and what it means. The text may be NULL. */
static void write_entry(FILE *out, const char *name, const char *text)
{
    int column = fprintf(out, "  %s", name);

    if (text == NULL)
        text = "";
    else if (column + 2 > TEXT_COLUMN)
        column = fprintf(out, "\n%*s", TEXT_COLUMN, "") - 1;
    else
        column += fprintf(out, "%*s", TEXT_COLUMN - column, "");
    write_words(out, text, TEXT_COLUMN, &column);
    (void)fputc('\n', out);
}

/* --- views ------------------------------------------------------------------------------------ */

static void write_view(FILE *out, const struct view_type *type, const struct view_defaults *usual)
{
    AUTO_FREE char *text = NULL;
    char size[QUANTITY_MOST];

    if (type->usual_size == NULL) {
        write_entry(out, type->name, type->help);
        return;
    }
    type->write_size(type->usual_size(usual), size);
    if (asprintf(&text, "%s; %s is %s if it is not given", type->help, type->size_name, size) < 0)
        text = NULL;
    write_entry(out, type->name, text);
}

/* That of compressed files. */
static void write_held(FILE *out)
{
    char text[FORM_MOST] = "the views of what a compressed file holds, of";

    for (const struct content_type *const *type = content_types + 1; *type != NULL; type++) {
        const size_t used = strlen(text);
        (void)snprintf(text + used, sizeof(text) - used, "%s %s",
                       type == content_types + 1 ? "" : ",", (*type)->name);
    }
    if (content_types[1] != NULL)
        write_entry(out, "plain", text);
}

static void write_views(FILE *out, const struct view_defaults *usual)
{
    (void)fputs("Views, each a directory of pieces in that of the file:\n", out);
    for (const struct view_type *const *type = view_types; *type != NULL; type++)
        write_view(out, *type, usual);
    write_held(out);
}

/* --- arguments -------------------------------------------------------------------------------- */

/* Writes which arguments a view takes, in one line. */
static void write_forms(FILE *out, const struct view_type *type)
{
    struct view_argument_help help;
    char name[FORM_MOST];
    char forms[FORM_MOST] = "";

    for (size_t i = 0; view_argument_help(i, &help); i++) {
        const size_t used = strlen(forms);
        if ((type->takes & help.bit) == 0)
            continue;
        (void)snprintf(forms + used, sizeof(forms) - used, " %s%s",
                       help.form != NULL ? help.form : type->size_name,
                       help.form != NULL ? "" : " nN");
    }
    (void)snprintf(name, sizeof(name), "%s@", type->name);
    if (forms[0] != '\0')
        write_entry(out, name, forms + 1);
}

static void write_view_arguments(FILE *out)
{
    struct view_argument_help help;

    (void)fputs("\nVIEW@ARG or VIEW@ARG,ARG,..., in any order, as lines@n16,header:\n", out);
    for (const struct view_type *const *type = view_types; *type != NULL; type++)
        write_forms(out, *type);
    (void)fputc('\n', out);
    for (size_t i = 0; view_argument_help(i, &help); i++)
        write_entry(out, help.form != NULL ? help.form : "SIZE, COUNT, nN", help.text);
}

static void write_formats(FILE *out, const struct patterns *patterns)
{
    AUTO_FREE char *text = NULL;

    (void)fputs("\nFORMAT, and what a record is then:\n", out);
    for (const struct record_formats *row = record_formats; row->count > 0; row++)
        write_entry(out, row->form, row->help);
    for (size_t i = 0; i < patterns->count; i++) {
        AUTO_FREE char *word = shell_word(patterns->formats[i]->expression);
        free(steal_pointer(&text));
        if (word == NULL || asprintf(&text, "starts at a line that matches %s", word) < 0)
            text = NULL;
        write_entry(out, patterns->formats[i]->name, text);
    }
}

/* --- pieces and generated files --------------------------------------------------------------- */

static void write_pieces(FILE *out)
{
    char name[FORM_MOST];

    (void)fputs("\nPieces, by name in the directory of their view:\n", out);
    write_entry(out, "000005, 000005.EXT", "piece 5, counted from 0; also 5 and 5.EXT");
    for (const struct view_type *const *type = view_types; *type != NULL; type++) {
        (void)snprintf(name, sizeof(name), "%s/", (*type)->name);
        if ((*type)->range_help != NULL)
            write_entry(out, name, (*type)->range_help);
    }
}

static void write_generated(FILE *out)
{
    char name[FORM_MOST];

    (void)fputs("\nFiles that are made when they are opened:\n", out);
    for (const struct generated_type *const *type = generated_types; *type != NULL; type++) {
        (void)snprintf(name, sizeof(name), "%s%s",
                       (*type)->write != NULL     ? "/.bigfs/"
                       : (*type)->is_of_file != 0 ? "FILE/"
                                                  : "FILE/VIEW",
                       (*type)->name);
        write_entry(out, name, (*type)->help);
    }
}

/* As fs/tree/piece_xattr.h has them; a piece that is not listed has them too. */
static void write_attributes(FILE *out)
{
    (void)fputs("\nExtended attributes of pieces, for getfattr -n:\n", out);
    write_entry(out, "user.bigfs.offset", "where its data begin in the file");
    write_entry(out, "user.bigfs.length", "how many bytes of data it has");
    write_entry(out, "user.bigfs.xxh128", "the checksum of all its bytes");
}

/* --- examples --------------------------------------------------------------------------------- */

static const struct example {
    const char *command; /* before the name of a large file */
    const char *rest;    /* after it */
    const char *text;
} examples[] = {
    {"ls ", "/lines", "the pieces"},
    {"wc -l ", "/lines@n4/*", "four pieces of whole lines"},
    {"head ", "/lines/0", "the first piece"},
    {"cat ", "/rows/11-20", "lines 11 to 20"},
    {"xxd ", "/bytes/-512", "the last 512 bytes"},
    {"cat ", "/lines.tsv", "where the pieces are"},
    {"cat ", "/plain/lines/0", "the first piece of what a compressed file holds"},
};

/* The only file, if its name may be known, and is short and ordinary; else a name. */
static const char *example_file(const struct driver *driver, bool named)
{
    AUTO_FREE char *word = NULL;

    if (!named || driver->single == NULL || strlen(driver->single) > NAME_ROOM)
        return "app.log";
    word = shell_word(driver->single);
    return word != NULL && strcmp(word, driver->single) == 0 ? driver->single : "app.log";
}

static void write_examples(FILE *out, const char *file)
{
    (void)fprintf(out, "\nExamples, in the root of the mount, where %s is a large file:\n", file);
    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        char name[FORM_MOST];
        (void)snprintf(name, sizeof(name), "%s%s%s", examples[i].command, file, examples[i].rest);
        write_entry(out, name, examples[i].text);
    }
}

static void write_introduction(FILE *out, const struct settings *settings)
{
    AUTO_FREE char *text = NULL;
    char size[QUANTITY_MOST];

    quantity_write_size(settings->min_size, size);
    if (asprintf(&text,
                 "bigfs " BIGFS_VERSION " shows each file of at least %s as a directory of its "
                 "pieces. All names below can be asked for, whether a listing shows them or not. "
                 "Words in capitals stand for something: FILE for a large file, SIZE, OFFSET and "
                 "LENGTH for a number of bytes (K, M, G, T: powers of 1024), COUNT for a number of "
                 "records (K, M, G: powers of 1000), N and H for a number.",
                 size) < 0)
        text = NULL;
    write_paragraph(out, text != NULL ? text : "");
}

static void write_help(FILE *out, struct driver *driver, bool named)
{
    const struct settings *settings = driver->settings;

    write_introduction(out, settings);
    write_views(out, &settings->views);
    write_view_arguments(out);
    write_formats(out, &settings->patterns);
    write_pieces(out);
    write_generated(out);
    write_attributes(out);
    write_examples(out, example_file(driver, named));
}

const struct generated_type help_report = {
    .name = "help",
    .help = "this text",
    .write = write_help,
};
