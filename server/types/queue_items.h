/* Chains of a queue's items. The owner of a chain locks it. */
#ifndef WALDO_SERVER_TYPES_QUEUE_ITEMS_H
#define WALDO_SERVER_TYPES_QUEUE_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/value.h>

/* Goes from chain to chain without being copied, so that going back to its queue cannot fail. */
typedef struct waldo__item {
    struct waldo__item *next;
    waldo_value *value;
    uint64_t place;   /* ascending in its queue */
    int64_t returned; /* how often it went back to its queue */
} waldo__item;

/* Zero is an empty one. */
typedef struct waldo__items {
    waldo__item *first;
    waldo__item *last;
    size_t count;
} waldo__items;

/* TAKES value. false: out of memory, or value is NULL. */
bool waldo__items_add(waldo__items *items, waldo_value *value);
void waldo__items_append(waldo__items *items, waldo__item *item);
/* NULL: there is none. */
waldo__item *waldo__items_pop(waldo__items *items);
/* Takes at most max items from the front; the rest stays. */
waldo__items waldo__items_cut(waldo__items *items, size_t max);
/* All of `more` goes behind, and `more` is empty then. */
void waldo__items_join(waldo__items *items, waldo__items *more);
/* Before the first item with a higher place: fast where it is near the front. */
void waldo__items_insert(waldo__items *items, waldo__item *item);
/* Gives the values back; without a lock, for they may hold anything. */
void waldo__items_free(waldo__items *items);

#endif
