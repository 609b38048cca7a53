/* Waiting for a word in shared memory to change.
 *
 * Whoever changes a word may be killed before it wakes the waiters, and whoever holds something may
 * be killed while it does. So nobody sleeps until it is woken: waiters look again after a slice of
 * time that grows from 20 to 200 ms, and find out then whether somebody has died. */
#ifndef WALDO_RUNTIME_MEMORY_FUTEX_H
#define WALDO_RUNTIME_MEMORY_FUTEX_H

#include <stdbool.h>
#include <stdint.h>

#include <waldo/error.h>

typedef struct waldo__patience {
    int64_t deadline; /* monotonic clock, nanoseconds; INT64_MAX: none */
    int64_t slice;
} waldo__patience;

/* Negative seconds are 0. WALDO_EVALUE: not a number. */
int waldo__patience_init(waldo__patience *patience, double seconds, waldo_error *reterr);
extern const waldo__patience waldo__endless;

typedef enum waldo__woken {
    WALDO__TIMED_OUT, /* the deadline passed */
    WALDO__LOOK,      /* the word may have changed */
    WALDO__SLICE_OVER /* nothing happened for a slice */
} waldo__woken;

/* Sleeps while the 32 bits at word are `expected`. Signals do not end it. */
waldo__woken waldo__futex_wait(const volatile void *word, uint32_t expected,
                               waldo__patience *patience);
/* How many were woken. */
int waldo__futex_wake(const volatile void *word, int count);

/* Lets time pass for a processor that waits for another one; nothing where there is only one. */
void waldo__spin(void);
/* How often waldo__spin is worth while before one sleeps. 0: there is one processor only. */
int waldo__spins(void);

#endif
