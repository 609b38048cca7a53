#include "deadlines.h"

#include <stdlib.h>

#include "call.h"

/* A call knows its place, counted from 1; 0: it is not there. */
static void place(waldo__deadlines *deadlines, size_t index, waldo_call *call)
{
    deadlines->calls[index] = call;
    call->deadline_place = index + 1;
}

static void move_up(waldo__deadlines *deadlines, size_t index, waldo_call *call)
{
    while (index > 0 && call->due < deadlines->calls[(index - 1) / 2]->due) {
        place(deadlines, index, deadlines->calls[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(deadlines, index, call);
}

static void move_down(waldo__deadlines *deadlines, size_t index, waldo_call *call)
{
    for (size_t child; (child = 2 * index + 1) < deadlines->count; index = child) {
        if (child + 1 < deadlines->count &&
            deadlines->calls[child + 1]->due < deadlines->calls[child]->due)
            child++;
        if (call->due <= deadlines->calls[child]->due)
            break;
        place(deadlines, index, deadlines->calls[child]);
    }
    place(deadlines, index, call);
}

bool waldo__deadlines_add(waldo__deadlines *deadlines, waldo_call *call)
{
    if (deadlines->count == deadlines->capacity) {
        size_t capacity = deadlines->capacity ? 2 * deadlines->capacity : 64;
        waldo_call **calls = realloc(deadlines->calls, capacity * sizeof(waldo_call *));
        if (!calls)
            return false;
        deadlines->calls = calls;
        deadlines->capacity = capacity;
    }
    move_up(deadlines, deadlines->count++, call);
    return true;
}

void waldo__deadlines_remove(waldo__deadlines *deadlines, waldo_call *call)
{
    if (call->deadline_place == 0)
        return;
    size_t index = call->deadline_place - 1;
    call->deadline_place = 0;
    waldo_call *last = deadlines->calls[--deadlines->count];
    if (last == call)
        return;
    if (index > 0 && last->due < deadlines->calls[(index - 1) / 2]->due)
        move_up(deadlines, index, last);
    else
        move_down(deadlines, index, last);
}

waldo_call *waldo__deadlines_first(const waldo__deadlines *deadlines)
{
    return deadlines->count > 0 ? deadlines->calls[0] : NULL;
}

void waldo__deadlines_free(waldo__deadlines *deadlines)
{
    free(deadlines->calls);
    *deadlines = (waldo__deadlines){0};
}
