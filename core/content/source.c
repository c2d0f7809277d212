/* SPDX-License-Identifier: MIT */
#include "core/content/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/extension.h"
#include "core/content/content_type.h"

static const uint64_t usual_decode_memory = UINT64_C(64) << 20;

static bool relieve_files(void *argument)
{
    return open_files_relieve(argument);
}

void source_pool_init(struct source_pool *pool, int directory, unsigned descriptors,
                      uint64_t window_size, uint64_t window_total)
{
    memset(pool, 0, sizeof(*pool));
    pool->beneath.directory = directory;
    pool->beneath.relieve = relieve_files;
    pool->beneath.relieve_argument = &pool->files;
    open_files_init(&pool->files, descriptors);
    window_pool_init(&pool->windows, window_size, window_total);
    drop_behind_init(&pool->drop_behind, &pool->windows);
    decode_cache_init(&pool->decoded, usual_decode_memory);
}

void source_pool_destroy(struct source_pool *pool)
{
    decode_cache_destroy(&pool->decoded);
    drop_behind_destroy(&pool->drop_behind);
    window_pool_destroy(&pool->windows);
    open_files_destroy(&pool->files);
}

/* The extension of what is read. The caller frees it. NULL: no memory. */
static char *copy_extension(const char *path, const struct content_type *content)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const bool holds = content != NULL && content_is_held(content);
    AUTO_FREE char *held = strndup(name, holds ? held_name_length(name) : strlen(name));
    return held != NULL ? strdup(file_extension(held)) : NULL;
}

struct source *source_new(struct source_pool *pool, const char *path,
                          const struct content_type *content)
{
    struct source *source = calloc(1, sizeof(*source));
    if (source == NULL)
        return NULL;
    source->path = strdup(path);
    source->extension = copy_extension(path, content);
    if (source->path == NULL || source->extension == NULL) {
        free(source->path);
        free(source->extension);
        free(source);
        return NULL;
    }
    atomic_init(&source->references, 1);
    source->pool = pool;
    source->content = content;
    pthread_mutex_init(&source->lock, NULL);
    return source;
}

struct source *source_ref(struct source *source)
{
    atomic_fetch_add(&source->references, 1);
    return source;
}

void source_unref(struct source *source)
{
    if (source == NULL || atomic_fetch_sub(&source->references, 1) != 1)
        return;
    generation_unref(source->current);
    pthread_mutex_destroy(&source->lock);
    free(source->path);
    free(source->extension);
    free(source);
}

struct generation *source_current(struct source *source)
{
    HOLD_LOCK(&source->lock);
    return source->current != NULL ? generation_ref(source->current) : NULL;
}

bool source_replace(struct source *source, struct generation *old, struct generation *fresh)
{
    {
        HOLD_LOCK(&source->lock);
        if (source->current != old)
            return false;
        source->current = generation_ref(fresh);
    }
    if (old != NULL) {
        const struct file_identity was = generation_identity(old);
        const struct file_identity now = generation_identity(fresh);
        bool same_file = file_identity_same_file(&was, &now);
        (void)generation_end(old, same_file ? END_SUPERSEDED : END_REPLACED, &now);
        source_report_end(source, old);
        generation_unref(old);
    }
    return true;
}

void source_report_end(struct source *source, struct generation *generation)
{
    struct source_pool *pool = source->pool;
    struct generation_end end;

    if (!generation_take_end(generation, &end))
        return;
    atomic_fetch_add(&pool->ended[end.reason], 1);
    if (pool->on_end != NULL)
        pool->on_end(pool->on_end_argument, source->path, &end,
                     open_files_is_pinned(&pool->files, generation_file(generation)));
}

void source_report_trouble(const struct source *source, const char *kind, const char *format, ...)
{
    const struct source_pool *pool = source->pool;
    AUTO_FREE char *text = NULL;
    va_list arguments;

    if (pool->on_trouble == NULL)
        return;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0)
        text = NULL;
    else
        pool->on_trouble(pool->on_trouble_argument, kind, source->path, text);
}
