/* Waiting without sleeping: to be woken takes longer than many replies do. */
#ifndef WALDO_RUNTIME_ENGINE_SPIN_H
#define WALDO_RUNTIME_ENGINE_SPIN_H

#include <stdbool.h>
#include <stdint.h>

/* How long to look again and again, and whether that has been worth it. One thread at a time. */
typedef struct waldo__spinning {
    uint64_t limit; /* nanoseconds; 0: never */
    /* A wait in vain has cost a processor that somebody else may have needed, the server perhaps:
     * so many of the next waits sleep at once, twice as many each time, and fewer again after many
     * that were not in vain. */
    unsigned penalty;
    unsigned sleeps; /* left of them */
    unsigned good;   /* in a row */
} waldo__spinning;

/* microseconds: what the options say. 0: what WALDO_SPIN_US in the environment says, else the
 * default. Below 0: never. Nor ever where this process has one core. */
waldo__spinning waldo__spin_make(int microseconds);
/* Is the next wait one that looks? How long a wait takes that sleeps says nothing of that: most of
 * it may be what it takes to wake up. */
bool waldo__spin_is_worth_it(const waldo__spinning *spin);
/* A reply took so long; once after each wait. */
void waldo__spin_note(waldo__spinning *spin, uint64_t nanoseconds);
#endif
