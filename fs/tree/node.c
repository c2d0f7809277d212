/* SPDX-License-Identifier: MIT */
#include "fs/tree/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/base/cleanup.h"
#include "core/view/piece_name.h"
#include "fs/tree/node_type.h"

enum { FIRST_BUCKETS = 256, ROOT_INODE = 1 };

static struct fingerprint fingerprint_of(const struct node_type *type,
                                         const union node_content *content)
{
    struct fingerprint print = {{0}};
    if (type->print != NULL)
        type->print(content, &print);
    return print;
}

static uint64_t hash_of(const struct node *parent, const struct node_type *type, const char *name,
                        const struct fingerprint *print)
{
    uint64_t seed = (uint64_t)(uintptr_t)parent + type->number;
    return XXH3_64bits_withSeed(name, strlen(name),
                                XXH3_64bits_withSeed(print, sizeof(*print), seed));
}

uint64_t node_inode(const struct node *parent, const struct node_type *type, const char *name,
                    const union node_content *content)
{
    struct inode_seed seed = {.words = {type->number, parent->inode}};

    if (type->seed != NULL)
        type->seed(content, &seed);
    if (seed.unnamed)
        name = "";
    uint64_t inode = XXH3_64bits_withSeed(
        name, strlen(name), XXH3_64bits_withSeed(seed.words, sizeof(seed.words), ROOT_INODE));
    return inode > ROOT_INODE ? inode : ROOT_INODE + 1;
}

/*
 * Random, so that a handle from an earlier run of the mount matches no node of this one. The kernel
 * keeps 32 bits.
 */
static uint32_t first_incarnation(void)
{
    struct timespec now;
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != sizeof(number)) {
        clock_gettime(CLOCK_REALTIME, &now);
        number = (uint32_t)now.tv_sec ^ ((uint32_t)now.tv_nsec << 2);
    }
    return number;
}

/*
 * The next node at an address gets another incarnation: one repeats only after 4 billion nodes. The
 * lock is held.
 */
static uint32_t next_incarnation(struct node_table *table)
{
    table->incarnation++;
    if (table->incarnation == 0) /* the root's */
        table->incarnation++;
    return table->incarnation;
}

int node_table_init(struct node_table *table, const struct node_type *root)
{
    memset(table, 0, sizeof(*table));
    table->bucket_count = FIRST_BUCKETS;
    table->buckets = calloc(table->bucket_count, sizeof(struct node *));
    table->root = calloc(1, sizeof(struct node) + 1);
    if (table->buckets == NULL || table->root == NULL) {
        free(table->buckets);
        free(table->root);
        return -ENOMEM;
    }
    table->incarnation = first_incarnation();
    pthread_mutex_init(&table->lock, NULL);
    table->root->inode = ROOT_INODE;
    table->root->type = root;
    return 0;
}

static void release_content(const struct node_type *type, const union node_content *content)
{
    if (type->release != NULL)
        type->release(content);
}

static void node_free(struct node *node)
{
    release_content(node->type, &node->content);
    free(node);
}

void node_table_destroy(struct node_table *table)
{
    for (size_t i = 0; i < table->bucket_count; i++) {
        for (struct node *node = table->buckets[i]; node != NULL;) {
            struct node *next = node->next;
            node_free(node);
            node = next;
        }
    }
    free(table->buckets);
    free(table->root);
    pthread_mutex_destroy(&table->lock);
}

static struct node **bucket_of(struct node_table *table, uint64_t hash)
{
    return &table->buckets[hash & (table->bucket_count - 1)];
}

/* The lock is held. */
static bool is_node(const struct node *node, const struct node *parent,
                    const struct node_type *type, const char *name,
                    const union node_content *content, const struct fingerprint *print)
{
    if (node->parent != parent || node->type != type || strcmp(node->name, name) != 0 ||
        (type->is_over != NULL && type->is_over(node, content)))
        return false;
    struct fingerprint own = fingerprint_of(type, &node->content);
    return memcmp(&own, print, sizeof(own)) == 0;
}

/*
 * Doubles the buckets once there are as many nodes. Without memory the chains grow longer instead.
 */
static void grow_buckets(struct node_table *table)
{
    struct node **old = table->buckets;
    size_t old_count = table->bucket_count;

    if (table->count < old_count)
        return;
    struct node **buckets = calloc(2 * old_count, sizeof(*buckets));
    if (buckets == NULL)
        return;
    table->buckets = buckets;
    table->bucket_count = 2 * old_count;
    for (size_t i = 0; i < old_count; i++) {
        for (struct node *node = old[i]; node != NULL;) {
            struct node *next = node->next;
            struct node **bucket = bucket_of(table, node->hash);
            node->next = *bucket;
            *bucket = node;
            node = next;
        }
    }
    free(old);
}

static struct node *node_new(struct node *parent, const struct node_type *type, const char *name,
                             uint64_t hash, const union node_content *content)
{
    size_t length = strlen(name);
    struct node *node = calloc(1, sizeof(*node) + length + 1);
    if (node == NULL)
        return NULL;
    node->parent = parent;
    node->hash = hash;
    node->inode = node_inode(parent, type, name, content);
    node->type = type;
    atomic_init(&node->device, atomic_load(&parent->device)); /* assumed until it is known */
    node->content = *content;
    memcpy(node->name, name, length + 1);
    return node;
}

struct node *node_get(struct node_table *table, struct node *parent, const struct node_type *type,
                      const char *name, const union node_content *content)
{
    struct fingerprint print = fingerprint_of(type, content);
    uint64_t hash = hash_of(parent, type, name, &print);
    HOLD_LOCK(&table->lock);

    for (struct node *node = *bucket_of(table, hash); node != NULL; node = node->next) {
        if (node->hash == hash && is_node(node, parent, type, name, content, &print)) {
            release_content(type, content);
            node->lookups++;
            return node;
        }
    }
    struct node *node = node_new(parent, type, name, hash, content);
    if (node == NULL) {
        release_content(type, content);
        return NULL;
    }
    grow_buckets(table);
    struct node **bucket = bucket_of(table, hash);
    node->next = *bucket;
    *bucket = node;
    node->incarnation = next_incarnation(table);
    node->lookups = 1;
    parent->children++;
    table->count++;
    return node;
}

static void unlink_node(struct node_table *table, const struct node *node)
{
    struct node **at = bucket_of(table, node->hash);
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    table->count--;
}

void node_hold(struct node_table *table, struct node *node)
{
    HOLD_LOCK(&table->lock);
    node->lookups++;
}

void node_forget(struct node_table *table, struct node *node, uint64_t lookups)
{
    HOLD_LOCK(&table->lock);
    if (node->parent != NULL)
        node->lookups -= lookups < node->lookups ? lookups : node->lookups;
    while (node->parent != NULL && node->lookups == 0 && node->children == 0) {
        struct node *parent = node->parent;
        unlink_node(table, node);
        node_free(node);
        parent->children--;
        node = parent;
    }
}

size_t node_table_count(struct node_table *table)
{
    HOLD_LOCK(&table->lock);
    return table->count;
}

const struct node *node_large(const struct node *node)
{
    while (!node->type->is_large)
        node = node->parent;
    return node;
}

struct source *node_source(const struct node *node)
{
    return node_large(node)->content.source;
}

const char *node_extension(const struct node *node)
{
    return node_source(node)->extension;
}

static size_t path_length(const struct node *node, const char *name)
{
    size_t length = name != NULL ? strlen(name) : 0;
    for (; node->name[0] != '\0'; node = node->parent)
        length += strlen(node->name) + 1;
    return length;
}

/*
 * Writes a component so that it ends at `end`, with a separator before it unless it is the first.
 */
static char *put_before(char *end, const char *component, size_t length, const char *path)
{
    char *start = end - length;
    memcpy(start, component, length);
    if (start > path)
        *--start = '/';
    return start;
}

/* Writes the path backwards, from the last component up to the root. */
char *node_path(const struct node *node, const char *name)
{
    size_t length = path_length(node, name);
    if (name == NULL && length > 0)
        length--; /* no separator follows */
    char *path = malloc(length + 1);
    if (path == NULL)
        return NULL;
    char *at = path + length;
    *at = '\0';
    if (name != NULL)
        at = put_before(at, name, strlen(name), path);
    for (; node->name[0] != '\0'; node = node->parent)
        at = put_before(at, node->name, strlen(node->name), path);
    return path;
}
