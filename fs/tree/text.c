/* SPDX-License-Identifier: MIT */
#include "fs/tree/text.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/checked.h"
#include "core/base/cleanup.h"
#include "core/base/clock.h"
#include "core/base/outcome.h"

struct text *text_new(void)
{
    struct text *text = calloc(1, sizeof(*text));
    if (text == NULL)
        return NULL;
    pthread_mutex_init(&text->lock, NULL);
    pthread_cond_init(&text->changed, NULL);
    text_map_init(&text->map);
    return text;
}

void text_free(struct text *text)
{
    if (text == NULL)
        return;
    text_map_destroy(&text->map);
    generation_unref(text->subject.generation);
    record_index_unref(text->subject.index);
    free(text->bytes);
    pthread_cond_destroy(&text->changed);
    pthread_mutex_destroy(&text->lock);
    free(text);
}

/*
 * Waits until the state may have changed, or for a moment, as nothing signals that the reader is
 * gone. The lock is held.
 */
static void wait_for_text(struct text *text)
{
    enum { MOMENT_MS = 20 };
    const struct timespec until = clock_in_ms(MOMENT_MS);
    (void)pthread_cond_clockwait(&text->changed, &text->lock, CLOCK_MONOTONIC, &until);
}

int text_begin(struct text *text, const struct cancel *cancel, bool *make)
{
    HOLD_LOCK(&text->lock);

    while (text->state == TEXT_MAKING && !text->over) {
        if (cancel_asked(cancel))
            return -CANCELLED;
        wait_for_text(text);
    }
    if (text->over)
        return -ESTALE;
    *make = text->state == TEXT_UNMADE;
    if (*make)
        text->state = TEXT_MAKING;
    return 0;
}

int text_set_length(struct text *text, uint64_t length)
{
    HOLD_LOCK(&text->lock);
    if (length < text->told)
        return -ESTALE;
    text->length = length;
    return 0;
}

void text_made(struct text *text)
{
    HOLD_LOCK(&text->lock);
    text->state = TEXT_MADE;
    pthread_cond_broadcast(&text->changed);
}

void text_failed(struct text *text)
{
    text_map_destroy(&text->map);
    text_map_init(&text->map);
    generation_unref(text->subject.generation);
    record_index_unref(text->subject.index);
    text->subject = (struct text_subject){0};
    HOLD_LOCK(&text->lock);
    text->state = TEXT_UNMADE;
    pthread_cond_broadcast(&text->changed);
}

void text_end(struct text *text)
{
    HOLD_LOCK(&text->lock);
    text->over = true;
    pthread_cond_broadcast(&text->changed);
}

uint64_t text_tell(struct text *text, uint64_t expected)
{
    HOLD_LOCK(&text->lock);
    if (text->length > 0)
        return text->length;
    text->told = max_u64(text->told, expected);
    return expected;
}

bool text_is_current(struct text *text, const struct file_identity *now)
{
    HOLD_LOCK(&text->lock);
    if (text->over)
        return false;
    return text->state != TEXT_MADE || file_identity_equal(&text->subject.version.file, now);
}

const struct text_subject *text_subject_of(struct text *text)
{
    HOLD_LOCK(&text->lock);
    return text->state == TEXT_MADE ? &text->subject : NULL;
}

int text_seek(struct text *text, enum extent_kind kind, uint64_t offset, uint64_t *found)
{
    uint64_t length = text_tell(text, 0);
    if (offset >= length)
        return -NO_MORE_DATA;
    *found = kind == EXTENT_DATA ? offset : length;
    return 0;
}
