/* SPDX-License-Identifier: MIT */
/*
 * A circular doubly linked list whose links live inside the listed objects.
 *
 *     head <-> a <-> b <-> c <-> head       first = least recently used, by convention
 *
 * No function allocates, blocks or locks: the owner of the list provides the lock.
 */
#ifndef BIGFS_CORE_BASE_LIST_H
#define BIGFS_CORE_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *previous;
    struct list *next;
};

/* The object of type `type` whose member `member` is the link `link`. */
#define list_object(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Makes a head an empty list, or a link unlinked. */
static inline void list_reset(struct list *link)
{
    link->previous = link;
    link->next = link;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Takes a link out of the list it is in; harmless on an unlinked one. */
static inline void list_remove(struct list *link)
{
    link->previous->next = link->next;
    link->next->previous = link->previous;
    list_reset(link);
}

/* Puts an unlinked link at the end. */
static inline void list_append(struct list *head, struct list *link)
{
    link->previous = head->previous;
    link->next = head;
    head->previous->next = link;
    head->previous = link;
}

#endif
