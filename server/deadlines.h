/* Calls that a handler keeps, in the order in which something is due.
 * The server's lock guards it. */
#ifndef WALDO_SERVER_DEADLINES_H
#define WALDO_SERVER_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <waldo/service.h>

/* A binary heap. Zero is an empty one. */
typedef struct waldo__deadlines {
    waldo_call **calls;
    size_t count;
    size_t capacity;
} waldo__deadlines;

/* false: out of memory; the call will not hear of its time. */
bool waldo__deadlines_add(waldo__deadlines *deadlines, waldo_call *call);
/* Not there is fine. */
void waldo__deadlines_remove(waldo__deadlines *deadlines, waldo_call *call);
/* The call that is due next, or NULL. */
waldo_call *waldo__deadlines_first(const waldo__deadlines *deadlines);
void waldo__deadlines_free(waldo__deadlines *deadlines);

#endif
