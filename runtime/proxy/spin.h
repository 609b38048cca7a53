/* Waiting without sleeping: to be woken takes longer than many replies do. */
#ifndef WALDO_RUNTIME_PROXY_SPIN_H
#define WALDO_RUNTIME_PROXY_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* How long to look again and again, and whether that has been worth it. One thread at a time. */
typedef struct waldo__spin {
    uint64_t limit;    /* nanoseconds; 0: never */
    uint64_t estimate; /* of how long replies take; waits beyond a few limits count as that */
} waldo__spin;

/* microseconds: what the options say. 0: what WALDO_SPIN_US in the environment says, else the
 * default. Below 0: never. Nor ever where this process has one core. */
waldo__spin waldo__spin_make(int microseconds);
/* Have replies lately come within the limit? */
bool waldo__spin_is_worth_it(const waldo__spin *spin);
/* A reply took so long. */
void waldo__spin_note(waldo__spin *spin, uint64_t nanoseconds);
/* Between two looks. */
void waldo__spin_pause(void);

#endif
