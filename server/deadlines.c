#include "deadlines.h"

#include <stdlib.h>

static void place(waldo__deadlines *deadlines, size_t index, waldo__due *due)
{
    deadlines->entries[index] = due;
    due->place = index + 1;
}

static void move_up(waldo__deadlines *deadlines, size_t index, waldo__due *due)
{
    while (index > 0 && due->at < deadlines->entries[(index - 1) / 2]->at) {
        place(deadlines, index, deadlines->entries[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(deadlines, index, due);
}

static void move_down(waldo__deadlines *deadlines, size_t index, waldo__due *due)
{
    for (size_t child; (child = 2 * index + 1) < deadlines->count; index = child) {
        if (child + 1 < deadlines->count &&
            deadlines->entries[child + 1]->at < deadlines->entries[child]->at)
            child++;
        if (due->at <= deadlines->entries[child]->at)
            break;
        place(deadlines, index, deadlines->entries[child]);
    }
    place(deadlines, index, due);
}

bool waldo__deadlines_add(waldo__deadlines *deadlines, waldo__due *due)
{
    if (deadlines->count == deadlines->capacity) {
        size_t capacity = deadlines->capacity ? 2 * deadlines->capacity : 64;
        waldo__due **entries = realloc(deadlines->entries, capacity * sizeof *entries);
        if (!entries)
            return false;
        deadlines->entries = entries;
        deadlines->capacity = capacity;
    }
    move_up(deadlines, deadlines->count++, due);
    return true;
}

void waldo__deadlines_remove(waldo__deadlines *deadlines, waldo__due *due)
{
    if (due->place == 0)
        return;
    size_t index = due->place - 1;
    due->place = 0;
    waldo__due *last = deadlines->entries[--deadlines->count];
    if (last == due)
        return;
    if (index > 0 && last->at < deadlines->entries[(index - 1) / 2]->at)
        move_up(deadlines, index, last);
    else
        move_down(deadlines, index, last);
}

waldo__due *waldo__deadlines_first(const waldo__deadlines *deadlines)
{
    return deadlines->count > 0 ? deadlines->entries[0] : NULL;
}

void waldo__deadlines_free(waldo__deadlines *deadlines)
{
    free(deadlines->entries);
    *deadlines = (waldo__deadlines){0};
}
