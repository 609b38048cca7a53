/* Items of a dict on their way to a client, which may not get them. */
#include <stdlib.h>

#include "types/dict.h"
#include "value/dict.h"

struct waldo__taken {
    size_t count;
    waldo__dict_item items[];
};

waldo__taken *waldo__taken_new(waldo_call *call, size_t most)
{
    waldo__taken *taken = NULL;
    if (most <= (SIZE_MAX - sizeof *taken) / sizeof taken->items[0])
        taken = malloc(sizeof *taken + most * sizeof taken->items[0]);
    if (taken)
        taken->count = 0;
    else
        waldo_call_raise(call, WALDO_ENOMEM, "no memory for items on their way");
    return taken;
}

int waldo__taken_add(waldo__taken *taken, waldo__shared_dict *dict, const waldo_value *key,
                     waldo_value **ret_value, waldo_error *reterr)
{
    waldo__dict_item *item = &taken->items[taken->count];
    int status = waldo__dict_take(dict->cell.value, key, item, reterr);
    if (status < 0)
        return status;
    taken->count++;
    *ret_value = waldo_value_ref(item->value);
    return 0;
}

static void release(void *data)
{
    waldo__taken *taken = data;
    for (size_t i = 0; i < taken->count; i++)
        waldo__dict_item_release(&taken->items[i]);
    free(taken);
}

/* The client never got them. The last one that was taken goes back first, so that each finds the
 * neighbours that it had. */
static void put_back(void *self, void *data)
{
    waldo__shared_dict *dict = self;
    const waldo__taken *taken = data;
    bool changed = false;
    waldo__cell_enter(&dict->cell);
    for (size_t i = taken->count; i-- > 0;)
        changed |= waldo__dict_put_back(dict->cell.value, &taken->items[i], NULL) > 0;
    if (changed)
        (void)waldo__dict_leave(dict, 0);
    else
        waldo__cell_leave(&dict->cell);
}

void waldo__taken_end(waldo__taken *taken, waldo__shared_dict *dict, waldo_call *call, int status)
{
    if (status >= 0 && taken->count > 0) {
        waldo_call_on_lost(call, put_back, release, taken);
        return;
    }
    put_back(dict, taken);
    release(taken);
}
