#include "core/mount_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "core/cleanup.h"

/* The words of a line that are at fixed places; optional ones follow, up to a "-". */
enum { WORD_DEVICE = 2, WORD_PATH = 4, WORDS = 6 };

/* Makes characters of the octal escapes of a path: \040 is a space. In place. */
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
    entry->path = words[WORD_PATH];
    entry->source = source;
    return true;
}

int mount_table_visit(void (*visit)(void *argument, const struct mount_entry *entry),
                      void *argument)
{
    AUTO_FCLOSE FILE *table = fopen("/proc/self/mountinfo", "re");
    AUTO_FREE char *line = NULL;
    size_t room = 0;

    if (table == NULL)
        return -errno;
    errno = 0;
    while (getline(&line, &room, table) > 0) {
        struct mount_entry entry;
        if (parse_line(line, &entry))
            visit(argument, &entry);
    }
    return feof(table) != 0 ? 0 : errno != 0 ? -errno : -EIO;
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

bool mount_table_find(const char *mountpoint, dev_t *device)
{
    struct search search = {.mountpoint = mountpoint};

    (void)mount_table_visit(look_at, &search);
    if (search.found)
        *device = search.device;
    return search.found;
}

bool mount_table_has(dev_t device)
{
    struct search search = {.device = device};

    /* If the table cannot be read, the mount is taken to be there: nothing is ended by mistake. */
    return mount_table_visit(look_at, &search) != 0 || search.found;
}
