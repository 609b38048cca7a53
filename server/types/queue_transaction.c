/* Queue in a transaction, which holds the room's lock all the time.
 *
 * Items that a step got are with its visit, whose on_lost puts them back, and those that one
 * acknowledged stay where they are until its end; so what has to be saved is only where the queue
 * ended, and its counts. */
#include <stdlib.h>

#include "types/queue.h"

typedef struct saved_queue {
    uint64_t last_place;
    uint64_t unfinished;
} saved_queue;

void waldo__queue_hold(void *self)
{
    waldo__queue *queue = self;
    waldo__room_lock(queue->room);
    queue->is_held = true;
}

void waldo__queue_let_go(void *self)
{
    waldo__queue *queue = self;
    waldo__items done = {0};
    queue->is_held = false;
    waldo__taken_end_steps(queue, &done);
    waldo__queue_leave(queue, &done);
}

int waldo__queue_save(void *self, waldo_call *call, void **ret_saved)
{
    const waldo__queue *queue = self;
    saved_queue *saved = malloc(sizeof *saved);
    if (!saved)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a transaction");
    *saved = (saved_queue){queue->last_place, queue->unfinished};
    *ret_saved = saved;
    return 0;
}

void waldo__queue_restore(void *self, void *saved)
{
    waldo__queue *queue = self;
    const saved_queue *before_it = saved;
    size_t count = 0;
    for (const waldo__item *item = queue->items.first; item && item->place <= before_it->last_place;
         item = item->next)
        count++;
    waldo__items before = waldo__items_cut(&queue->items, count);
    waldo__items_free(&queue->items);
    queue->items = before;
    queue->last_place = before_it->last_place;
    queue->unfinished = before_it->unfinished;
    waldo__taken_undo_steps(queue);
    free(saved);
}
