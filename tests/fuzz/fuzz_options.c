/* SPDX-License-Identifier: MIT */
/*
 * Any command line is taken, or refused in one line.
 *
 *     input     the words after the program's name, with a NUL between two of them
 *
 * What is taken makes sense: there are two paths, or files, or neither is needed. What goes on to
 * libfuse are pairs of -o and a word. Nothing is lost or looked at beyond its end, whatever it is.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/command/complaint.h"
#include "fs/command/modes.h"
#include "fs/command/options.h"

enum { WORDS_MOST = 63 };

static FILE *errors;  /* instead of standard error */
static char *said;    /* by then; the stream's */
static size_t length; /* of that */

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing is looked for in the user database: the first place for indexes is good. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    require(setenv("XDG_CACHE_HOME", "/", 1) == 0);
    errors = open_memstream(&said, &length);
    require(errors != NULL);
    return 0;
}

/* Splits the input into words, each in memory of its own. Returns how many there are. */
static int split(const uint8_t *data, size_t size, char **words)
{
    int count = 0;
    words[count++] = strdup("bigfs");
    while (size > 0 && count < WORDS_MOST) {
        words[count] = strndup((const char *)data, size);
        require(words[count] != NULL);
        size_t used = strlen(words[count++]) + 1;
        used = used < size ? used : size;
        data += used;
        size -= used;
    }
    words[count] = NULL;
    return count;
}

static int parse(struct options *options, int count, char **words)
{
    FILE *before = stderr;
    rewind(errors);
    stderr = errors;
    int status = options_parse(options, count, words);
    stderr = before;
    require(fflush(errors) == 0);
    return status;
}

static void check_said(int status)
{
    const char *end = memchr(said, '\n', length);
    require((end != NULL) == (status != 0));
    if (status == 0) {
        require(length == 0);
        return;
    }
    require(status == EXIT_USAGE || status == EXIT_FAILURE);
    require(end == said + length - 1 && strncmp(said, "bigfs: ", strlen("bigfs: ")) == 0);
    for (const char *c = said; c < end; c++)
        require((unsigned char)*c >= ' ' && *c != 0x7f);
}

static void check_settings(const struct settings *settings)
{
    bool listed = false;
    for (size_t i = 0; view_types[i] != NULL; i++)
        listed = listed || settings->listed[i];
    require(listed);
    require(settings->views.chunk_size > 0 && settings->views.chunk_size <= INT64_MAX);
    require(settings->views.rows > 0 && settings->views.rows <= INT64_MAX);
    require(settings->views.header <= INT64_MAX && settings->min_size <= INT64_MAX);
    require(settings->window_size > 0 && settings->window_size <= SIZE_MAX / 4);
    require(settings->window_total > 0 && settings->index_space > 0);
    require(settings->threads >= 1 && settings->threads <= 512);
}

static void check_options(const struct options *options)
{
    check_settings(&options->settings);
    require(options->foreground || !options->debug);
    if (!modes[options->mode].is_enough) {
        require((options->source != NULL) == (options->mode == MODE_MOUNT));
        require((options->mountpoint != NULL) ==
                (options->mode == MODE_MOUNT || options->mode == MODE_UNMOUNT));
        require((options->file_count > 0) == (options->mode == MODE_INDEX));
        require((options->file != NULL) == (options->mode == MODE_LIST));
        require((options->view != NULL) == (options->mode == MODE_LIST));
        require(!options->json || options->mode == MODE_LIST);
        require(options->meaningless[options->mode] == NULL);
        const char *index_dir = options->settings.index_dir;
        require(index_dir == NULL || index_dir[0] == '/');
    }
    require(options->fuse.argc % 2 == 1);
    for (int i = 1; i < options->fuse.argc; i += 2)
        require(strcmp(options->fuse.argv[i], "-o") == 0 && options->fuse.argv[i + 1][0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *words[WORDS_MOST + 1];
    struct options options;
    int count = split(data, size, words);
    int status = parse(&options, count, words);

    check_said(status);
    if (status == 0)
        check_options(&options);
    for (int i = 0; i < count; i++)
        free(words[i]);
    options_free(&options);
    return 0;
}
