/* Who holds something in shared memory: a process or a thread, told apart from a later one that was
 * given the same number. */
#ifndef WALDO_RUNTIME_MEMORY_IDENTITY_H
#define WALDO_RUNTIME_MEMORY_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

/* The number in the lower 31 bits, when it started in the upper 32 (ticks since the host did). Bit
 * 31 is left to those that store identities. 0: nobody. All processes that share memory see the
 * same numbers: they are in one pid namespace. */
typedef uint64_t waldo__identity;
#define WALDO__IDENTITY_SPARE_BIT ((uint64_t)1 << 31)

/* Both are right after fork(), however the process forked. */
waldo__identity waldo__this_process(void);
waldo__identity waldo__this_thread(void);
/* The thread's number, for comparing with others of this process only. */
uint32_t waldo__this_thread_number(void);

/* Is it gone? A process that nobody has waited for yet is. Costs some system calls. An identity
 * that never was is gone, too. */
bool waldo__has_died(waldo__identity identity);

#endif
