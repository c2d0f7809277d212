/* SPDX-License-Identifier: MIT */
#include "fs/tree/troubles.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"

void troubles_init(struct troubles *troubles)
{
    memset(troubles, 0, sizeof(*troubles));
    pthread_mutex_init(&troubles->lock, NULL);
}

static void forget_trouble(struct trouble *trouble)
{
    free(trouble->path);
    free(trouble->text);
    *trouble = (struct trouble){.kind = NULL};
}

void troubles_destroy(struct troubles *troubles)
{
    for (size_t i = 0; i < TROUBLES_REMEMBERED; i++)
        forget_trouble(&troubles->last[i]);
    pthread_mutex_destroy(&troubles->lock);
}

/* Whether it is that of its kind and path. */
static bool is_trouble(const struct trouble *trouble, const char *kind, const char *path)
{
    return trouble->kind != NULL && strcmp(trouble->kind, kind) == 0 &&
           strcmp(trouble->path, path) == 0;
}

/* Where a trouble goes. The lock is held. */
static struct trouble *place_of_trouble(struct troubles *troubles, const char *kind,
                                        const char *path)
{
    for (size_t i = 0; i < TROUBLES_REMEMBERED; i++) {
        struct trouble *trouble = &troubles->last[i];
        if (is_trouble(trouble, kind, path))
            return trouble;
    }
    return &troubles->last[troubles->next++ % TROUBLES_REMEMBERED];
}

void troubles_add(struct troubles *troubles, const char *kind, const char *path, const char *text)
{
    struct trouble fresh = {kind, strdup(path), strdup(text), time(NULL), 1};

    if (fresh.path == NULL || fresh.text == NULL) {
        forget_trouble(&fresh);
        return;
    }
    HOLD_LOCK(&troubles->lock);
    struct trouble *place = place_of_trouble(troubles, kind, path);
    if (is_trouble(place, kind, path))
        fresh.times = place->times + 1;
    forget_trouble(place);
    *place = fresh;
}

void troubles_forget(struct troubles *troubles, const char *path, const char *but)
{
    HOLD_LOCK(&troubles->lock);
    for (size_t i = 0; i < TROUBLES_REMEMBERED; i++) {
        struct trouble *trouble = &troubles->last[i];
        if (trouble->kind != NULL && strcmp(trouble->path, path) == 0 &&
            (but == NULL || strcmp(trouble->kind, but) != 0))
            forget_trouble(trouble);
    }
}

void troubles_tell(struct troubles *troubles,
                   void (*tell)(void *argument, const struct trouble *trouble), void *argument)
{
    HOLD_LOCK(&troubles->lock);
    for (size_t i = 0; i < TROUBLES_REMEMBERED; i++) {
        const struct trouble *trouble = &troubles->last[(troubles->next + i) % TROUBLES_REMEMBERED];
        if (trouble->kind != NULL)
            tell(argument, trouble);
    }
}
