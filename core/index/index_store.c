#include "core/index/index_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/file/own_path.h"
#include "core/index/index_file.h"
#include "core/index/index_names.h"

enum {
    MOST_CANDIDATES = 1024, /* files that begin alike, of which indexes are looked at */
    USE_NOTED_S = 60 * 60,
    DISK_BLOCK = 512, /* of st_blocks */
    NAME_ATTEMPTS = 1000,
    MODE_DIRECTORY = S_IRWXU,
    MODE_FILE = S_IRUSR | S_IWUSR,
    SAVE_ATTEMPTS = 8, /* to keep an index in a directory that others remove when it is empty */
};

void index_store_init(struct index_store *store, const char *path, uint64_t least,
                      void (*warn)(const char *path, const char *problem))
{
    store->path = path;
    store->least = least;
    store->warn = warn;
    store->strict = false;
    store->space = NULL;
    pthread_mutex_init(&store->lock, NULL);
    memset(store->told, 0, sizeof(store->told));
    store->next_told = 0;
    atomic_init(&store->warned, false);
    atomic_init(&store->temporaries, 0);
}

/* Of all of the key but what makes the directory, and the sample: a look-up of a name reads little.
 */
static uint64_t rest_of(const struct index_key *key)
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
    return XXH3_64bits(words, sizeof(words));
}

/* `name` has room for INDEX_NAME_MOST bytes, as below. */
static void name_of(const struct index_key *key, char *name)
{
    index_name(rest_of(key), name);
}

/* Opens the directory of the files that begin as the key says. */
static int open_directory(const struct index_store *store, const struct index_key *key)
{
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int top = index_directory_open(store->path);

    if (top < 0)
        return top;
    index_part_name(key->ends.first, name);
    int directory = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return directory < 0 ? -errno : directory;
}

static void warn_once(struct index_store *store, int error)
{
    if (atomic_exchange(&store->warned, true))
        return;
    store->warn(store->path,
                error == -EPERM
                    ? "others may write to it, or it, or a link to it, is another user's; "
                      "indexes are not kept: chmod go-w it"
                    : strerror(-error));
}

/* Whether this was not told before. A few hundred things are remembered. */
static bool is_news(struct index_store *store, const char *text)
{
    uint64_t hash = XXH3_64bits(text, strlen(text));

    HOLD_LOCK(&store->lock);
    for (size_t i = 0; i < INDEX_STORE_TOLD; i++)
        if (store->told[i] == hash)
            return false;
    store->told[store->next_told++ % INDEX_STORE_TOLD] = hash;
    return true;
}

/* Where the file is that `fd` refers to, for people; empty if that cannot be told. */
static void path_of(int fd, char *text, size_t size)
{
    char descriptor[sizeof("/proc/self/fd/") + 10];

    (void)snprintf(descriptor, sizeof(descriptor), "/proc/self/fd/%d", fd);
    ssize_t length = fd >= 0 ? readlink(descriptor, text, size - 1) : -1;
    text[length > 0 ? length : 0] = '\0';
}

/*
 * Removes an index that nothing can be done with, and tells why: it would be found again and again.
 * Once, if it cannot be removed. `fd` is the source that it was looked up for, or -1.
 */
static void discard(struct index_store *store, const struct index_key *place, const char *name,
                    int directory, int fd, const char *why)
{
    char head[INDEX_NAME_MOST];
    char path[PATH_MAX];
    char source[PATH_MAX];
    char problem[PATH_MAX + 128];

    index_part_name(place->ends.first, head);
    (void)snprintf(path, sizeof(path), "%.*s/%s/%s", PATH_MAX - 2 * INDEX_NAME_MOST - 3,
                   store->path, head, name);
    path_of(fd, source, sizeof(source));
    if (source[0] != '\0')
        (void)snprintf(problem, sizeof(problem), "%s: that of %s is made anew", why, source);
    else
        (void)snprintf(problem, sizeof(problem), "%s: it is not used", why);
    bool removed = unlinkat(directory, name, 0) == 0;
    if (removed || is_news(store, path))
        store->warn(path, problem);
}

static const char damaged[] = "damaged, or of another version";

/* Says that an index is in use, for index_space to know: not more often than is of interest. */
static void note_use(int fd)
{
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    struct stat attributes;

    if (fstat(fd, &attributes) == 0 && time(NULL) - attributes.st_mtime > USE_NOTED_S)
        (void)futimens(fd, now);
}

/* The search for an index of a file. */
struct search {
    struct index_store *store;
    int directory;
    int fd;
    const struct file_identity *now;
    struct index_key wanted;  /* that of the file as it is, without the sample */
    struct index_key newest;  /* the last one that was made of the inode; size 0: none */
    struct line_index *index; /* a reference; what is taken over */
    struct index_key key;     /* of that */
};

/*
 * Opens an index and reads its key. Returns the descriptor, or -errno; one that is none, or not of
 * the place where it is, is discarded.
 */
static int open_index(const struct search *search, const char *name, struct index_key *key)
{
    char right_name[INDEX_NAME_MOST];
    AUTO_CLOSE int fd =
        openat(search->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return -errno;
    int error = index_file_read_key(fd, key);
    if (error == 0) {
        name_of(key, right_name);
        bool right = strcmp(name, right_name) == 0 && key->ends.first == search->wanted.ends.first;
        error = right ? 0 : -WRONG_INDEX;
    }
    if (error == -WRONG_INDEX)
        discard(search->store, &search->wanted, name, search->directory, search->fd, damaged);
    return error != 0 ? error : steal_fd(&fd);
}

/* Whether an index that is whole may be used for the file, of which it has the name or the ends. */
static bool is_wanted(const struct search *search, enum index_match match)
{
    if (search->store->strict && !search->key.verified)
        return false;
    return index_key_match_sample(&search->key, search->fd, (int)match) == (int)match;
}

/* Takes an index over if it is what is looked for (`match`). Returns whether it is. */
static bool take(struct search *search, const char *name, enum index_match match)
{
    AUTO_CLOSE int fd = open_index(search, name, &search->key);
    int error = fd < 0 ? fd : index_file_read(fd, &search->key, &search->index);

    if (fd >= 0 && error == -WRONG_INDEX)
        discard(search->store, &search->wanted, name, search->directory, search->fd, damaged);
    if (error != 0)
        return false;
    if (!is_wanted(search, match)) {
        line_index_unref(steal_pointer(&search->index));
        return false;
    }
    note_use(fd);
    return true;
}

/* Remembers the index if it is the last that was made of the inode. */
static void consider(struct search *search, const char *name)
{
    struct index_key key;
    AUTO_CLOSE int fd = open_index(search, name, &key);

    if (fd < 0 || !index_key_same_file(&key, &search->wanted))
        return;
    if (search->newest.size == 0 || time_compare(key.ctime, search->newest.ctime) > 0)
        search->newest = key;
}

static void look_through(struct search *search, DIR *listing)
{
    unsigned candidates = 0;
    uint64_t rest = 0;

    for (const struct dirent *entry;
         candidates < MOST_CANDIDATES && (entry = readdir(listing)) != NULL;) {
        if (!index_name_parse(entry->d_name, &rest))
            continue;
        consider(search, entry->d_name);
        candidates++;
    }
}

/* Begins a search. Returns the directory to look in, which is the caller's, or -errno. */
static int begin_search(struct search *search, struct index_store *store, int fd,
                        const struct file_identity *now)
{
    *search = (struct search){.store = store, .fd = fd, .now = now};
    if (store->path == NULL)
        return -ENOENT;
    AUTO_CLOSE int top = own_path_open(store->path, OWN_PATH_OPEN);
    if (top == -ENOENT)
        return top;
    int error = index_key_make(fd, now, &search->wanted);
    if (error != 0)
        return error;
    search->directory = open_directory(store, &search->wanted);
    if (search->directory == -EPERM)
        warn_once(store, search->directory);
    return search->directory;
}

/* Whether there is an index of what the file was before it grew: that is search->newest. */
static bool find_beginning(struct search *search)
{
    AUTO_CLOSEDIR DIR *listing = index_list(search->directory, ".");

    if (listing != NULL)
        look_through(search, listing);
    return search->newest.size > 0 &&
           index_key_match(&search->newest, search->fd, search->now) == INDEX_BEGINS;
}

static enum index_match load_beginning(struct search *search)
{
    char name[INDEX_NAME_MOST];

    if (!find_beginning(search))
        return INDEX_OTHER;
    name_of(&search->newest, name);
    if (!take(search, name, INDEX_BEGINS))
        return INDEX_OTHER;
    if (!atomic_load(&search->index->holes))
        return INDEX_BEGINS;
    line_index_unref(steal_pointer(&search->index)); /* growth may have filled them */
    return INDEX_OTHER;
}

enum index_match index_store_load(struct index_store *store, int fd,
                                  const struct file_identity *now, bool beginnings,
                                  struct index_key *key, struct line_index **index)
{
    struct search search;
    char name[INDEX_NAME_MOST];
    enum index_match match = INDEX_OTHER;
    AUTO_CLOSE int directory = begin_search(&search, store, fd, now);

    *index = NULL;
    if (directory < 0)
        return INDEX_OTHER;
    name_of(&search.wanted, name);
    if (take(&search, name, INDEX_SAME))
        match = INDEX_SAME;
    else if (beginnings && !store->strict)
        match = load_beginning(&search);
    *key = search.key;
    *index = search.index;
    return match;
}

bool index_store_has(struct index_store *store, int fd, const struct file_identity *now,
                     bool beginnings)
{
    struct search search;
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int directory = begin_search(&search, store, fd, now);

    if (directory < 0)
        return false;
    name_of(&search.wanted, name);
    AUTO_CLOSE int index = open_index(&search, name, &search.key);
    return index >= 0 || (beginnings && find_beginning(&search));
}

/* A name for a file that is not finished. Another host may have a process with our number. */
static void name_temporary(struct index_store *store, const struct index_key *key, char *name)
{
    index_temporary_name(rest_of(key), atomic_fetch_add(&store->temporaries, 1), name);
}

/* Creates a file with a name that nothing has. */
static int create_temporary(struct index_store *store, int directory, const struct index_key *key,
                            char *name)
{
    int fd = -1;

    for (int i = 0; i < NAME_ATTEMPTS && fd < 0; i++) {
        name_temporary(store, key, name);
        fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd < 0 ? -errno : fd;
}

static int write_and_sync(int fd, const struct index_key *key, const struct line_index *index)
{
    int error = index_file_write(fd, key, index);
    return error == 0 && fsync(fd) != 0 ? -errno : error;
}

/* Gives a file without a name one that is free. */
static int link_nameless(int fd, int directory, const char *name)
{
    char path[sizeof("/proc/self/fd/") + 10];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW) != 0 ? -errno : 0;
}

static int rename_over(int directory, const char *temporary, const char *name)
{
    if (renameat(directory, temporary, directory, name) == 0)
        return 0;
    int error = -errno;
    (void)unlinkat(directory, temporary, 0);
    return error;
}

/*
 * Writes the index into a file that gets its name when it is complete: if the process is killed
 * before, nothing is left. Returns -EOPNOTSUPP if the file system, or a missing /proc, prevents it.
 */
static int write_nameless(struct index_store *store, int directory, const struct index_key *key,
                          const struct line_index *index, const char *name)
{
    char temporary[INDEX_NAME_MOST];

    AUTO_CLOSE int fd = openat(directory, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE_FILE);
    if (fd < 0)
        return -EOPNOTSUPP; /* whatever it is, the other way tells */
    int error = write_and_sync(fd, key, index);
    if (error != 0)
        return error;
    error = link_nameless(fd, directory, name);
    if (error != -EEXIST)
        return error == 0 ? 0 : -EOPNOTSUPP;
    name_temporary(store, key, temporary);
    error = link_nameless(fd, directory, temporary);
    return error != 0 ? error : rename_over(directory, temporary, name);
}

static int write_named(struct index_store *store, int directory, const struct index_key *key,
                       const struct line_index *index, const char *name)
{
    char temporary[INDEX_NAME_MOST];

    AUTO_CLOSE int fd = create_temporary(store, directory, key, temporary);
    if (fd < 0)
        return fd;
    int error = write_and_sync(fd, key, index);
    if (error == 0)
        return rename_over(directory, temporary, name);
    (void)unlinkat(directory, temporary, 0);
    return error;
}

/* Writes the index beside the one that there is, and puts it in its place. */
static int write_beside(struct index_store *store, int directory, const struct index_key *key,
                        const struct line_index *index, const char *name)
{
    int error = write_nameless(store, directory, key, index, name);
    if (error == -EOPNOTSUPP)
        error = write_named(store, directory, key, index, name);
    if (error == 0)
        (void)fsync(directory); /* if the name is lost, so is nothing but time */
    return error;
}

/* Opens the directory for an index, made if need be. */
static int make_directory(const struct index_store *store, const struct index_key *key)
{
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int made = own_path_open(store->path, OWN_PATH_MAKE);
    AUTO_CLOSE int top = made < 0 ? made : index_directory_open(store->path);

    if (top < 0)
        return top;
    index_part_name(key->ends.first, name);
    if (mkdirat(top, name, MODE_DIRECTORY) != 0 && errno != EEXIST)
        return -errno;
    return open_directory(store, key);
}

/*
 * Whether what the other index is of is no more. Of a file system that has no name for itself only
 * the same file tells: inode numbers alone are those of many.
 */
static bool is_outdated(const struct index_key *other, const struct index_key *key)
{
    const struct file_system_id none = {{0, 0}};
    bool known = !file_system_id_equal(&key->file_system, &none);
    return index_key_same_file(other, key) ||
           (known && other->inode == key->inode &&
            file_system_id_equal(&other->file_system, &key->file_system));
}

/* Removes all other indexes of the inode. */
static void remove_outdated(struct index_store *store, int directory, const struct index_key *key,
                            const char *name)
{
    const struct search search = {.store = store, .directory = directory, .fd = -1, .wanted = *key};
    AUTO_CLOSEDIR DIR *listing = index_list(directory, ".");
    struct index_key other;
    uint64_t rest = 0;

    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (!index_name_parse(entry->d_name, &rest) || strcmp(entry->d_name, name) == 0)
            continue;
        AUTO_CLOSE int fd = open_index(&search, entry->d_name, &other);
        if (fd >= 0 && is_outdated(&other, key))
            (void)unlinkat(directory, entry->d_name, 0);
    }
}

void index_store_remove(struct index_store *store, const struct index_key *key, int fd)
{
    char name[INDEX_NAME_MOST];

    if (store->path == NULL)
        return;
    AUTO_CLOSE int directory = open_directory(store, key);
    name_of(key, name);
    if (directory >= 0 && faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        discard(store, key, name, directory, fd, "not what the file holds");
}

/* Keeps an index once. -ENOENT: the directory was empty, and a sweep has removed it meanwhile. */
static int save_once(struct index_store *store, const struct index_key *key,
                     const struct line_index *index, const char *name)
{
    struct stat attributes;
    AUTO_CLOSE int directory = make_directory(store, key);
    int error = directory < 0 ? directory : write_beside(store, directory, key, index, name);

    if (error != 0)
        return error;
    remove_outdated(store, directory, key, name);
    if (store->space != NULL && fstatat(directory, name, &attributes, AT_SYMLINK_NOFOLLOW) == 0)
        index_space_note(store->space, (uint64_t)attributes.st_blocks * DISK_BLOCK);
    return 0;
}

int index_store_save(struct index_store *store, const struct index_key *key,
                     const struct line_index *index)
{
    char name[INDEX_NAME_MOST];
    int error = -ENOENT;

    if (store->path == NULL || (store->strict && !key->verified))
        return 0;
    name_of(key, name);
    for (int i = 0; i < SAVE_ATTEMPTS && error == -ENOENT; i++)
        error = save_once(store, key, index, name);
    if (error != 0)
        warn_once(store, error);
    return error;
}
