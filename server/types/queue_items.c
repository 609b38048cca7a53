#include "types/queue_items.h"

#include <stdlib.h>

bool waldo__items_add(waldo__items *items, waldo_value *value)
{
    waldo__item *item = value ? calloc(1, sizeof *item) : NULL;
    if (!item) {
        waldo_value_unref(value);
        return false;
    }
    item->value = value;
    waldo__items_append(items, item);
    return true;
}

void waldo__items_append(waldo__items *items, waldo__item *item)
{
    item->next = NULL;
    if (items->last)
        items->last->next = item;
    else
        items->first = item;
    items->last = item;
    items->count++;
}

waldo__item *waldo__items_pop(waldo__items *items)
{
    waldo__item *item = items->first;
    if (!item)
        return NULL;
    items->first = item->next;
    if (!items->first)
        items->last = NULL;
    items->count--;
    item->next = NULL;
    return item;
}

waldo__items waldo__items_cut(waldo__items *items, size_t max)
{
    waldo__items front = {0};
    while (front.count < max && items->first)
        waldo__items_append(&front, waldo__items_pop(items));
    return front;
}

void waldo__items_join(waldo__items *items, waldo__items *more)
{
    if (!more->first)
        return;
    if (items->last)
        items->last->next = more->first;
    else
        items->first = more->first;
    items->last = more->last;
    items->count += more->count;
    *more = (waldo__items){0};
}

void waldo__items_insert(waldo__items *items, waldo__item *item)
{
    waldo__item **link = &items->first;
    while (*link && (*link)->place < item->place)
        link = &(*link)->next;
    item->next = *link;
    *link = item;
    if (!item->next)
        items->last = item;
    items->count++;
}

void waldo__items_free(waldo__items *items)
{
    for (waldo__item *item; (item = waldo__items_pop(items)) != NULL;) {
        waldo_value_unref(item->value);
        free(item);
    }
}
