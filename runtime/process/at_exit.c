#include "process/at_exit.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "process/process.h"

typedef struct finalizer {
    struct finalizer *next;
    int64_t id;
    int priority;
    pid_t creator;
    void (*function)(void *data);
    void *data;
} finalizer;

/* In the order in which they run. With the lock of children.c. */
static finalizer *finalizers;
static int64_t last_id;

int64_t waldo_mp_at_exit(void (*function)(void *data), void *data, int priority,
                         waldo_error *reterr)
{
    finalizer *made = malloc(sizeof(*made));
    if (!made)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a function to call at exit");
    *made =
        (finalizer){.priority = priority, .creator = getpid(), .function = function, .data = data};
    waldo__exit_at_end();
    waldo__children_lock();
    int64_t id = made->id = ++last_id;
    finalizer **place = &finalizers;
    while (*place && (*place)->priority > priority)
        place = &(*place)->next;
    made->next = *place;
    *place = made;
    waldo__children_unlock();
    return id;
}

/* Takes out the one of that id, or the first of at least that priority; those that a fork brought
 * along are dropped on the way. */
static finalizer *take(int64_t id, int priority)
{
    waldo__children_lock();
    finalizer **place = &finalizers;
    finalizer *found = NULL;
    while (*place && !found) {
        finalizer *each = *place;
        bool foreign = each->creator != getpid();
        bool wanted = id ? each->id == id : each->priority >= priority;
        if (!foreign && !wanted) {
            place = &each->next;
            continue;
        }
        *place = each->next;
        if (foreign)
            free(each);
        else
            found = each;
    }
    waldo__children_unlock();
    return found;
}

static int call(finalizer *taken)
{
    if (!taken)
        return 0;
    taken->function(taken->data);
    free(taken);
    return 1;
}

int waldo_mp_at_exit_run(int64_t id)
{
    return id > 0 ? call(take(id, 0)) : 0;
}

int waldo_mp_at_exit_cancel(int64_t id)
{
    finalizer *taken = id > 0 ? take(id, 0) : NULL;
    free(taken);
    return taken != NULL;
}

void waldo__at_exit_run_from(int priority)
{
    while (call(take(0, priority)))
        ;
}

void waldo__at_exit_run_all(void)
{
    waldo__at_exit_run_from(INT_MIN);
}
