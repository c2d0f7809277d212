/* SPDX-License-Identifier: MIT */
#include "fs/tree/recent_sources.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/cleanup.h"
#include "core/content/contents.h"

void recent_sources_init(struct recent_sources *recent)
{
    memset(recent, 0, sizeof(*recent));
    pthread_mutex_init(&recent->lock, NULL);
}

void recent_sources_destroy(struct recent_sources *recent)
{
    for (size_t i = 0; i < RECENT_SOURCES; i++)
        source_unref(recent->sources[i]);
    pthread_mutex_destroy(&recent->lock);
}

/* The lock is held. */
static struct source *find(const struct recent_sources *recent, uint64_t hash, const char *path,
                           const struct content_type *content)
{
    for (size_t i = 0; i < RECENT_SOURCES; i++)
        if (recent->hashes[i] == hash && recent->sources[i] != NULL &&
            recent->sources[i]->content == content && strcmp(recent->sources[i]->path, path) == 0)
            return recent->sources[i];
    return NULL;
}

struct source *recent_sources_get(struct recent_sources *recent, struct source_pool *pool,
                                  const char *path, const struct content_type *content)
{
    const uint64_t hash = XXH3_64bits(path, strlen(path));
    struct source *outdated = NULL;
    struct source *found;
    {
        HOLD_LOCK(&recent->lock);
        found = find(recent, hash, path, content);
        if (found != NULL)
            return source_ref(found);
        found = source_new(pool, path, content);
        if (found == NULL)
            return NULL;
        outdated = recent->sources[recent->next];
        recent->sources[recent->next] = source_ref(found);
        recent->hashes[recent->next] = hash;
        recent->next = (recent->next + 1) % RECENT_SOURCES;
    }
    source_unref(outdated);
    return found;
}

bool recent_sources_has(struct recent_sources *recent, const char *path)
{
    const uint64_t hash = XXH3_64bits(path, strlen(path));
    HOLD_LOCK(&recent->lock);
    return find(recent, hash, path, content_types[0]) != NULL;
}
