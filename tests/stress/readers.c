/* SPDX-License-Identifier: MIT */
/*
 * The readers: each opens a piece, checks every byte that it reads against the versions that the
 * file may have had when it was opened, and keeps some handles for later.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

enum {
    KEPT_HANDLES = 12,
    MOST_KEPT_MS = 4000,
    MOST_STEP = 128 * 1024,
    ENOUGH = 12 * 1024, /* bytes that hold a record's head for certain */
    LAG_MS = 1300,      /* for what the kernel may cache for a second: names, attributes */
};

struct view;

struct handle {
    int fd;
    int mount;
    struct subject *subject;
    const struct view *view;
    uint64_t argument, other; /* what the view's name says */
    uint64_t size;
    int64_t opened;
    char path[160]; /* below the mount */
    struct span span;
};

/* How a view names pieces, and how a candidate's piece is checked. */
struct view {
    const char *name;
    /* Chooses a piece of a file of this size: its path below the file's directory. */
    void (*choose)(struct handle *handle, uint64_t size, char *out, size_t room);
    /* Where the candidate's piece begins, and whether its size is right. */
    bool (*place)(struct handle *handle, struct candidate *candidate);
    bool records;    /* begins and ends with records */
    bool whole_text; /* reads and checks all of it at once: a table */
};

static int slot; /* this process */

/* --- system calls on a mount ----------------------------------------------------------------- */

static int open_piece(const struct handle *handle)
{
    char path[4096];
    (void)snprintf(path, sizeof(path), "%s/%s", mounts[handle->mount], handle->path);
    busy(slot, "open", handle->path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error = errno;
    idle(slot);
    errno = error;
    return fd;
}

static struct view_counts *counts_of(const struct handle *handle);

static ssize_t read_piece(const struct handle *handle, char *bytes, size_t length, uint64_t offset)
{
    busy(slot, "read", handle->path);
    ssize_t got = pread(handle->fd, bytes, length, (off_t)offset);
    int error = errno;
    idle(slot);
    struct view_counts *counts = counts_of(handle);
    if (got >= 0) {
        (void)atomic_fetch_add(&counts->reads, 1);
        (void)atomic_fetch_add(&counts->bytes, (uint64_t)got);
    }
    errno = error;
    return got;
}

/* --- reports --------------------------------------------------------------------------------- */

static void report(struct handle *handle, const char *what, uint64_t offset, const char *bytes,
                   size_t length)
{
    char description[8192] = "";
    uint32_t text;
    uint64_t place;
    char head[HEAD + 1] = "";
    if (length >= HEAD) {
        memcpy(head, bytes, HEAD);
        if (!parse_head(bytes, &text, &place))
            head[0] = '\0';
    }
    if (bytes != NULL && offset != NOWHERE)
        describe(handle->subject, offset, bytes, length < 4096 ? length : 4096, description,
                 sizeof(description));
    else
        describe(handle->subject, 0, "", 0, description, sizeof(description));
    fail("%s: %s (--cache %s), piece of %llu bytes, opened %.3f s ago, versions %u to %u\n"
         "  %zu bytes at %llu of the file %s%s\n%s",
         what, handle->path, handle->mount == 0 ? "kernel" : "none",
         (unsigned long long)handle->size, (double)(now_ns() - handle->opened) / 1e9,
         handle->span.first_number, handle->span.first_number + (uint32_t)handle->span.count - 1,
         length, (unsigned long long)offset, head[0] != '\0' ? "that begin " : "", head,
         description);
}

/* Whether an error is one that a reader may get; if not it is reported. */
static bool excused(struct handle *handle, const char *what, int error)
{
    struct subject *subject = handle->subject;
    int64_t lagging = handle->span.began - (int64_t)LAG_MS * 1000000;
    bool good = false;
    (void)atomic_fetch_add(&shared->errors[error < 160 ? error : 0], 1);
    (void)atomic_fetch_add(&counts_of(handle)->refused, 1);
    bool turned = has_turned(subject, lagging);
    if (subject->only_grows)
        good = error == ENOENT && strcmp(handle->view->name, "extents") == 0; /* named by its end */
    else if (error == ESTALE) /* a change that is too small to be seen at once may be seen later */
        good = subject->ends_only || turned || has_changed(subject, handle->span.began);
    else if (error == ENOENT)
        good = turned || has_changed(subject, lagging);
    else if (error == ENOTDIR || error == EISDIR)
        good = turned;
    if (!good) {
        char message[128];
        (void)snprintf(message, sizeof(message), "%s fails with %s", what, strerrorname_np(error));
        report(handle, message, NOWHERE, NULL, 0);
    }
    return good;
}

/* --- where pieces are ------------------------------------------------------------------------ */

static bool size_may_be(const struct candidate *candidate, uint64_t size)
{
    return size >= candidate->size_least && size <= candidate->size_most;
}

static bool size_is_certain(const struct candidate *candidate)
{
    return candidate->size_least == candidate->size_most;
}

static const char *suffix_of(const struct handle *handle)
{
    return handle->other % 2 == 0 ? ".log" : "";
}

/* The record at the start of the piece tells where it is. */
static bool locate(struct handle *handle, struct candidate *candidate)
{
    char head[HEAD];
    uint32_t text;
    if (handle->size - candidate->header < HEAD ||
        read_piece(handle, head, HEAD, candidate->header) != HEAD ||
        !parse_head(head, &text, &candidate->at)) {
        candidate->at = NOWHERE;
        return true;
    }
    return true;
}

/* Any record in the first bytes of the piece does. */
static void locate_within(struct handle *handle, struct candidate *candidate)
{
    char bytes[ENOUGH];
    uint32_t text;
    uint64_t offset;
    ssize_t got = read_piece(handle, bytes, sizeof(bytes), 0);
    candidate->at = NOWHERE;
    for (ssize_t i = 0; i + 1 + HEAD <= got; i++)
        if (bytes[i] == '\n' && parse_head(bytes + i + 1, &text, &offset) &&
            offset >= (uint64_t)i + 1) {
            candidate->at = offset - (uint64_t)i - 1;
            return;
        }
}

/* A piece of bytes from a place that is known: it ends after `length`, or with the file. */
static bool place_bytes(struct handle *handle, struct candidate *candidate, uint64_t at,
                        uint64_t length)
{
    candidate->at = at;
    uint64_t end = at + handle->size;
    return (handle->size == length && end <= candidate->size_most) ||
           (handle->size < length &&
            (size_may_be(candidate, end) || (handle->size == 0 && at >= candidate->size_least)));
}

static bool place_whole(struct handle *handle, struct candidate *candidate)
{
    candidate->at = 0;
    return size_may_be(candidate, handle->size);
}

static void choose_whole(struct handle *handle, uint64_t size, char *out, size_t room)
{
    (void)size;
    (void)snprintf(out, room, "/whole%s", suffix_of(handle));
}

static void choose_nothing(struct handle *handle, uint64_t size, char *out, size_t room)
{
    (void)handle;
    (void)size;
    (void)room;
    out[0] = '\0';
}

static void choose_bytes(struct handle *handle, uint64_t size, char *out, size_t room)
{
    static const uint64_t sizes[] = {CHUNK, 64 * 1024, 1000, 5 * 1024 * 1024};
    uint64_t which = chance(4);
    handle->argument = sizes[which];
    uint64_t piece = chance((size - 1) / handle->argument + 1);
    if (which == 0)
        (void)snprintf(out, room, "/bytes/%06llu", (unsigned long long)piece);
    else
        (void)snprintf(out, room, "/bytes@%llu/%llu", (unsigned long long)handle->argument,
                       (unsigned long long)piece);
    handle->other = piece * handle->argument;
}

static void choose_range(struct handle *handle, uint64_t size, char *out, size_t room)
{
    handle->argument = between(1, 200000);
    handle->other = chance(size);
    (void)snprintf(out, room, "/bytes/%llu+%llu", (unsigned long long)handle->other,
                   (unsigned long long)handle->argument);
}

static bool place_range(struct handle *handle, struct candidate *candidate)
{
    return place_bytes(handle, candidate, handle->other, handle->argument);
}

static void choose_last_bytes(struct handle *handle, uint64_t size, char *out, size_t room)
{
    (void)size;
    handle->argument = between(ENOUGH, 100000);
    (void)snprintf(out, room, "/bytes/-%llu", (unsigned long long)handle->argument);
}

static bool place_last_bytes(struct handle *handle, struct candidate *candidate)
{
    if (handle->size < handle->argument) {
        candidate->at = 0;
        return size_may_be(candidate, handle->size);
    }
    locate_within(handle, candidate);
    if (size_is_certain(candidate))
        candidate->at = candidate->size_least - handle->size;
    return handle->size == handle->argument &&
           (candidate->at == NOWHERE || size_may_be(candidate, candidate->at + handle->size));
}

static void choose_n_bytes(struct handle *handle, uint64_t size, char *out, size_t room)
{
    (void)size;
    handle->argument = between(1, 20);
    handle->other = chance(handle->argument);
    (void)snprintf(out, room, "/bytes@n%llu/%llu", (unsigned long long)handle->argument,
                   (unsigned long long)handle->other);
}

static uint64_t nominal(uint64_t size, uint64_t count, uint64_t number)
{
    uint64_t larger = size % count;
    return number * (size / count) + (number < larger ? number : larger);
}

static bool place_n_bytes(struct handle *handle, struct candidate *candidate)
{
    if (!size_is_certain(candidate)) {
        locate_within(handle, candidate);
        return true;
    }
    candidate->at = nominal(candidate->size_least, handle->argument, handle->other);
    return candidate->at + handle->size ==
           nominal(candidate->size_least, handle->argument, handle->other + 1);
}

/* A piece that begins with the first record from `from` on and ends with the first from `to` on. */
static bool place_records(struct handle *handle, struct candidate *candidate, uint64_t from,
                          uint64_t to)
{
    uint64_t start;
    uint64_t end;
    uint64_t size = handle->size - candidate->header;
    (void)locate(handle, candidate);
    if (candidate_start(candidate, from, &start)) {
        if (start >= candidate->size_least && size == 0)
            return true;
        if (candidate->at != NOWHERE && candidate->at != start)
            return false;
        candidate->at = start;
    }
    if (candidate->at == NOWHERE || !candidate_start(candidate, to, &end))
        return true;
    return candidate->at + size == end ||
           (candidate->at + size < end && size_may_be(candidate, candidate->at + size));
}

static void choose_lines(struct handle *handle, uint64_t size, char *out, size_t room)
{
    static const uint64_t sizes[] = {CHUNK, 16 * 1024, 3000, 1024 * 1024};
    uint64_t which = chance(4);
    handle->argument = sizes[which];
    handle->other = chance((size - 1) / handle->argument + 1);
    if (which == 0)
        (void)snprintf(out, room, "/lines/%06llu%s", (unsigned long long)handle->other,
                       suffix_of(handle));
    else
        (void)snprintf(out, room, "/lines@%llu/%llu%s", (unsigned long long)handle->argument,
                       (unsigned long long)handle->other, suffix_of(handle));
}

static bool place_lines(struct handle *handle, struct candidate *candidate)
{
    uint64_t from = handle->other * handle->argument;
    return place_records(handle, candidate, from, from + handle->argument);
}

static void choose_n_lines(struct handle *handle, uint64_t size, char *out, size_t room)
{
    (void)size;
    handle->argument = between(1, 20);
    handle->other = chance(handle->argument);
    (void)snprintf(out, room, "/lines@n%llu/%llu", (unsigned long long)handle->argument,
                   (unsigned long long)handle->other);
}

static bool place_n_lines(struct handle *handle, struct candidate *candidate)
{
    if (!size_is_certain(candidate))
        return locate(handle, candidate);
    uint64_t size = candidate->size_least;
    return place_records(handle, candidate, nominal(size, handle->argument, handle->other),
                         nominal(size, handle->argument, handle->other + 1));
}

static void choose_header(struct handle *handle, uint64_t size, char *out, size_t room)
{
    handle->argument = 64 * 1024;
    handle->other = chance((size - 1) / handle->argument + 1);
    (void)snprintf(out, room, "/lines@64K,header/%llu", (unsigned long long)handle->other);
}

/* The header is the piece's first line; that it is the file's, too, is checked with the bytes. */
static bool place_header(struct handle *handle, struct candidate *candidate)
{
    static char bytes[MOST_STEP]; /* a record with a hole in it is longer than others */
    if (handle->other > 0) {
        ssize_t got = read_piece(handle, bytes, sizeof(bytes), 0);
        const char *end = got > 0 ? memchr(bytes, '\n', (size_t)got) : NULL;
        if (end == NULL)
            return false;
        candidate->header = (uint64_t)(end - bytes) + 1;
    }
    return place_lines(handle, candidate);
}

/* Rows are counted where the file is of one text; else they are records, and that is checked. */
static bool place_row_range(struct handle *handle, struct candidate *candidate, uint64_t first,
                            uint64_t count)
{
    (void)locate(handle, candidate);
    if (!version_is_pure(candidate->version))
        return true;
    uint32_t text = candidate->version->a;
    uint64_t start = text_row_start(text, first);
    uint64_t end = text_row_start(text, first + count);
    if (handle->size == 0)
        return start >= candidate->size_least;
    if (candidate->at != NOWHERE && candidate->at != start)
        return false;
    candidate->at = start;
    return start + handle->size == end ||
           (start + handle->size < end && size_may_be(candidate, start + handle->size));
}

static uint64_t rows_now(const struct handle *handle, uint64_t size)
{
    return text_rows(newest_version(handle->subject)->a, size - 1);
}

static void choose_rows(struct handle *handle, uint64_t size, char *out, size_t room)
{
    uint64_t rows = rows_now(handle, size);
    handle->argument = chance(2) == 0 ? 500 : 100;
    handle->other = chance(rows / handle->argument + 1);
    if (handle->argument == 500)
        (void)snprintf(out, room, "/rows/%06llu%s", (unsigned long long)handle->other,
                       suffix_of(handle));
    else
        (void)snprintf(out, room, "/rows@%llu/%llu", (unsigned long long)handle->argument,
                       (unsigned long long)handle->other);
    handle->other *= handle->argument;
}

static void choose_row_range(struct handle *handle, uint64_t size, char *out, size_t room)
{
    handle->other = chance(rows_now(handle, size) + 1);
    handle->argument = between(1, 2000);
    if (chance(2) == 0)
        (void)snprintf(out, room, "/rows/%llu+%llu", (unsigned long long)handle->other + 1,
                       (unsigned long long)handle->argument);
    else
        (void)snprintf(out, room, "/rows/%llu-%llu", (unsigned long long)handle->other + 1,
                       (unsigned long long)(handle->other + handle->argument));
}

static bool place_rows(struct handle *handle, struct candidate *candidate)
{
    return place_row_range(handle, candidate, handle->other, handle->argument);
}

static void choose_last_rows(struct handle *handle, uint64_t size, char *out, size_t room)
{
    (void)size;
    handle->argument = between(1, 2000);
    (void)snprintf(out, room, "/rows/-%llu", (unsigned long long)handle->argument);
}

static bool place_last_rows(struct handle *handle, struct candidate *candidate)
{
    (void)locate(handle, candidate);
    if (candidate->at == NOWHERE || !version_is_pure(candidate->version))
        return true;
    uint64_t end = candidate->at + handle->size;
    uint64_t rows = text_rows(candidate->version->a, end);
    uint64_t first = rows > handle->argument ? rows - handle->argument : 0;
    return size_may_be(candidate, end) &&
           candidate->at == text_row_start(candidate->version->a, first);
}

/* One of the extents that are listed. */
static void choose_extent(struct handle *handle, uint64_t size, char *out, size_t room)
{
    char path[4096];
    int left = (int)chance(3);
    (void)size;
    (void)snprintf(out, room, "/extents/none");
    (void)snprintf(path, sizeof(path), "%s/%s/extents", mounts[handle->mount],
                   handle->subject->path);
    busy(slot, "list", path);
    DIR *directory = opendir(path);
    for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(out, room, "/extents/%.60s", entry->d_name);
        char *rest;
        handle->other = strtoull(entry->d_name, &rest, 10);
        handle->argument = strtoull(rest, NULL, 10);
        if (left-- == 0)
            break;
    }
    if (directory != NULL)
        (void)closedir(directory);
    idle(slot);
}

static bool place_extent(struct handle *handle, struct candidate *candidate)
{
    candidate->at = handle->other;
    return handle->size == handle->argument && handle->other + handle->size <= candidate->size_most;
}

static void choose_table(struct handle *handle, uint64_t size, char *out, size_t room)
{
    static const char *const names[] = {"/lines.tsv", "/lines@16K.tsv", "/bytes.tsv", "/rows.tsv",
                                        "/lines@n7.tsv"};
    static const uint64_t sizes[] = {CHUNK, 16 * 1024, 0, 0, 0};
    uint64_t which = chance(sizeof(names) / sizeof(*names));
    (void)size;
    handle->argument = sizes[which];
    handle->other = which == 2;
    (void)snprintf(out, room, "%s", names[which]);
}

static bool place_table(struct handle *handle, struct candidate *candidate)
{
    (void)handle;
    candidate->at = NOWHERE;
    return true;
}

static const struct view views[] = {
    {"small", choose_nothing, place_whole, false, false},
    {"whole", choose_whole, place_whole, false, false},
    {"bytes", choose_bytes, place_range, false, false},
    {"bytes/A+N", choose_range, place_range, false, false},
    {"bytes/-N", choose_last_bytes, place_last_bytes, false, false},
    {"bytes@nN", choose_n_bytes, place_n_bytes, false, false},
    {"lines", choose_lines, place_lines, true, false},
    {"lines@nN", choose_n_lines, place_n_lines, true, false},
    {"lines,header", choose_header, place_header, true, false},
    {"rows", choose_rows, place_rows, true, false},
    {"rows/A-B", choose_row_range, place_rows, true, false},
    {"rows/-N", choose_last_rows, place_last_rows, true, false},
    {"extents", choose_extent, place_extent, false, false},
    {"table", choose_table, place_table, false, true},
};

enum { VIEWS = sizeof(views) / sizeof(*views) };

static struct view_counts *counts_of(const struct handle *handle)
{
    struct view_counts *counts = &shared->views[handle->view - views];
    counts->name = handle->view->name;
    return counts;
}

/* --- reading and checking -------------------------------------------------------------------- */

/* Bytes of the piece against a candidate: the header's, then its own. */
static bool candidate_has(struct candidate *candidate, uint64_t offset, const char *bytes,
                          size_t length)
{
    if (offset < candidate->header) {
        size_t part = candidate->header - offset < length ? candidate->header - offset : length;
        if (!candidate_holds(candidate, offset, bytes, part))
            return false;
        offset += part;
        bytes += part;
        length -= part;
    }
    return candidate_holds(candidate, candidate->at + offset - candidate->header, bytes, length);
}

static bool check_bytes(struct handle *handle, uint64_t offset, const char *bytes, size_t length)
{
    bool good = false;
    uint64_t place = NOWHERE;
    struct candidate before = {0};
    for (int i = 0; i < handle->span.count; i++) {
        struct candidate *candidate = &handle->span.candidates[i];
        if (!candidate->alive)
            continue;
        before = *candidate;
        place = candidate->at != NOWHERE ? candidate->at + offset - candidate->header : NOWHERE;
        if (candidate->at == NOWHERE)
            (void)atomic_fetch_add(&shared->unchecked, 1);
        good |= candidate->at == NOWHERE || candidate_has(candidate, offset, bytes, length);
    }
    if (!good) {
        char what[200];
        (void)snprintf(
            what, sizeof(what),
            "bytes of no version, or of two, at %llu of the piece (of version %u: frontier "
            "%llx..%llx, size %llu..%llu)",
            (unsigned long long)offset, before.number, (unsigned long long)before.frontier_least,
            (unsigned long long)before.frontier_most, (unsigned long long)before.size_least,
            (unsigned long long)before.size_most);
        report(handle, what, place, bytes, length);
    }
    return good;
}

/* Checks what a read has given of the bytes that there are: none is the end, fewer are not. */
static bool check_read(struct handle *handle, uint64_t offset, size_t length, const char *bytes,
                       size_t got)
{
    if (got > length || (got == 0 && length > 0)) {
        char what[128];
        (void)snprintf(what, sizeof(what), "a read of %zu bytes at %llu gives %zu", length,
                       (unsigned long long)offset, got);
        report(handle, what, NOWHERE, NULL, 0);
        return false;
    }
    return handle->subject->ends_only || got == 0 || check_bytes(handle, offset, bytes, got);
}

/*
 * Reads and checks so many bytes, or up to the end; false: an error or a fault, and the handle is
 * not used any more. The kernel returns what it has cached before a page that fails, so a read may
 * be short; the next one must then return the error.
 */
static bool read_and_check(struct handle *handle, uint64_t offset, size_t length)
{
    static char bytes[MOST_STEP];
    uint64_t left = offset < handle->size ? handle->size - offset : 0;
    size_t wanted = left < length ? left : length;
    do {
        ssize_t got = read_piece(handle, bytes, length, offset);
        if (got < 0) {
            (void)excused(handle, "a read", errno);
            return false;
        }
        if (!check_read(handle, offset, wanted, bytes, (size_t)got))
            return false;
        offset += (uint64_t)got;
        wanted -= (size_t)got;
        length -= (size_t)got;
    } while (wanted > 0);
    return true;
}

/* The last byte of a piece of records is an LF, if the file does not end there. */
static bool check_last_byte(struct handle *handle)
{
    char last;
    if (handle->size == 0)
        return true;
    ssize_t got = read_piece(handle, &last, 1, handle->size - 1);
    if (got < 0)
        return excused(handle, "a read", errno) && false;
    bool good = got == 1 && last == '\n';
    for (int i = 0; i < handle->span.count && !good; i++) {
        const struct candidate *candidate = &handle->span.candidates[i];
        good = candidate->alive &&
               (candidate->at == NOWHERE ||
                size_may_be(candidate, candidate->at + handle->size - candidate->header));
    }
    if (!good)
        report(handle, "the piece does not end with a record", NOWHERE, NULL, 0);
    return good;
}

static bool place_all(struct handle *handle)
{
    bool good = false;
    struct candidate before = {0};
    for (int i = 0; i < handle->span.count; i++) {
        struct candidate *candidate = &handle->span.candidates[i];
        if (!candidate->alive)
            continue;
        candidate->alive = handle->view->place(handle, candidate);
        before = *candidate;
        good |= candidate->alive;
    }
    if (good)
        return true;
    /* A read in place() may have failed; then this read fails too, and says why. */
    char byte;
    if (handle->size > 0 && read_piece(handle, &byte, 1, 0) < 0)
        return excused(handle, "a read", errno) && false;
    char what[200];
    (void)snprintf(
        what, sizeof(what),
        "the piece is not where it should be, or as long (of version %u: at %lld, header "
        "%llu, frontier %llx..%llx, size %llu..%llu)",
        before.number, (long long)before.at, (unsigned long long)before.header,
        (unsigned long long)before.frontier_least, (unsigned long long)before.frontier_most,
        (unsigned long long)before.size_least, (unsigned long long)before.size_most);
    report(handle, what, NOWHERE, NULL, 0);
    return false;
}

/*
 * For a file whose changes cannot be noticed: pieces begin and end with records, while it is at
 * rest.
 */
static bool check_ends(struct handle *handle)
{
    char bytes[HEAD + 1] = "";
    uint32_t text;
    uint64_t at;
    if (!handle->view->records || handle->view->place == place_header || handle->size < HEAD)
        return true;
    char last = '\0';
    ssize_t got = read_piece(handle, bytes, HEAD, 0);
    if (got == HEAD)
        got = read_piece(handle, &last, 1, handle->size - 1);
    if (got < 0)
        return excused(handle, "a read", errno) && false;
    if (has_changed(handle->subject, handle->span.began) || handle->span.count != 1 ||
        !size_is_certain(&handle->span.candidates[0]))
        return true;
    uint64_t size = handle->span.candidates[0].size_least;
    bool good = parse_head(bytes, &text, &at);
    if (good && last != '\n')
        good = at + handle->size == size;
    if (!good)
        report(handle, "the piece does not begin or end with a record", NOWHERE, NULL, 0);
    return good;
}

/* --- tables ---------------------------------------------------------------------------------- */

static bool table_fits(const struct handle *handle, const struct candidate *candidate, char *table)
{
    uint64_t next = 0;
    uint64_t number = 0;
    char *rest;
    char *line = strtok_r(table, "\n", &rest);
    if (line == NULL || strncmp(line, "name\toffset\tlength\tdata_bytes", 29) != 0)
        return false;
    for (; (line = strtok_r(NULL, "\n", &rest)) != NULL; number++) {
        unsigned long long offset;
        unsigned long long length;
        uint64_t start;
        if (sscanf(line, "%*s %llu %llu", &offset, &length) != 2 || offset != next)
            return false;
        next = offset + length;
        if (handle->argument != 0 && length > 0 &&
            candidate_start(candidate, number * handle->argument, &start) && start != offset)
            return false;
    }
    return size_may_be(candidate, next);
}

static bool check_table(struct handle *handle)
{
    static char table[1024 * 1024];
    static char copy[sizeof(table)];
    size_t length = 0;
    ssize_t got;
    while (length + 1 < sizeof(table) &&
           (got = read_piece(handle, table + length, sizeof(table) - 1 - length, length)) > 0)
        length += (size_t)got;
    if (got < 0)
        return excused(handle, "a read", errno);
    table[length] = '\0';
    for (int i = 0; i < handle->span.count; i++) {
        memcpy(copy, table, length + 1);
        if (handle->span.candidates[i].alive &&
            table_fits(handle, &handle->span.candidates[i], copy))
            return true;
    }
    if (handle->subject->ends_only)
        return true;
    table[length < 1500 ? length : 1500] = '\0';
    char what[2000];
    (void)snprintf(what, sizeof(what), "the table is of no version:\n%.1500s\n", table);
    report(handle, what, NOWHERE, NULL, 0);
    return false;
}

/* --- handles --------------------------------------------------------------------------------- */

static void choose(struct handle *handle)
{
    struct subject *subject = &shared->subject[chance((uint64_t)shared->subjects)];
    uint64_t size = atomic_load(&newest_version(subject)->size_done);
    bool small = size < LARGE;
    char within[96];
    *handle = (struct handle){.fd = -1, .mount = (int)chance(3) == 0, .subject = subject};
    handle->view = &views[small ? 0 : between(1, VIEWS - 1)];
    handle->view->choose(handle, size, within, sizeof(within));
    (void)snprintf(handle->path, sizeof(handle->path), "%s%s", subject->path, within);
}

static bool open_handle(struct handle *handle)
{
    struct stat attributes;
    span_begin(&handle->span, handle->subject);
    handle->fd = open_piece(handle);
    handle->opened = now_ns();
    if (handle->fd < 0) {
        (void)excused(handle, "an open", errno);
        return false;
    }
    (void)atomic_fetch_add(&counts_of(handle)->opens, 1);
    busy(slot, "fstat", handle->path);
    int status = fstat(handle->fd, &attributes);
    idle(slot);
    if (!span_opened(&handle->span, handle->subject))
        return false;
    if (status != 0)
        return excused(handle, "an fstat", errno) && false;
    if (S_ISDIR(attributes.st_mode))
        return excused(handle, "an open of a directory", EISDIR) && false;
    handle->size = (uint64_t)attributes.st_size;
    return true;
}

static bool check_opened(struct handle *handle)
{
    if (handle->view->whole_text)
        return check_table(handle);
    if (handle->subject->ends_only)
        return check_ends(handle);
    return place_all(handle) && (!handle->view->records || check_last_byte(handle));
}

static bool read_through(struct handle *handle)
{
    size_t step = (size_t)1 << between(8, 17);
    uint64_t most = step < 4096 ? 600 : 60;
    uint64_t offset = chance(2) == 0 ? 0 : chance(handle->size + 1);
    for (uint64_t i = 0; i < most && offset < handle->size; i++, offset += step)
        if (!read_and_check(handle, offset, step))
            return false;
    return read_and_check(handle, handle->size, 100);
}

static bool read_here_and_there(struct handle *handle, uint64_t times)
{
    for (uint64_t i = 0; i < times; i++)
        if (!read_and_check(handle, chance(handle->size + 1), between(1, 4096)))
            return false;
    return true;
}

static void close_handle(struct handle *handle)
{
    if (handle->fd >= 0)
        (void)close(handle->fd);
    handle->fd = -1;
}

static void use_kept(struct handle *kept)
{
    if (kept->fd < 0)
        return;
    (void)atomic_fetch_add(&counts_of(kept)->kept, 1);
    bool old = now_ns() - kept->opened > (int64_t)between(0, MOST_KEPT_MS) * 1000000;
    if (!read_here_and_there(kept, 50) || old)
        close_handle(kept);
}

void read_for_ever(int of_slot)
{
    static struct handle kept[KEPT_HANDLES];
    static struct handle handle;
    slot = of_slot;
    for (int i = 0; i < KEPT_HANDLES; i++)
        kept[i].fd = -1;
    while (!atomic_load(&shared->stop)) {
        choose(&handle);
        bool good = open_handle(&handle) && check_opened(&handle) && !handle.view->whole_text &&
                    (chance(2) == 0 ? read_through(&handle) : read_here_and_there(&handle, 200));
        struct handle *place = &kept[chance(KEPT_HANDLES)];
        if (good && place->fd < 0 && !handle.subject->ends_only)
            *place = handle;
        else
            close_handle(&handle);
        use_kept(&kept[chance(KEPT_HANDLES)]);
    }
    for (int i = 0; i < KEPT_HANDLES; i++)
        close_handle(&kept[i]);
}

/* --- walkers --------------------------------------------------------------------------------- */

static bool may_miss(const char *path, int error)
{
    return strstr(path, "/grow") == NULL || strstr(path, "/extents") != NULL ||
           (error == ENOENT && strstr(path, "/growsmall") == NULL &&
            strstr(path, "/growburst") == NULL && strstr(path, "/rows") != NULL);
}

static void walk(const char *path, int depth)
{
    busy(slot, "list", path);
    DIR *directory = opendir(path);
    idle(slot);
    if (directory == NULL) {
        int error = errno;
        (void)atomic_fetch_add(&shared->errors[error < 160 ? error : 0], 1);
        if (!may_miss(path, error))
            fail("a walker: opendir %s: %s", path, strerrorname_np(error));
        return;
    }
    for (;;) {
        char below[4096];
        struct stat attributes;
        busy(slot, "list", path);
        errno = 0;
        const struct dirent *entry = readdir(directory);
        int error = errno;
        idle(slot);
        if (entry == NULL) {
            if (error != 0 && !may_miss(path, error))
                fail("a walker: readdir %s: %s", path, strerrorname_np(error));
            break;
        }
        if (entry->d_name[0] == '.' || atomic_load(&shared->stop))
            continue;
        if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below))
            continue;
        busy(slot, "stat", below);
        int status = lstat(below, &attributes);
        error = errno;
        idle(slot);
        (void)atomic_fetch_add(&shared->walked, 1);
        if (status != 0) {
            (void)atomic_fetch_add(&shared->errors[error < 160 ? error : 0], 1);
            if (!may_miss(below, error))
                fail("a walker: stat %s: %s", below, strerrorname_np(error));
        } else if (S_ISDIR(attributes.st_mode) && depth < 6) {
            walk(below, depth + 1);
        }
    }
    (void)closedir(directory);
}

void walk_for_ever(int of_slot)
{
    slot = of_slot;
    while (!atomic_load(&shared->stop)) {
        walk(mounts[chance(2)], 0);
        pause_ms(0, 500);
    }
}
