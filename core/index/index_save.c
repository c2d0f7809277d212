/* SPDX-License-Identifier: MIT */
#include "core/index/index_save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/file/own_path.h"
#include "core/index/index_lookup.h"
#include "core/index/index_names.h"
#include "core/index/index_room.h"

enum {
    DISK_BLOCK = 512, /* of st_blocks */
    NAME_ATTEMPTS = 1000,
    MODE_DIRECTORY = S_IRWXU,
    MODE_FILE = S_IRUSR | S_IWUSR,
    SAVE_ATTEMPTS = 8, /* others remove the directory if it is empty just then */
};

/* An index that is being kept. */
struct saving {
    struct index_directory *directory;
    const struct index_key *key;
    const struct kept_type *type;
    void *kept;
    char name[INDEX_NAME_MOST];
    int part;       /* the directory it goes to */
    uint64_t bytes; /* that it takes, or would take */
};

/* Names an unfinished file. Another host may have a process with the same number. */
static void name_temporary(const struct saving *saving, char *name)
{
    struct index_name base;

    (void)index_file_name_parse(saving->name, &base);
    index_temporary_name(&base, atomic_fetch_add(&saving->directory->temporaries, 1), name);
}

/* Creates a file with an unused name. */
static int create_temporary(const struct saving *saving, char *name)
{
    int fd = -EEXIST;

    for (int i = 0; i < NAME_ATTEMPTS && fd == -EEXIST; i++) {
        name_temporary(saving, name);
        fd = index_names_create(saving->part, name);
    }
    return fd;
}

/* Writes the index. Its disk space is known after it is synced, and may be more than its size. */
static int write_and_sync(struct saving *saving, int fd)
{
    struct stat attributes;
    int error = saving->type->encode(fd, saving->key, saving->kept);

    if (error == 0 && (fsync(fd) != 0 || fstat(fd, &attributes) != 0))
        error = -errno;
    if (error != 0)
        return error;
    saving->bytes = (uint64_t)attributes.st_blocks * DISK_BLOCK;
    return index_room_has(saving->directory, saving->bytes) ? 0 : -OVER_SPACE;
}

/* Links a nameless file under a name. -EEXIST: that is in use. */
static int link_nameless(int fd, int part, const char *name)
{
    char path[sizeof("/proc/self/fd/") + 10];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, part, name, AT_SYMLINK_FOLLOW) != 0 ? -errno : 0;
}

/* Links a nameless file under a name that is not in use. */
static int link_temporary(const struct saving *saving, int fd, char *name)
{
    int error = -EEXIST;

    for (int i = 0; i < NAME_ATTEMPTS && error == -EEXIST; i++) {
        name_temporary(saving, name);
        error = link_nameless(fd, saving->part, name);
    }
    return error;
}

static int rename_over(const struct saving *saving, const char *temporary)
{
    if (renameat(saving->part, temporary, saving->part, saving->name) == 0)
        return 0;
    int error = -errno;
    (void)unlinkat(saving->part, temporary, 0);
    return error;
}

/*
 * Writes the index into a file that gets its name when it is complete: if the process is killed
 * before, nothing is left. Returns -EOPNOTSUPP if the file system, or a missing /proc, prevents it.
 */
static int write_nameless(struct saving *saving)
{
    char temporary[INDEX_NAME_MOST];

    AUTO_CLOSE int fd = openat(saving->part, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, MODE_FILE);
    if (fd < 0)
        return -EOPNOTSUPP; /* whatever the reason, write_named() finds out */
    int error = write_and_sync(saving, fd);
    if (error != 0)
        return error;
    error = link_nameless(fd, saving->part, saving->name);
    if (error != -EEXIST)
        return error == 0 ? 0 : -EOPNOTSUPP;
    error = link_temporary(saving, fd, temporary);
    return error != 0 ? error : rename_over(saving, temporary);
}

static int write_named(struct saving *saving)
{
    char temporary[INDEX_NAME_MOST];

    AUTO_CLOSE int fd = create_temporary(saving, temporary);
    if (fd < 0)
        return fd;
    int error = write_and_sync(saving, fd);
    if (error == 0)
        return rename_over(saving, temporary);
    (void)unlinkat(saving->part, temporary, 0);
    return error;
}

/* Writes the index beside the existing one and replaces that. */
static int write_beside(struct saving *saving)
{
    int error = write_nameless(saving);
    if (error == -EOPNOTSUPP)
        error = write_named(saving);
    if (error == 0)
        (void)fsync(saving->part); /* if the name is lost, only time is lost */
    return error;
}

/* Opens the directory for an index, making it if needed. */
static int make_part(const struct index_directory *directory, const struct index_key *key)
{
    char name[INDEX_NAME_MOST];
    AUTO_CLOSE int made = own_path_open(directory->path, OWN_PATH_MAKE);
    AUTO_CLOSE int top = made < 0 ? made : index_names_open(directory->path);

    if (top < 0)
        return top;
    index_part_name(key->ends.first, name);
    int error = mkdirat(top, name, MODE_DIRECTORY) != 0 && errno != EEXIST ? -errno : 0;
    int part = index_directory_open_part(directory, key);
    return part < 0 && error != 0 ? error : part; /* EPERM may mean EEXIST: see own_path.c */
}

/*
 * Whether the content of the other index no longer exists. If the file system has no identifier,
 * only the same file proves it, as inode numbers alone are not unique.
 */
static bool is_outdated(const struct index_key *other, const struct index_key *key)
{
    const struct file_system_id none = {{0, 0}};
    bool known = other->content == key->content && !file_system_id_equal(&key->file_system, &none);
    return index_key_same_file(other, key) ||
           (known && other->inode == key->inode &&
            file_system_id_equal(&other->file_system, &key->file_system));
}

/*
 * Removes all other indexes of the inode, or only the unfinished ones. A finished one may be of
 * more than an unfinished one, and is listed.
 */
static void remove_outdated(const struct saving *saving, bool only_unfinished)
{
    AUTO_CLOSEDIR DIR *listing = index_names_list(saving->part, ".");
    struct index_key other;
    struct index_name name;

    for (const struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (!index_file_name_parse(entry->d_name, &name) || name.format != saving->key->format ||
            strcmp(entry->d_name, saving->name) == 0 ||
            ((saving->key->unfinished || only_unfinished) && !name.unfinished))
            continue;
        AUTO_CLOSE int fd = index_lookup_open(saving->directory, saving->key, saving->part,
                                              entry->d_name, -1, &other);
        if (fd >= 0 && is_outdated(&other, saving->key))
            (void)unlinkat(saving->part, entry->d_name, 0);
    }
}

/* Keeps an index once. -ENOENT: the directory was empty, and a sweep has removed it meanwhile. */
static int save_once(struct saving *saving)
{
    struct index_space *space = saving->directory->space;
    AUTO_CLOSE int part = make_part(saving->directory, saving->key);

    saving->part = part;
    int error = part < 0 ? part : write_beside(saving);
    if (error != 0)
        return error;
    remove_outdated(saving, false);
    if (space != NULL)
        index_space_note(space, saving->bytes);
    return 0;
}

/* Nothing can go on to a finished index from what was kept on the way. */
static void refuse(struct saving *saving, const char *path)
{
    if (saving->key->unfinished)
        return;
    AUTO_CLOSE int part = index_directory_open_part(saving->directory, saving->key);
    saving->part = part;
    if (part >= 0)
        remove_outdated(saving, true);
    index_room_warn(saving->directory, saving->type, saving->bytes, path, -1);
}

int index_save(struct index_directory *directory, const struct index_key *key,
               const struct kept_type *type, void *kept, const char *path)
{
    struct saving saving = {.directory = directory, .key = key, .type = type, .kept = kept};
    int error = -ENOENT;

    if (directory->path == NULL || (directory->strict && !key->verified && !key->unfinished))
        return 0;
    index_directory_name(key, saving.name);
    saving.bytes = type->size(kept);
    if (!index_room_has(directory, saving.bytes))
        error = -OVER_SPACE;
    for (int i = 0; i < SAVE_ATTEMPTS && error == -ENOENT; i++)
        error = save_once(&saving);
    if (error == -OVER_SPACE)
        refuse(&saving, path);
    else if (error != 0)
        index_directory_warn(directory, error);
    else
        atomic_store(&directory->trouble, 0);
    return error;
}

int index_save_part(struct index_directory *directory, const struct index_key *key,
                    const struct kept_type *type, void *part)
{
    struct index_key kept = *key;

    kept.unfinished = true;
    if (!key->settled)
        kept.mtime = kept.ctime = (struct timespec){0};
    return index_save(directory, &kept, type, part, NULL);
}
