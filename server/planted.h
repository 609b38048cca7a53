/* Mistakes on purpose, for tests that have to find them (tests/linearizability). They are there
 * only in a library that is built with WALDO_PLANTED_BUGS, which is never installed. */
#ifndef WALDO_SERVER_PLANTED_H
#define WALDO_SERVER_PLANTED_H

#include <stdbool.h>

#define WALDO__PLANTED_BUGS(X)                                                                     \
    X(RUN_TWICE)     /* a request that comes again is executed again */                            \
    X(RELEASE_EARLY) /* a permit is free again while somebody has it */                            \
    X(DOUBLE_PERMIT) /* a release gives back two */                                                \
    X(FORGET_OWNER)  /* nobody hears that an owner died */                                         \
    X(WAKE_TWO)      /* a notification wakes one more */                                           \
    X(LOSE_HEAD)     /* a get drops the item before its own */                                     \
    X(DROP_UNDO)     /* what a reply carried that did not arrive is lost */                        \
    X(RETURN_LAST)   /* an item that comes back stands at the end of the queue */                  \
    X(SHORT_BARRIER) /* a barrier opens without its last party */                                  \
    X(LOSE_CHANGE)   /* a container forgets to count a change */

enum waldo__planted_bug {
#define WALDO__PLANTED_ENUM(name) WALDO__PLANTED_##name,
    WALDO__PLANTED_BUGS(WALDO__PLANTED_ENUM)
#undef WALDO__PLANTED_ENUM
};

#ifdef WALDO_PLANTED_BUGS
/* Is the mistake to be made now? The environment's WALDO_PLANTED_BUG names the one that is made at
 * all; it is made now and then. */
bool waldo__planted(enum waldo__planted_bug bug);
#else
static inline bool waldo__planted(enum waldo__planted_bug bug)
{
    (void)bug;
    return false;
}
#endif

#endif
