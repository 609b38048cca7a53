/* Deadlines: points on the monotonic clock, in nanoseconds. */
#ifndef WALDO_RUNTIME_ENGINE_DEADLINE_H
#define WALDO_RUNTIME_ENGINE_DEADLINE_H

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t waldo__deadline;

#define WALDO__NEVER UINT64_MAX

uint64_t waldo__now(void);
/* What waldo__now() was at the system's last tick, up to 10 ms ago: a quarter as dear. For what
 * need not be known more exactly, in every call. */
uint64_t waldo__lately(void);
/* seconds from now; INFINITY and anything beyond 100 years is WALDO__NEVER; below 0 is now. */
waldo__deadline waldo__deadline_in(double seconds);
/* Nanoseconds left, 0 if it has passed, UINT64_MAX for WALDO__NEVER. */
uint64_t waldo__deadline_left(waldo__deadline deadline);
/* The same, but where a second or more is left up to a tick more than there is: a quarter as dear.
 */
uint64_t waldo__deadline_left_about(waldo__deadline deadline);
/* So many from now, and up to two ticks later where they are a second or more. 0 is WALDO__NEVER.
 */
waldo__deadline waldo__deadline_about(uint64_t microseconds);
/* Whether none are, which is cheap to say of one that is far away. */
bool waldo__deadline_passed(waldo__deadline deadline);
/* For poll(): milliseconds rounded up, -1 for WALDO__NEVER. */
int waldo__deadline_poll_ms(waldo__deadline deadline);

#endif
