/* SPDX-License-Identifier: MIT */
#include "core/content/reading.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"
#include "core/content/content_type.h"
#include "core/file/file_system_kind.h"
#include "core/generation/generation_capture.h"
#include "core/generation/generation_check.h"

/*
 * How long a path is assumed to lead to the open file, in ms: as long as the kernel caches names.
 */
enum { PATH_BELIEVED = 1000 };

/* How often to retry pinning a file that is rewritten meanwhile. */
enum { PIN_ATTEMPTS = 4 };

/* --- opening and closing ---------------------------------------------------------------------- */

static void bring_up_to_date(struct reading *reading)
{
    const struct content_type *content = reading->source->content;

    reading->version = generation_version(reading->generation);
    reading->covered =
        content->covered != NULL ? content->covered(reading) : reading->version.file.size;
    reading->size = content->size_of(reading);
}

/* Takes over a reference of the generation. */
static void start_reading(struct source *source, struct generation *generation,
                          const struct cancel *cancel, struct reading *reading)
{
    *reading = (struct reading){
        .source = source_ref(source),
        .generation = generation,
        .cancel = cancel,
    };
    bring_up_to_date(reading);
}

void reading_of(struct source *source, struct generation *generation, const struct cancel *cancel,
                struct reading *reading)
{
    start_reading(source, generation_ref(generation), cancel, reading);
}

static void unpin_generation(struct source *source, struct generation *generation)
{
    if (open_files_unpin(&source->pool->files, generation_file(generation)))
        window_pool_forget(&source->pool->windows, generation_number(generation));
}

void reading_close(struct reading *reading)
{
    if (reading->source == NULL)
        return;
    if (reading->pinned)
        unpin_generation(reading->source, reading->generation);
    generation_unref(reading->generation);
    source_unref(reading->source);
    *reading = (struct reading){.source = NULL};
}

struct reading reading_for(const struct reading *reading, const struct cancel *cancel)
{
    struct reading copy = *reading;
    copy.cancel = cancel;
    return copy;
}

static int check_ready(const struct reading *reading)
{
    const struct content_type *content = reading->source->content;
    return content->is_ready != NULL ? content->is_ready(reading) : 0;
}

int reading_pin(struct reading *reading)
{
    struct source_pool *pool = reading->source->pool;
    int fd = -1;

    open_files_pin(&pool->files, generation_file(reading->generation));
    int error = reading_borrow(reading, &fd);
    if (error == 0) {
        error = generation_capture(reading->generation, fd);
        if (error == 0 && reading->source->content->prepare != NULL)
            reading->source->content->prepare(reading, fd);
        reading_return(reading);
    }
    if (error == 0)
        error = check_ready(reading);
    if (error != 0) {
        unpin_generation(reading->source, reading->generation);
        source_report_end(reading->source, reading->generation);
        return error;
    }
    reading->pinned = true;
    bring_up_to_date(reading);
    return 0;
}

int reading_open(struct source *source, const struct cancel *cancel, struct reading *reading,
                 struct stat *attributes)
{
    int error = -ESTALE;

    for (int i = 0; i < PIN_ATTEMPTS && error == -ESTALE; i++) {
        error = reading_find(source, cancel, reading, attributes);
        if (error != 0)
            return error;
        error = reading_pin(reading);
        if (error != 0)
            reading_close(reading);
    }
    return error;
}

/* --- the descriptor --------------------------------------------------------------------------- */

/* Whether an opened file is the one of the generation. */
static bool is_file_of(struct generation *generation, int fd, const struct stat *attributes,
                       const struct file_identity *now)
{
    const struct file_identity known = generation_identity(generation);
    return S_ISREG(attributes->st_mode) && file_identity_same_file(&known, now) &&
           (file_identity_same_birth(&known, now) || file_system_has(fd, FILE_SYSTEM_COPIES_UP));
}

/* Opens the file of a generation. -ESTALE if the path leads to another file or to none. */
static int open_generation(void *argument)
{
    const struct reading *reading = argument;
    struct stat attributes;
    struct file_identity now;
    AUTO_CLOSE int fd = beneath_open(&reading->source->pool->beneath, reading->source->path,
                                     O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);

    if (fd == -ENOENT || fd == -ENOTDIR || fd == -ELOOP || fd == -ENXIO)
        return -ESTALE;
    int error = fd < 0 ? fd : file_look(fd, &attributes, &now);
    if (error != 0)
        return error;
    if (!is_file_of(reading->generation, fd, &attributes, &now)) {
        (void)generation_end(reading->generation, END_REPLACED, &now);
        source_report_end(reading->source, reading->generation);
        return -ESTALE;
    }
    generation_see_path(reading->generation, clock_ms());
    return steal_fd(&fd);
}

int reading_borrow(const struct reading *reading, int *fd)
{
    struct reading opener = *reading;

    if (generation_is_over(reading->generation))
        return -ESTALE;
    return open_files_get(&reading->source->pool->files, generation_file(reading->generation),
                          open_generation, &opener, fd);
}

bool reading_borrow_open(const struct reading *reading, int *fd)
{
    return open_files_get_open(&reading->source->pool->files, generation_file(reading->generation),
                               fd);
}

void reading_return(const struct reading *reading)
{
    open_files_put(&reading->source->pool->files, generation_file(reading->generation));
}

/*
 * Checks whether the path now leads to another file. If it leads to none, the file was removed; as
 * usual, it stays readable while it is open.
 */
static int check_path(const struct reading *reading)
{
    const struct file_identity known = generation_identity(reading->generation);
    struct stat attributes;
    struct file_identity now;
    int error = beneath_stat(&reading->source->pool->beneath, reading->source->path, &attributes);

    if (error != 0)
        return 0;
    file_identity_of(&attributes, &now);
    if (!file_identity_same_file(&now, &known))
        return generation_end(reading->generation, END_REPLACED, &now);
    generation_see_path(reading->generation, clock_ms());
    return 0;
}

int reading_check(const struct reading *reading, int fd)
{
    bool changed = false;
    int error = generation_check(reading->generation, fd, &changed);

    if (error == 0 &&
        (changed || clock_ms() - generation_path_seen(reading->generation) >= PATH_BELIEVED))
        error = check_path(reading);
    if (error == -ESTALE)
        source_report_end(reading->source, reading->generation);
    return error;
}

int reading_work(const struct reading *reading,
                 int (*work)(void *argument, const struct reading *reading, int fd), void *argument)
{
    int fd = -1;
    int error = reading_borrow(reading, &fd);

    if (error != 0)
        return error;
    error = work(argument, reading, fd);
    int check = reading_check(reading, fd);
    reading_return(reading);
    return check != 0 ? check : error;
}

static int do_nothing(void *argument, const struct reading *reading, int fd)
{
    (void)argument;
    (void)reading;
    (void)fd;
    return 0;
}

int reading_confirm(const struct reading *reading)
{
    return reading_work(reading, do_nothing, NULL);
}

bool reading_is_unchanged(const struct reading *reading, int fd, const struct file_identity *then)
{
    return generation_is_still(reading->generation, fd, then) &&
           clock_ms() - generation_path_seen(reading->generation) < PATH_BELIEVED;
}

bool reading_is_still(const struct reading *reading, const struct file_identity *then)
{
    int fd = -1;

    if (!reading_borrow_open(reading, &fd))
        return false;
    bool still = reading_is_unchanged(reading, fd, then);
    reading_return(reading);
    return still;
}

void reading_take_sample(const struct reading *reading, bool while_open)
{
    int fd = -1;

    if (while_open &&
        !open_files_is_pinned(&reading->source->pool->files, generation_file(reading->generation)))
        return;
    if (reading_borrow(reading, &fd) != 0)
        return;
    generation_take_sample(reading->generation, fd);
    reading_return(reading);
}

/* --- looking at the path ---------------------------------------------------------------------- */

static int look_at_source_path(const struct source *source, struct stat *attributes)
{
    int error = beneath_stat(&source->pool->beneath, source->path, attributes);
    if (error == 0 && !S_ISREG(attributes->st_mode))
        return -ESTALE;
    return error;
}

/*
 * Checks whether the other file found at the path is a copy-up of the known one: then the
 * descriptor refers to it by now. Returns 0 or -ESTALE; other errors mean that this could not be
 * found out.
 */
static int check_copied_up(const struct reading *known, const struct file_identity *seen)
{
    int fd = -1;

    if (!reading_borrow_open(known, &fd))
        return -ESTALE;
    int error = reading_check(known, fd);
    reading_return(known);
    const struct file_identity now = generation_identity(known->generation);
    return error == 0 && !file_identity_same_file(&now, seen) ? -ESTALE : error;
}

/*
 * Checks whether the generation is, or can grow into, what was found at the path. Returns 0 or
 * -ESTALE; other errors mean that this could not be found out.
 */
static int check_against(const struct reading *known, const struct file_identity *seen)
{
    const struct file_identity was = generation_identity(known->generation);

    if (generation_is_over(known->generation))
        return -ESTALE;
    if (generation_is_as(known->generation, seen))
        return 0;
    if (!file_identity_same_file(&was, seen))
        return check_copied_up(known, seen);
    int error = reading_confirm(known);
    /* Without the right to read the file this cannot be found out, and need not be. */
    return error == -EACCES || error == -EPERM ? -ESTALE : error;
}

/*
 * Replaces `old` by a generation of what was found. NULL: no memory, or another thread was first
 * (*again).
 */
static struct generation *renew(struct source *source, struct generation *old,
                                const struct file_identity *seen, bool *again)
{
    /* If it was not captured, how it ended is not known. */
    bool succeeds = old != NULL && (generation_captured(old) || generation_succeeds(old));
    struct generation *fresh = generation_new(seen, succeeds);

    *again = fresh != NULL && !source_replace(source, old, fresh);
    if (!*again)
        return fresh;
    generation_unref(fresh);
    return NULL;
}

/*
 * Looks once. The caller gets a reference to the generation. *again: another thread was first.
 */
static int look_once(struct source *source, struct stat *attributes, struct generation **generation,
                     bool *again)
{
    AUTO_READING struct reading known = {.source = NULL};
    struct file_identity seen;

    *again = false;
    int error = look_at_source_path(source, attributes);
    if (error != 0)
        return error;
    file_identity_of(attributes, &seen);
    struct generation *current = source_current(source);
    error = -ESTALE;
    if (current != NULL) {
        start_reading(source, current, NULL, &known);
        error = check_against(&known, &seen);
    }
    if (error == 0)
        *generation = generation_ref(current);
    if (error != -ESTALE)
        return error;
    *generation = renew(source, current, &seen, again);
    return *generation != NULL ? 0 : -ENOMEM;
}

int reading_find(struct source *source, const struct cancel *cancel, struct reading *reading,
                 struct stat *attributes)
{
    struct generation *generation = NULL;
    struct stat unwanted;
    bool again = false;
    int error;

    *reading = (struct reading){.source = NULL};
    do
        error = look_once(source, attributes != NULL ? attributes : &unwanted, &generation, &again);
    while (again);
    if (error == 0)
        start_reading(source, generation, cancel, reading);
    return error;
}

int reading_look(struct source *source, const struct cancel *cancel, struct reading *reading,
                 struct stat *attributes)
{
    int error = reading_find(source, cancel, reading, attributes);
    if (error != 0)
        return error;
    error = check_ready(reading);
    if (error != 0)
        reading_close(reading);
    return error;
}
