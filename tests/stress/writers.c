/* SPDX-License-Identifier: MIT */
/*
 * The writers: one process for each subject. Each kind of writer is a row of the table at the end.
 * No change leaves a block of the old content where it could not be told from the new one, but for
 * the kind "touched", of which only record ends are checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "stress.h"

#define KIB ((uint64_t)1024)
#define MIB ((uint64_t)1024 * 1024)

static void path_of(const struct subject *subject, char path[4096])
{
    (void)snprintf(path, 4096, "%s/%s", source, subject->path);
}

static void must(bool good, const struct subject *subject, const char *what)
{
    if (good)
        return;
    fail("the writer of %s: %s: %s", subject->path, what, strerror(errno));
    exit(1);
}

/* --- the log --------------------------------------------------------------------------------- */

/*
 * Announces a version; the ones before end with settle(). Sizes and frontiers are its first ones.
 */
static struct version *announce(struct subject *subject, struct version first)
{
    uint32_t next = atomic_load(&subject->newest) + 1;
    struct version *version = &subject->log[next % LOG];
    int64_t now = now_ns();
    version->a = first.a;
    version->b = first.b;
    version->hole = first.hole;
    version->hole_end = first.hole_end;
    version->first_frontier = first.first_frontier;
    version->first_size = first.first_size;
    version->absent = first.absent;
    version->how = first.how;
    atomic_store(&version->frontier_done, first.first_frontier);
    atomic_store(&version->frontier_most, first.first_frontier);
    atomic_store(&version->size_done, first.first_size);
    atomic_store(&version->size_most, first.first_size);
    atomic_store(&version->large_at, first.first_size >= LARGE ? now : INT64_MAX);
    atomic_store(&version->end, INT64_MAX);
    atomic_store(&version->begin, now);
    atomic_store(&subject->newest, next);
    (void)atomic_fetch_add(&shared->changes, 1);
    return version;
}

static void settle(struct subject *subject)
{
    uint32_t newest = atomic_load(&subject->newest);
    int64_t now = now_ns();
    for (uint32_t i = newest; i > 0 && newest - i < LOG - 1; i--) {
        struct version *version = &subject->log[(i - 1) % LOG];
        if (atomic_load(&version->end) != INT64_MAX)
            break;
        atomic_store(&version->end, now);
    }
}

static struct version pure(uint32_t text, uint64_t size, const char *how)
{
    return (struct version){
        .a = text, .b = text, .first_frontier = ALL_OF_IT, .first_size = size, .how = how};
}

/* --- writing --------------------------------------------------------------------------------- */

struct late_page {
    int fd;
    uint64_t page, size;
    const char *bytes;
    uint64_t ms;
};

static void *bring_page(void *argument)
{
    const struct late_page *late = argument;
    struct pollfd ready = {.fd = late->fd, .events = POLLIN};
    struct uffd_msg message;
    if (poll(&ready, 1, 5000) == 1 && read(late->fd, &message, sizeof(message)) > 0)
        pause_ms(late->ms, late->ms);
    struct uffdio_copy copy = {
        .dst = late->page, .src = (uint64_t)(uintptr_t)late->bytes, .len = late->size};
    (void)ioctl(late->fd, UFFDIO_COPY, &copy);
    return NULL;
}

/* One write(2) that stops in its middle, because the next page is not there yet. */
static bool write_haltingly(int fd, const char *bytes, size_t length, uint64_t offset)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t half = length / 2 / page * page;
    size_t rest = (length - half + page - 1) / page * page;
    int late = half > 0 ? (int)syscall(SYS_userfaultfd, O_CLOEXEC) : -1;
    struct uffdio_api api = {.api = UFFD_API};
    char *area =
        late >= 0 && ioctl(late, UFFDIO_API, &api) == 0
            ? mmap(NULL, half + rest, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            : MAP_FAILED;
    char *second = area != MAP_FAILED ? calloc(1, rest) : NULL;
    struct uffdio_register range = {.range = {(uint64_t)(uintptr_t)area + half, rest},
                                    .mode = UFFDIO_REGISTER_MODE_MISSING};
    struct late_page missing = {.fd = late,
                                .page = range.range.start,
                                .size = rest,
                                .bytes = second,
                                .ms = between(10, 200)};
    pthread_t bringer;
    ssize_t put = -1;
    if (second != NULL) {
        memcpy(area, bytes, half);
        memcpy(second, bytes + half, length - half);
    }
    if (second != NULL && ioctl(late, UFFDIO_REGISTER, &range) == 0 &&
        pthread_create(&bringer, NULL, bring_page, &missing) == 0) {
        put = pwrite(fd, area, length, (off_t)offset);
        (void)pthread_join(bringer, NULL);
    }
    free(second);
    if (area != MAP_FAILED)
        (void)munmap(area, half + rest);
    if (late >= 0)
        (void)close(late);
    if (put < 0)
        put = 0; /* no userfaultfd here: an ordinary write */
    size_t left = length - (size_t)put;
    return left == 0 || pwrite(fd, bytes + put, left, (off_t)offset + put) == (ssize_t)left;
}

static int open_for_writing(const struct subject *subject, int flags)
{
    char path[4096];
    path_of(subject, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    must(fd >= 0, subject, "open");
    return fd;
}

/* Appends to the newest version by one write. */
static void append(struct subject *subject, int fd, uint64_t length, bool haltingly)
{
    struct version *version = newest_version(subject);
    uint64_t size = atomic_load(&version->size_done);
    char *bytes = malloc(length);
    must(bytes != NULL, subject, "malloc");
    version_fill(version, atomic_load(&version->frontier_done), size, length, bytes);
    atomic_store(&version->size_most, size + length);
    must(haltingly ? write_haltingly(fd, bytes, length, size)
                   : pwrite(fd, bytes, length, (off_t)size) == (ssize_t)length,
         subject, "append");
    free(bytes);
    atomic_store(&version->size_done, size + length);
    if (size < LARGE && size + length >= LARGE)
        atomic_store(&version->large_at, now_ns());
}

/* Up to a size, in parts that end anywhere. */
static void append_up_to(struct subject *subject, int fd, uint64_t size, uint64_t most_pause)
{
    for (uint64_t now; (now = atomic_load(&newest_version(subject)->size_done)) < size;) {
        uint64_t part = between(1, chance(3) == 0 ? 300 * KIB : 24 * KIB);
        append(subject, fd, part < size - now ? part : size - now, false);
        if (chance(3) == 0)
            pause_ms(0, most_pause);
    }
}

/* A new text over the old one, from the start to the end, in parts. */
static void overwrite(struct subject *subject, uint64_t most_pause)
{
    struct version *old = newest_version(subject);
    uint64_t size = atomic_load(&old->size_done);
    struct version *version =
        announce(subject, (struct version){.a = new_text(),
                                           .b = version_is_pure(old) ? old->a : old->b,
                                           .hole = old->hole,
                                           .hole_end = old->hole_end,
                                           .first_size = size,
                                           .how = "overwritten"});
    int fd = open_for_writing(subject, 0);
    char *bytes = malloc(64 * KIB);
    must(bytes != NULL, subject, "malloc");
    for (uint64_t at = 0; at < size;) {
        uint64_t part = between(1, 64 * KIB);
        part = part < size - at ? part : size - at;
        text_fill(version->a, at, part, bytes);
        atomic_store(&version->frontier_most, at + part);
        must(pwrite(fd, bytes, part, (off_t)at) == (ssize_t)part, subject, "overwrite");
        at += part;
        atomic_store(&version->frontier_done, at);
        settle(subject);
        if (chance(8) == 0)
            pause_ms(0, chance(20) == 0 ? 400 : most_pause);
    }
    free(bytes);
    (void)close(fd);
    (void)announce(subject, pure(version->a, size, "overwritten to the end"));
    settle(subject);
}

/* Like open("w"): nothing, then a new text that grows. */
static void begin_anew(struct subject *subject, uint64_t size, uint64_t most_pause)
{
    (void)announce(subject, pure(new_text(), 0, "emptied and written anew"));
    int fd = open_for_writing(subject, O_TRUNC);
    settle(subject);
    append_up_to(subject, fd, size, most_pause);
    (void)close(fd);
}

/* Cut, and continued with another text. */
static void cut(struct subject *subject, uint64_t most_pause)
{
    struct version *old = newest_version(subject);
    uint64_t size = atomic_load(&old->size_done);
    /* The last whole 4 KiB change, too, if it grows beyond what it was. */
    uint64_t at = size > 16 * KIB ? between(0, size - 12 * KIB) : chance(size + 1);
    if (size <= 16 * KIB && at + 4 * KIB > size)
        at = 0;
    (void)announce(
        subject,
        (struct version){
            .a = old->a, .b = new_text(), .first_frontier = at, .first_size = at, .how = "cut"});
    int fd = open_for_writing(subject, 0);
    must(ftruncate(fd, (off_t)at) == 0, subject, "ftruncate");
    settle(subject);
    pause_ms(0, most_pause);
    append_up_to(subject, fd, between(at, size + size / 4 + 1), most_pause);
    (void)close(fd);
}

static void put_new_file(struct subject *subject, const char *path, uint32_t text, uint64_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0644);
    must(fd >= 0, subject, "create");
    char *bytes = malloc(size + 1);
    must(bytes != NULL, subject, "malloc");
    text_fill(text, 0, size, bytes);
    must(write(fd, bytes, size) == (ssize_t)size, subject, "write");
    free(bytes);
    (void)close(fd);
}

static void replace(struct subject *subject, uint64_t size)
{
    char path[4096];
    char beside[4200];
    path_of(subject, path);
    (void)snprintf(beside, sizeof(beside), "%s.new", path);
    uint32_t text = new_text();
    put_new_file(subject, beside, text, size);
    pause_ms(0, 30);
    (void)announce(subject, pure(text, size, "replaced"));
    must(rename(beside, path) == 0, subject, "rename");
    settle(subject);
}

static void recreate(struct subject *subject, uint64_t size, uint64_t most_pause)
{
    char path[4096];
    path_of(subject, path);
    (void)announce(subject, (struct version){.absent = true, .how = "removed"});
    must(unlink(path) == 0, subject, "unlink");
    settle(subject);
    if (chance(2) == 0)
        pause_ms(0, 300);
    (void)announce(subject, pure(new_text(), 0, "created again"));
    int fd = open_for_writing(subject, O_CREAT | O_EXCL);
    settle(subject);
    append_up_to(subject, fd, size, most_pause);
    (void)close(fd);
}

static void punch(struct subject *subject)
{
    struct version *old = newest_version(subject);
    uint64_t size = atomic_load(&old->size_done);
    uint64_t from = between(0, size - 64 * KIB) / (4 * KIB) * (4 * KIB);
    uint64_t length = between(1, 16) * 4 * KIB;
    (void)announce(subject, (struct version){.a = old->a,
                                             .b = old->a,
                                             .hole = from,
                                             .hole_end = from + length,
                                             .first_size = size,
                                             .how = "punched"});
    int fd = open_for_writing(subject, 0);
    must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)length) == 0,
         subject, "punch");
    (void)close(fd);
    settle(subject);
}

/* --- kinds of writers ------------------------------------------------------------------------ */

static void write_growing(struct subject *subject)
{
    int fd = open_for_writing(subject, 0);
    uint64_t size = atomic_load(&newest_version(subject)->size_done);
    for (uint64_t i = between(1, 20); i > 0; i--) {
        uint64_t length = chance(20) == 0 ? between(20 * KIB, 200 * KIB) : between(1, 6 * KIB);
        bool haltingly = chance(10) == 0;
        append(subject, fd, haltingly ? length + 12 * KIB : length, haltingly);
        pause_ms(1, size > 16 * MIB ? 500 : chance(4) == 0 ? 150 : 20);
    }
    (void)close(fd);
    pause_ms(0, 300);
}

static void write_growing_small(struct subject *subject)
{
    int fd = open_for_writing(subject, 0);
    if (atomic_load(&newest_version(subject)->size_done) < LARGE - KIB)
        append(subject, fd, between(1, 200), false);
    (void)close(fd);
    pause_ms(1, chance(4) == 0 ? 300 : 60);
}

/* Many small appends without a pause. */
static void write_growing_in_bursts(struct subject *subject)
{
    int fd = open_for_writing(subject, 0);
    for (uint64_t i = between(1, 200); i > 0; i--)
        if (atomic_load(&newest_version(subject)->size_done) < LARGE - KIB)
            append(subject, fd, between(1, 8), false);
    (void)close(fd);
    pause_ms(1, 300);
}

/* Each of the few files of an overlay is copied up once, so they wait for their turn. */
static void write_copied_up(struct subject *subject)
{
    struct version *version = newest_version(subject);
    if (atomic_load(&version->size_done) == version->first_size)
        pause_ms(0, 15000);
    write_growing(subject);
}

static void write_in_place(struct subject *subject)
{
    overwrite(subject, 40);
    pause_ms(50, 1200);
}

static void write_longer(struct subject *subject)
{
    uint64_t size = atomic_load(&newest_version(subject)->size_done);
    if (size > 3 * MIB) {
        begin_anew(subject, between(100 * KIB, MIB), 40);
    } else {
        overwrite(subject, chance(2) == 0 ? 0 : 20);
        int fd = open_for_writing(subject, 0);
        append_up_to(subject, fd, size + between(1, 300 * KIB), 20);
        (void)close(fd);
    }
    pause_ms(50, 1000);
}

static void write_cut(struct subject *subject)
{
    cut(subject, 100);
    pause_ms(50, 800);
    begin_anew(subject, between(100 * KIB, 2 * MIB), 20);
    pause_ms(50, 800);
}

static void write_replaced(struct subject *subject)
{
    replace(subject, chance(4) == 0 ? between(1, LARGE) : between(LARGE, 2 * MIB));
    pause_ms(10, 800);
}

static void write_punched(struct subject *subject)
{
    punch(subject);
    pause_ms(100, 1000);
    if (chance(2) == 0)
        replace(subject, between(300 * KIB, 2 * MIB));
    else
        overwrite(subject, 20);
    pause_ms(100, 1000);
}

static void write_created_again(struct subject *subject)
{
    recreate(subject, chance(3) == 0 ? between(1, LARGE) : between(LARGE, MIB), 60);
    pause_ms(50, 1000);
}

static void write_small(struct subject *subject)
{
    uint64_t size = between(1, 40 * KIB);
    switch (chance(6)) {
    case 0:
        overwrite(subject, 10);
        break;
    case 1:
        cut(subject, 20);
        begin_anew(subject, size, 5);
        break;
    case 2:
        recreate(subject, size, 10);
        break;
    case 3:
        begin_anew(subject, size, 10);
        break;
    default:
        replace(subject, size);
    }
    pause_ms(1, 400);
}

/* Whole groups in the middle, and then some bytes more: no sampled block need have changed. */
static void write_touched(struct subject *subject)
{
    struct version *version = newest_version(subject);
    uint64_t size = atomic_load(&version->size_done);
    if (size > 4 * MIB) {
        begin_anew(subject, 2 * MIB, 10);
        pause_ms(300, 600);
        return;
    }
    uint64_t group = between(1, size / GROUP - 3);
    char bytes[2 * GROUP];
    text_fill(new_text(), group * GROUP, sizeof(bytes), bytes);
    int fd = open_for_writing(subject, 0);
    (void)announce(subject, pure(version->a, size, "touched"));
    must(pwrite(fd, bytes, sizeof(bytes), (off_t)(group * GROUP)) == (ssize_t)sizeof(bytes),
         subject, "touch");
    append(subject, fd, between(1, 20 * KIB), false);
    settle(subject);
    (void)announce(subject, pure(version->a, atomic_load(&newest_version(subject)->size_done),
                                 "touched and grown"));
    settle(subject);
    (void)close(fd);
    pause_ms(100, 900);
}

static const struct writer {
    const char *kind;
    void (*write)(struct subject *subject);
    uint64_t first_size; /* 0: of a size between 200 KiB and 2 MiB */
    bool only_grows, ends_only;
} writers[] = {
    {"grow", write_growing, 700 * 1024, true, false},
    {"growsmall", write_growing_small, 3000, true, false},
    {"growburst", write_growing_in_bursts, 10, true, false},
    {"growlarge", write_growing, 24 * 1024 * 1024, true, false},
    {"growcopied", write_copied_up, 300 * 1024, true, false},
    {"inplace", write_in_place, 0, false, false},
    {"longer", write_longer, 0, false, false},
    {"cut", write_cut, 0, false, false},
    {"replaced", write_replaced, 0, false, false},
    {"punched", write_punched, 700 * 1024, false, false},
    {"recreated", write_created_again, 0, false, false},
    {"small", write_small, 5000, false, false},
    {"touched", write_touched, 2 * 1024 * 1024, false, true},
};

static void make_first(struct subject *subject, const struct writer *writer)
{
    char path[4096];
    path_of(subject, path);
    uint64_t size = writer->first_size != 0 ? writer->first_size : between(200 * KIB, 2 * MIB);
    uint32_t text = new_text();
    put_new_file(subject, path, text, size);
    (void)announce(subject, pure(text, size, "made"));
    settle(subject);
}

static const struct writer *writer_of(const char *kind)
{
    for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++)
        if (strcmp(writers[i].kind, kind) == 0)
            return &writers[i];
    abort();
}

static void make_one(const char *file_system, const struct writer *writer, const char *suffix)
{
    if (shared->subjects == MOST_SUBJECTS)
        abort();
    struct subject *subject = &shared->subject[shared->subjects];
    (void)snprintf(subject->path, sizeof(subject->path), "%s/%s%s.log", file_system, writer->kind,
                   suffix);
    subject->kind = writer->kind;
    subject->only_grows = writer->only_grows;
    subject->ends_only = writer->ends_only;
    char path[4096];
    path_of(subject, path);
    shared->subjects++;
    make_first(subject, writer);
}

/* In the overlay's lower directory, before it is mounted, files are made by the same names. */
void make_subjects(const char *file_system)
{
    bool overlay = strncmp(file_system, "overlay", 7) == 0;
    for (size_t i = 0; i < sizeof(writers) / sizeof(*writers); i++) {
        if (strcmp(writers[i].kind, "growcopied") != 0)
            make_one(file_system, &writers[i], "");
        for (char number[2] = "0";
             overlay && strcmp(writers[i].kind, "growcopied") == 0 && number[0] < '8'; number[0]++)
            make_one(file_system, &writers[i], number);
    }
}

void write_for_ever(struct subject *subject)
{
    const struct writer *writer = writer_of(subject->kind);
    while (!atomic_load(&shared->stop))
        writer->write(subject);
}
