/* SPDX-License-Identifier: MIT */
#include "core/index/index_directory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/cleanup.h"
#include "core/index/index_names.h"

enum { PART_LEAST = 1024 * 1024 * 1024 }; /* a second or two of counting is not worth a file */

void index_directory_init(struct index_directory *directory, const char *path, uint64_t least,
                          void (*warn)(void *argument, const char *path, const char *problem),
                          void *argument)
{
    *directory = (struct index_directory){
        .path = path,
        .least = least,
        .warn = warn,
        .warn_argument = argument,
        .part_least = PART_LEAST,
    };
    pthread_mutex_init(&directory->lock, NULL);
}

void index_directory_destroy(struct index_directory *directory)
{
    pthread_mutex_destroy(&directory->lock);
}

/*
 * Digests the key without the sample (so that looking up a name reads little) and without what
 * makes the part.
 */
static uint64_t rest_of_key(const struct index_key *key)
{
    const uint64_t words[] = {
        key->file_system.words[0],
        key->file_system.words[1],
        key->inode,
        (uint64_t)key->birth.tv_sec,
        (uint64_t)key->birth.tv_nsec,
        key->size,
        (uint64_t)key->mtime.tv_sec,
        (uint64_t)key->mtime.tv_nsec,
        (uint64_t)key->ctime.tv_sec,
        (uint64_t)key->ctime.tv_nsec,
        key->ends.last,
    };
    return XXH3_64bits_withSeed(words, sizeof(words), key->content);
}

void index_directory_name(const struct index_key *key, char *text)
{
    const struct index_name name = {key->ends.first, rest_of_key(key), key->format,
                                    key->unfinished};
    index_file_name(&name, text);
}

int index_directory_open_part(const struct index_directory *directory, const struct index_key *key)
{
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int top = index_names_open(directory->path);

    if (top < 0)
        return top;
    index_part_name(key->ends.first, name);
    int part = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return part < 0 ? -errno : part;
}

/* --- what goes wrong -------------------------------------------------------------------------- */

static const char *words_of(int error)
{
    const char *words = strerrordesc_np(-error);

    if (error == -EPERM)
        return "others may write to it, or it, or a link to it, is another user's; indexes are not "
               "kept: chmod go-w it";
    return words != NULL ? words : "it cannot be written to";
}

void index_directory_warn(struct index_directory *directory, int error)
{
    atomic_store(&directory->trouble, error);
    if (!atomic_exchange(&directory->warned, true))
        directory->warn(directory->warn_argument, directory->path, words_of(error));
}

const char *index_directory_trouble(struct index_directory *directory)
{
    const int error = atomic_load(&directory->trouble);
    return error != 0 ? words_of(error) : NULL;
}

bool index_directory_is_news(struct index_directory *directory, const char *text)
{
    uint64_t hash = XXH3_64bits(text, strlen(text));

    HOLD_LOCK(&directory->lock);
    for (size_t i = 0; i < INDEX_WARNINGS; i++)
        if (directory->told[i] == hash)
            return false;
    directory->told[directory->next_told++ % INDEX_WARNINGS] = hash;
    return true;
}

void index_directory_path_of(int fd, char *text, size_t size)
{
    char descriptor[sizeof("/proc/self/fd/") + 10];

    (void)snprintf(descriptor, sizeof(descriptor), "/proc/self/fd/%d", fd);
    ssize_t length = fd >= 0 ? readlink(descriptor, text, size - 1) : -1;
    text[length > 0 ? length : 0] = '\0';
}

void index_directory_discard(struct index_directory *directory, const struct index_key *place,
                             int part, const char *name, int fd, const char *why)
{
    char head[INDEX_NAME_MOST];
    char path[PATH_MAX];
    char source[PATH_MAX];
    char problem[PATH_MAX + 128];

    index_part_name(place->ends.first, head);
    (void)snprintf(path, sizeof(path), "%.*s/%s/%s", PATH_MAX - 2 * INDEX_NAME_MOST - 3,
                   directory->path, head, name);
    index_directory_path_of(fd, source, sizeof(source));
    if (source[0] != '\0')
        (void)snprintf(problem, sizeof(problem), "%s: that of %s is made anew", why, source);
    else
        (void)snprintf(problem, sizeof(problem), "%s: it is not used", why);
    bool removed = unlinkat(part, name, 0) == 0;
    if (removed || index_directory_is_news(directory, path))
        directory->warn(directory->warn_argument, path, problem);
}

void index_directory_remove(struct index_directory *directory, const struct index_key *key, int fd)
{
    char name[INDEX_NAME_MOST];

    if (directory->path == NULL)
        return;
    AUTO_CLOSE int part = index_directory_open_part(directory, key);
    index_directory_name(key, name);
    if (part >= 0 && faccessat(part, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        index_directory_discard(directory, key, part, name, fd, "not what the file holds");
}
