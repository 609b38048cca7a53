/* What is due at a time, in the order in which it is: calls that a handler keeps
 * (server/overdue.c), and alarms (server/alarms.c). The server's lock guards it. */
#ifndef WALDO_SERVER_DEADLINES_H
#define WALDO_SERVER_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A member of what is due. Zero is in no heap. */
typedef struct waldo__due {
    uint64_t at;  /* waldo__now() clock; does not change while it is in a heap */
    size_t place; /* in the heap, from 1; 0: it is not there */
} waldo__due;

/* A binary heap. Zero is an empty one. */
typedef struct waldo__deadlines {
    waldo__due **entries;
    size_t count;
    size_t capacity;
} waldo__deadlines;

/* false: out of memory; nobody will hear of its time. */
bool waldo__deadlines_add(waldo__deadlines *deadlines, waldo__due *due);
/* Not there is fine. */
void waldo__deadlines_remove(waldo__deadlines *deadlines, waldo__due *due);
/* What is due next, or NULL. */
waldo__due *waldo__deadlines_first(const waldo__deadlines *deadlines);
void waldo__deadlines_free(waldo__deadlines *deadlines);

#endif
