/* Who holds something in shared memory: a process or a thread, told apart from a later one that was
 * given the same number. */
#ifndef WALDO_RUNTIME_MEMORY_IDENTITY_H
#define WALDO_RUNTIME_MEMORY_IDENTITY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The number in the lower 31 bits, when it started in the upper 32 (ticks since the host did). Bit
 * 31 is left to those that store identities. 0: nobody. All processes that share memory see the
 * same numbers: they are in one pid namespace. */
typedef uint64_t waldo__identity;
#define WALDO__IDENTITY_SPARE_BIT ((uint64_t)1 << 31)

/* Where this process's identity is kept, on a page that the kernel empties in a forked child,
 * however it was forked; 0 there: not known yet. NULL: no such page, it is made anew each time. */
extern _Atomic uint64_t *waldo__identity_page;
/* What this thread found out, and when it belonged to which process. */
typedef struct waldo__thread_identity {
    waldo__identity process;
    waldo__identity thread;
} waldo__thread_identity;
extern _Thread_local waldo__thread_identity waldo__known_thread
    __attribute__((tls_model("initial-exec")));

waldo__identity waldo__find_process(void);
waldo__identity waldo__find_thread(waldo__identity process);

/* Both are right after fork(). */
static inline waldo__identity waldo__this_process(void)
{
    if (!waldo__identity_page)
        return waldo__find_process();
    uint64_t identity = atomic_load_explicit(waldo__identity_page, memory_order_relaxed);
    return identity ? identity : waldo__find_process();
}

static inline waldo__identity waldo__this_thread(void)
{
    waldo__identity process = waldo__this_process();
    if (waldo__known_thread.process != process)
        return waldo__find_thread(process);
    return waldo__known_thread.thread;
}

/* The thread's number, for comparing with others of this process only. */
static inline uint32_t waldo__this_thread_number(void)
{
    return (uint32_t)waldo__this_thread() & (uint32_t)(WALDO__IDENTITY_SPARE_BIT - 1);
}

/* Is it gone? A process that nobody has waited for yet is. Costs some system calls. An identity
 * that never was is gone, too. */
bool waldo__has_died(waldo__identity identity);

#endif
