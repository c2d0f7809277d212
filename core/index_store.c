#include "core/index_store.h"

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

#include "core/cleanup.h"
#include "core/index_file.h"

enum {
    NAME_MOST = 96,
    MOST_CANDIDATES = 64,       /* files that begin alike, of which indexes are looked at */
    ABANDONED_S = 24 * 60 * 60, /* when a temporary file has no writer any more */
    MODE_DIRECTORY = S_IRWXU,
    MODE_FILE = S_IRUSR | S_IWUSR,
};

static const char index_suffix[] = ".lines";
static const char temporary_suffix[] = ".tmp";

void index_store_init(struct index_store *store, const char *path, uint64_t least,
                      void (*warn)(const char *path, const char *problem))
{
    store->path = path;
    store->least = least;
    store->warn = warn;
    atomic_init(&store->warned, false);
    atomic_init(&store->temporaries, 0);
}

static uint64_t rest_of(const struct index_key *key)
{
    const uint64_t words[] = {
        key->size,
        (uint64_t)key->mtime.tv_sec,
        (uint64_t)key->mtime.tv_nsec,
        (uint64_t)key->ctime.tv_sec,
        (uint64_t)key->ctime.tv_nsec,
        key->ends.tail,
    };
    return XXH3_64bits(words, sizeof(words));
}

/* The directory of all files that begin alike; `name` has room for NAME_MOST bytes, as below. */
static void directory_of(const struct index_key *key, char *name)
{
    (void)snprintf(name, NAME_MOST, "%016" PRIx64, key->ends.head);
}

static void name_of(const struct index_key *key, char *name)
{
    (void)snprintf(name, NAME_MOST, "%016" PRIx64 "%s", rest_of(key), index_suffix);
}

/* Whether others could put files there that we would believe. */
static bool is_private(int directory)
{
    struct stat attributes;
    return fstat(directory, &attributes) == 0 &&
           (attributes.st_uid == geteuid() || attributes.st_uid == 0) &&
           (attributes.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* Opens the directory of the files that begin as the key says. */
static int open_directory(const struct index_store *store, const struct index_key *key)
{
    char name[NAME_MOST];
    AUTO_CLOSE int top = open(store->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (top < 0)
        return -errno;
    if (!is_private(top))
        return -EPERM;
    directory_of(key, name);
    int directory = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return directory < 0 ? -errno : directory;
}

/* Makes a directory and those above it, as `mkdir -p` does, each for its user alone. */
static int make_directories(const char *path)
{
    char part[PATH_MAX];

    for (const char *slash = path; slash != NULL;) {
        slash = strchr(slash + 1, '/');
        size_t length = slash != NULL ? (size_t)(slash - path) : strlen(path);
        if (length >= sizeof(part))
            return -ENAMETOOLONG;
        memcpy(part, path, length);
        part[length] = '\0';
        if (mkdir(part, MODE_DIRECTORY) != 0 && errno != EEXIST)
            return -errno;
    }
    return 0;
}

static void warn_once(struct index_store *store, int error)
{
    if (atomic_exchange(&store->warned, true))
        return;
    store->warn(store->path, error == -EPERM ? "others may write to it, or it is another user's; "
                                               "indexes are not kept: chmod go-w it"
                                             : strerror(-error));
}

static void cleanup_directory(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

/* Removes what a writer that was killed left behind. */
static void remove_if_abandoned(int directory, const char *name)
{
    struct stat attributes;
    if (fstatat(directory, name, &attributes, AT_SYMLINK_NOFOLLOW) == 0 &&
        time(NULL) - attributes.st_mtime > ABANDONED_S)
        (void)unlinkat(directory, name, 0);
}

static bool ends_with(const char *name, const char *suffix)
{
    size_t length = strlen(name);
    size_t tail = strlen(suffix);
    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

/* A damaged index would be found again and again, so it goes. */
static void discard(struct index_store *store, int directory, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof(path), "%.*s/%s", PATH_MAX - NAME_MOST - 2, store->path, name);
    store->warn(path, "damaged, or of another version: the index is made anew");
    (void)unlinkat(directory, name, 0);
}

/* The search for the best index of a file. */
struct search {
    struct index_store *store;
    int directory;
    int fd;
    const struct file_identity *now;
    uint64_t head; /* digest of the file's first block */
    enum index_match match;
    struct index_key key;
    struct line_index *index; /* a reference */
};

/* Reads the key of a file; -EBADMSG: it is none, or not that of the place where it is. */
static int read_key(const struct search *search, int fd, const char *name, struct index_key *key)
{
    char right_name[NAME_MOST];
    int error = index_file_read_key(fd, key);

    if (error != 0)
        return error;
    name_of(key, right_name);
    bool right = strcmp(name, right_name) == 0 && key->ends.head == search->head;
    return right ? 0 : -EBADMSG;
}

/* Takes the index over, if it is one of the file and better than the one before. */
static void consider(struct search *search, const char *name)
{
    struct index_key key;
    struct line_index *index = NULL;
    AUTO_CLOSE int fd =
        openat(search->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0)
        return;
    int match = read_key(search, fd, name, &key);
    if (match == 0)
        match = index_key_match(&key, search->fd, search->now);
    if (match == -EBADMSG)
        discard(search->store, search->directory, name);
    if (match <= INDEX_OTHER || match < (int)search->match ||
        (search->index != NULL && key.size <= search->key.size))
        return;
    int error = index_file_read(fd, &key, &index);
    if (error == -EBADMSG)
        discard(search->store, search->directory, name);
    if (error != 0)
        return;
    line_index_unref(search->index);
    search->match = (enum index_match)match;
    search->key = key;
    search->index = index;
}

static void look_through(struct search *search, DIR *listing)
{
    unsigned candidates = 0;

    for (const struct dirent *entry;
         candidates < MOST_CANDIDATES && (entry = readdir(listing)) != NULL;) {
        if (ends_with(entry->d_name, temporary_suffix))
            remove_if_abandoned(search->directory, entry->d_name);
        if (!ends_with(entry->d_name, index_suffix))
            continue;
        consider(search, entry->d_name);
        candidates++;
    }
}

enum index_match index_store_load(struct index_store *store, int fd,
                                  const struct file_identity *now, struct index_key *key,
                                  struct line_index **index)
{
    struct search search = {.store = store, .fd = fd, .now = now};

    if (store->path == NULL || access(store->path, F_OK) != 0 ||
        index_key_make(fd, now, &search.key) != 0)
        return INDEX_OTHER;
    AUTO_CLOSE int directory = open_directory(store, &search.key);
    if (directory == -EPERM)
        warn_once(store, directory);
    if (directory < 0)
        return INDEX_OTHER;
    search.directory = directory;
    search.head = search.key.ends.head;
    __attribute__((cleanup(cleanup_directory))) DIR *listing =
        fdopendir(fcntl(directory, F_DUPFD_CLOEXEC, 0));
    if (listing == NULL)
        return INDEX_OTHER;
    look_through(&search, listing);
    *key = search.key;
    *index = search.index;
    return search.match;
}

/* Writes the index beside and renames it. */
static int write_beside(struct index_store *store, int directory, const struct index_key *key,
                        const struct line_index *index, const char *name)
{
    char temporary[NAME_MOST];

    (void)snprintf(temporary, sizeof(temporary), "%016" PRIx64 "-%d-%u%s", rest_of(key), getpid(),
                   atomic_fetch_add(&store->temporaries, 1), temporary_suffix);
    AUTO_CLOSE int fd =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE_FILE);
    if (fd < 0)
        return -errno;
    int error = index_file_write(fd, key, index);
    if (error == 0 && fsync(fd) != 0)
        error = -errno;
    if (error == 0 && renameat(directory, temporary, directory, name) != 0)
        error = -errno;
    if (error != 0)
        (void)unlinkat(directory, temporary, 0);
    else
        (void)fsync(directory); /* if the name is lost, so is nothing but time */
    return error;
}

/* Opens the directory for an index, made if need be. */
static int make_directory(const struct index_store *store, const struct index_key *key)
{
    char path[PATH_MAX];
    char name[NAME_MOST];

    directory_of(key, name);
    int length = snprintf(path, sizeof(path), "%s/%s", store->path, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return -ENAMETOOLONG;
    int error = make_directories(path);
    return error != 0 ? error : open_directory(store, key);
}

int index_store_save(struct index_store *store, const struct index_key *key,
                     const struct line_index *index, const struct index_key *replaced)
{
    char name[NAME_MOST];
    char old[NAME_MOST];

    if (store->path == NULL)
        return 0;
    AUTO_CLOSE int directory = make_directory(store, key);
    name_of(key, name);
    int error = directory < 0 ? directory : write_beside(store, directory, key, index, name);
    if (error != 0) {
        warn_once(store, error);
        return error;
    }
    if (replaced != NULL) {
        name_of(replaced, old);
        if (strcmp(old, name) != 0)
            (void)unlinkat(directory, old, 0);
    }
    return 0;
}
