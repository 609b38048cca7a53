/* A function on a stack of its own, which may stop in the middle and go on later, on any thread.
 * One thread at a time. */
#ifndef WALDO_SERVER_FIBER_H
#define WALDO_SERVER_FIBER_H

#include <stdbool.h>

typedef struct waldo__fiber waldo__fiber;

/* NULL: no memory for a stack. */
waldo__fiber *waldo__fiber_new(void (*function)(void *argument), void *argument);
/* Runs until the function suspends (true) or returns (false; not to be resumed again). */
bool waldo__fiber_resume(waldo__fiber *fiber);
/* On the fiber itself: back to whoever resumed it. */
void waldo__fiber_suspend(waldo__fiber *fiber);
/* Of a fiber that was never resumed or whose function has returned. NULL is a no-op. */
void waldo__fiber_free(waldo__fiber *fiber);

#endif
