/* SPDX-License-Identifier: MIT */
#include "core/file/mount_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/cleanup.h"

/* The words at fixed places of a line; optional ones follow, up to a "-". */
enum { WORD_ID = 0, WORD_DEVICE = 2, WORD_PATH = 4, WORDS = 6 };

/* Decodes the octal escapes of a path (\040 is a space) in place. */
static void unescape(char *path)
{
    char *to = path;
    for (const char *from = path; *from != '\0'; to++) {
        if (*from == '\\' && strspn(from + 1, "01234567") >= 3) {
            *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

static bool parse_device(const char *word, dev_t *device)
{
    char *end = NULL;
    unsigned long major = strtoul(word, &end, 10);
    if (*end != ':')
        return false;
    unsigned long minor = strtoul(end + 1, &end, 10);
    *device = makedev((unsigned)major, (unsigned)minor);
    return *end == '\0';
}

static bool parse_line(char *line, struct mount_entry *entry)
{
    char *rest = line;
    char *words[WORDS];
    char *word = NULL;

    for (size_t i = 0; i < WORDS; i++) {
        words[i] = strsep(&rest, " ");
        if (words[i] == NULL)
            return false;
    }
    do
        word = strsep(&rest, " ");
    while (word != NULL && strcmp(word, "-") != 0);
    entry->type = strsep(&rest, " ");
    char *source = strsep(&rest, " ");
    if (word == NULL || source == NULL || !parse_device(words[WORD_DEVICE], &entry->device))
        return false;
    unescape(words[WORD_PATH]);
    unescape(source);
    entry->id = (int)strtol(words[WORD_ID], NULL, 10);
    entry->path = words[WORD_PATH];
    entry->source = source;
    return true;
}

int mount_table_open(void)
{
    int table = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    return table < 0 ? -errno : table;
}

/*
 * Reads the whole table into *text, which ends in a NUL and which the caller frees. Returns 0 or
 * -errno.
 */
static int read_table(int table, char **text)
{
    enum { STEP = 16 * 1024 };
    size_t used = 0;
    ssize_t got = 0;

    if (lseek(table, 0, SEEK_SET) != 0)
        return -errno;
    do {
        char *more = realloc(*text, used + STEP + 1);
        if (more == NULL)
            return -ENOMEM;
        *text = more;
        got = read(table, more + used, STEP);
        used += got > 0 ? (size_t)got : 0;
        more[used] = '\0';
    } while (got > 0 || (got < 0 && errno == EINTR));
    return got < 0 ? -errno : 0;
}

int mount_table_visit(int table, void (*visit)(void *argument, const struct mount_entry *entry),
                      void *argument)
{
    AUTO_CLOSE int opened = table < 0 ? mount_table_open() : -1;
    AUTO_FREE char *text = NULL;

    if (table < 0 && opened < 0)
        return opened;
    int error = read_table(table < 0 ? opened : table, &text);
    char *rest = error == 0 ? text : NULL;
    for (char *line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
        struct mount_entry entry;
        if (parse_line(line, &entry))
            visit(argument, &entry);
    }
    return error;
}

struct search {
    const char *mountpoint; /* or NULL: */
    dev_t device;
    bool found;
};

static void look_at(void *argument, const struct mount_entry *entry)
{
    struct search *search = argument;

    if (search->mountpoint == NULL) {
        search->found = search->found || entry->device == search->device;
    } else if (strcmp(entry->path, search->mountpoint) == 0) {
        search->device = entry->device;
        search->found = true;
    }
}

bool mount_table_find(int table, const char *mountpoint, dev_t *device)
{
    struct search search = {.mountpoint = mountpoint};

    (void)mount_table_visit(table, look_at, &search);
    if (search.found)
        *device = search.device;
    return search.found;
}

/* A search for what is mounted at one place. */
struct description_search {
    const char *mountpoint;
    struct mount_description *found;
    int error; /* -ENOENT: nothing has been found yet */
};

static void describe_if_there(void *argument, const struct mount_entry *entry)
{
    struct description_search *search = argument;

    if (search->error == -ENOMEM || strcmp(entry->path, search->mountpoint) != 0)
        return;
    if (search->error == 0)
        mount_description_free(search->found);
    *search->found = (struct mount_description){
        .id = entry->id,
        .device = entry->device,
        .type = strdup(entry->type),
        .source = strdup(entry->source),
    };
    search->error = 0;
    if (search->found->type != NULL && search->found->source != NULL)
        return;
    mount_description_free(search->found);
    search->error = -ENOMEM;
}

int mount_table_describe(int table, const char *mountpoint, struct mount_description *found)
{
    struct description_search search = {mountpoint, found, -ENOENT};

    int error = mount_table_visit(table, describe_if_there, &search);
    if (error != 0 && search.error == 0)
        mount_description_free(found);
    return error != 0 ? error : search.error;
}

void mount_description_free(struct mount_description *found)
{
    free(steal_pointer(&found->type));
    free(steal_pointer(&found->source));
}

bool mount_table_has(int table, dev_t device)
{
    struct search search = {.device = device};

    /*
     * If the table cannot be read, assume that the mount is there, so that nothing is ended by
     * mistake.
     */
    return mount_table_visit(table, look_at, &search) != 0 || search.found;
}
