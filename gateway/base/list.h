/* Intrusive doubly linked list; a node in no list points to itself. */
#ifndef GW_BASE_LIST_H
#define GW_BASE_LIST_H

#include <stdbool.h>

#include "base/check.h"

struct gw_list {
    struct gw_list *next;
    struct gw_list *prev;
};

static inline void gw_list_init(struct gw_list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool gw_list_empty(const struct gw_list *l)
{
    return l->next == l;
}

static inline void gw_list_append(struct gw_list *head, struct gw_list *n)
{
    n->prev = head->prev;
    n->next = head;
    head->prev->next = n;
    head->prev = n;
}

static inline void gw_list_remove(struct gw_list *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    gw_list_init(n);
}

#define GW_LIST_FOR(it, head) for (struct gw_list *it = (head)->next; it != (head); it = it->next)
/* Safe against removal of `it`. */
#define GW_LIST_FOR_SAFE(it, nxt, head)                                                            \
    for (struct gw_list *it = (head)->next, *nxt = it->next; it != (head); it = nxt, nxt = it->next)

#endif
