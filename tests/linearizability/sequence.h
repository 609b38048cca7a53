/* Items in an order: what several of the containers' models are made of. */
#ifndef WALDO_TESTS_LINEARIZABILITY_SEQUENCE_H
#define WALDO_TESTS_LINEARIZABILITY_SEQUENCE_H

#include <string.h>

#include "models.h"

/* MAX_OUT: on their way to clients that may not get them. */
enum { MAX_ITEMS = 48, MAX_OUT = 8 };

struct sequence_state {
    int64_t count;
    int32_t items[MAX_ITEMS];
};

/* As Python counts: from the end below 0. */
static inline int64_t absolute(const struct sequence_state *list, int64_t index)
{
    return index < 0 ? index + list->count : index;
}

static inline void insert_item(struct sequence_state *list, int64_t index, int64_t item)
{
    index = absolute(list, index);
    index = index < 0 ? 0 : index > list->count ? list->count : index;
    memmove(list->items + index + 1, list->items + index,
            (size_t)(list->count - index) * sizeof *list->items);
    list->items[index] = (int32_t)item;
    list->count++;
}

static inline void remove_item(struct sequence_state *list, int64_t index)
{
    list->count--;
    memmove(list->items + index, list->items + index + 1,
            (size_t)(list->count - index) * sizeof *list->items);
    list->items[list->count] = 0;
}

static inline int64_t find_item(const struct sequence_state *list, int64_t item)
{
    for (int64_t i = 0; i < list->count; i++)
        if (list->items[i] == item)
            return i;
    return -1;
}

/* `begin` of what is empty at first. */
static inline void no_begin(void *start, const int64_t *configuration)
{
    (void)start;
    (void)configuration;
}

#endif
