/* SPDX-License-Identifier: MIT */
#include "core/content/word_note.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/outcome.h"
#include "core/content/content.h"
#include "core/content/content_type.h"
#include "core/file/file_system_kind.h"
#include "core/generation/file_rest.h"

enum { WORDS_REMEMBERED = 8 }; /* views of so many sizes do not make each other read again */

/* The word of the first bytes of one version of the file. */
struct known_word {
    struct content_word word; /* size 0: none */
    struct version of;
};

struct word_note {
    pthread_mutex_t lock;
    atomic_bool has_settled;                   /* a word of this generation was waited for */
    struct known_word known[WORDS_REMEMBERED]; /* protected by lock */
    unsigned next;                             /* protected by lock; which is replaced next */
};

static void init_word_note(void *body)
{
    struct word_note *note = body;
    pthread_mutex_init(&note->lock, NULL);
}

static void destroy_word_note(void *body)
{
    struct word_note *note = body;
    pthread_mutex_destroy(&note->lock);
}

/* No `changed`: each word records its version. */
static const struct note_type word_note_type = {
    .name = "words",
    .size = sizeof(struct word_note),
    .init = init_word_note,
    .destroy = destroy_word_note,
};

static struct word_note *word_note_of(const struct reading *reading)
{
    return generation_note(reading->generation, &word_note_type, NULL);
}

/* --- remembering ------------------------------------------------------------------------------ */

/* The place of the word of this size, or that of the one to replace. The lock is held. */
static struct known_word *place_of_word(struct word_note *note, uint64_t size)
{
    for (unsigned i = 0; i < WORDS_REMEMBERED; i++)
        if (note->known[i].word.size == size)
            return &note->known[i];
    struct known_word *replaced = &note->known[note->next];
    note->next = (note->next + 1) % WORDS_REMEMBERED;
    return replaced;
}

static void remember_word(struct word_note *note, const struct known_word *known)
{
    HOLD_LOCK(&note->lock);
    *place_of_word(note, known->word.size) = *known;
}

/* Recalls the word of the first `size` bytes of the current version. */
static bool recall_word(struct word_note *note, const struct reading *reading, uint64_t size,
                        struct content_word *word)
{
    const struct version now = generation_version(reading->generation);

    if (generation_is_over(reading->generation))
        return false;
    HOLD_LOCK(&note->lock);
    for (unsigned i = 0; i < WORDS_REMEMBERED; i++)
        if (note->known[i].word.size == size && version_equal(&note->known[i].of, &now)) {
            *word = note->known[i].word;
            return true;
        }
    return false;
}

/* How many bytes the content has now: the file may have grown since the reading was pinned. */
static uint64_t size_now(const struct reading *reading)
{
    struct reading now = *reading;
    now.version = generation_version(reading->generation);
    return reading->source->content->size_of(&now);
}

/* --- making ----------------------------------------------------------------------------------- */

/* Whether no server answers reads of the file, as far as it can be told. */
static bool is_local(const struct reading *reading)
{
    int fd;

    if (reading_borrow(reading, &fd) != 0)
        return true;
    const bool local = file_system_has(fd, FILE_SYSTEM_LOCAL);
    reading_return(reading);
    return local;
}

/*
 * One look-up asks for the word several times, and each time all blocks would be read again until a
 * word can be remembered, 20 ms after the file was first seen. If a server answers each of these
 * reads, it is better to wait once.
 */
static void settle_once(struct word_note *note, const struct reading *reading)
{
    const struct generation_state state = generation_state(reading->generation);
    const int64_t wait = generation_unsettled_ms(&state);
    const struct timespec pause = {.tv_nsec = wait > 0 ? wait * 1000000 : 0};

    if (wait > 0 && !atomic_exchange(&note->has_settled, true) && !is_local(reading))
        (void)nanosleep(&pause, NULL);
}

static int stand_in_line(void *argument, const struct reading *reading, int fd)
{
    (void)argument;
    (void)reading;
    file_rest_stand_in_line(fd);
    return 0;
}

static int make_word(const struct reading *reading, uint64_t size, struct content_word *word)
{
    unsigned char block[CONTENT_BLOCK];
    uint64_t digests[CONTENT_WORD_BLOCKS];

    for (unsigned i = 0; i < content_word_blocks(size); i++) {
        size_t length = 0;
        uint64_t place = content_word_place(size, i, &length);
        int error = cancel_asked(reading->cancel) ? -CANCELLED
                                                  : content_probe(reading, block, length, place);
        if (error != 0)
            return error;
        digests[i] = content_word_digest(block, length);
    }
    *word = content_word_of(size, digests);
    return 0;
}

int word_find(const struct reading *reading, uint64_t size, struct content_word *word)
{
    struct word_note *note = word_note_of(reading);

    if (note == NULL)
        return -ENOMEM;
    if (recall_word(note, reading, size, word))
        return 0;
    if (size_now(reading) < size)
        return -ESTALE;
    settle_once(note, reading);
    const struct generation_state state = generation_state(reading->generation);
    struct known_word known = {.of = {state.identity, state.revision}};
    const bool settled = generation_unsettled_ms(&state) == 0;
    /* A write moves the mtime when it begins, and then may reach a sampled block much later. */
    int error = reading_work(reading, stand_in_line, NULL);
    if (error == 0)
        error = make_word(reading, size, &known.word);
    if (error != 0)
        return error;
    if (settled)
        remember_word(note, &known);
    *word = known.word;
    return 0;
}

int word_confirm(const struct reading *reading, const struct content_word *word)
{
    struct content_word now;

    if (word->size == 0)
        return 0;
    int error = word_find(reading, word->size, &now);
    return error == 0 && !content_word_equal(&now, word) ? -ESTALE : error;
}

bool word_is_confirmed(const struct reading *reading, const struct content_word *word)
{
    struct content_word now;

    if (word->size == 0)
        return true;
    struct word_note *note = word_note_of(reading);
    return note != NULL && recall_word(note, reading, word->size, &now) &&
           content_word_equal(&now, word);
}
