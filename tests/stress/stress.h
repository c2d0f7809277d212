/* SPDX-License-Identifier: MIT */
/*
 * The stress test: writers change files, readers read them through mounts of bigfs, and every byte
 * is checked. test_stress.py makes the file systems and the mounts and runs this program.
 *
 * A *subject* is a file that one process writes. Its *log*, in memory that all processes share,
 * says what it held when: a row of *versions*. A version is announced before the first system call
 * that makes it, and the one before has ended when that call has returned, so the versions that a
 * reader must take into account are those whose time overlaps its own.
 */
#ifndef BIGFS_STRESS_H
#define BIGFS_STRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    GROUP = 10007,      /* bytes that hold ROWS records exactly, in every text */
    ROWS = 50,          /* records in a group */
    HEAD = 16,          /* each record begins "TTTTT OOOOOOOOO ": its text and offset, in hex */
    LEAST_RECORD = 17,  /* a head and an LF */
    LARGE = 64 * 1024,  /* the mounts' --min-size */
    CHUNK = 256 * 1024, /* the mounts' --chunk-size */
    LOG = 1024,         /* versions that a log remembers */
    MOST_SUBJECTS = 256,
    MOST_PROCESSES = 512,
    MOST_VIEWS = 32,
};

#define ALL_OF_IT ((uint64_t)1 << 62) /* a frontier beyond every size */

/*
 * What a file holds: `size` bytes, those before `frontier` of text a, those after it of text b, and
 * zeros in [hole, hole_end). A moving frontier is a rewrite in progress, a moving size an append;
 * `done` is certainly written, `most` may be.
 */
struct version {
    uint32_t a, b;
    uint64_t hole, hole_end;
    uint64_t first_frontier, first_size; /* when it began */
    _Atomic uint64_t frontier_done, frontier_most;
    _Atomic uint64_t size_done, size_most;
    _Atomic int64_t begin, end; /* ns; INT64_MAX: it is so now */
    _Atomic int64_t large_at;   /* ns when it had reached LARGE; INT64_MAX: not yet */
    bool absent;
    const char *how; /* the change that made it */
};

struct subject {
    char path[64]; /* below the mounts */
    const char *kind;
    bool only_grows; /* its readers never fail */
    bool ends_only;  /* its changes are too small to be seen: only record ends are checked */
    _Atomic uint32_t newest;
    struct version log[LOG];
};

struct view_counts {
    const char *name;
    _Atomic uint64_t opens, reads, bytes, kept, refused;
};

struct shared {
    _Atomic bool stop;
    _Atomic uint32_t failures, texts;
    _Atomic uint64_t walked, changes, unchecked;
    _Atomic uint64_t errors[160];               /* by errno */
    _Atomic int64_t busy_since[MOST_PROCESSES]; /* ns; 0: in no system call on a mount */
    char busy_with[MOST_PROCESSES][160];
    struct view_counts views[MOST_VIEWS];
    int subjects;
    struct subject subject[MOST_SUBJECTS];
};

extern struct shared *shared;
extern const char *source, *mounts[2]; /* mounts[0] with the kernel's cache, mounts[1] without */
extern uint64_t program_seed;

/* --- chance: a generator for each process --- */
void seed_chance(uint64_t seed);
uint64_t chance(uint64_t below);
uint64_t between(uint64_t least, uint64_t most);

int64_t now_ns(void);
void pause_ms(uint64_t least, uint64_t most);

/* Prints what went wrong, with the seed; the run fails. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* --- texts and versions --- */

/* The bytes [offset, offset + length) of a text. */
void text_fill(uint32_t text, uint64_t offset, size_t length, char *out);

/* How many records of a text begin before this offset; where record `row` (from 0) begins. */
uint64_t text_rows(uint32_t text, uint64_t size);
uint64_t text_row_start(uint32_t text, uint64_t row);

/* The bytes of a version with its frontier at this place. */
void version_fill(const struct version *version, uint64_t frontier, uint64_t offset, size_t length,
                  char *out);

/* Whether it is one text throughout, without a hole. */
bool version_is_pure(const struct version *version);

/* Reads a record's head; false: there is none. */
bool parse_head(const char *bytes, uint32_t *text, uint64_t *offset);

/* A text that no version has had. */
uint32_t new_text(void);

struct version *newest_version(struct subject *subject);

/* --- processes --- */
struct subject *add_subject(const char *file_system, const char *kind);
void make_subjects(const char *file_system);
void write_for_ever(struct subject *subject);
void read_for_ever(int slot);
void walk_for_ever(int slot);
void busy(int slot, const char *what, const char *path);
void idle(int slot);

#endif
