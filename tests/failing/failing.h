/* Calls of the C library that fail, one at a time: allocations, and what the kernel may refuse.
 *
 * The linker puts these in the place of the real ones (--wrap) in programs that contain the objects
 * of the libraries. A thread counts if it belongs to the side that is tested, which a new thread
 * inherits from the one that starts it. */
#ifndef WALDO_TESTS_FAILING_H
#define WALDO_TESTS_FAILING_H

#include <stdbool.h>
#include <stddef.h>

enum failing_side { NOBODY, CLIENT, SERVER };

enum failing_what {
    ALLOCATIONS,  /* malloc and its like: ENOMEM */
    DESCRIPTORS,  /* whatever makes a descriptor: EMFILE */
    INTERRUPTS,   /* reading, writing, waiting: EINTR, once each */
    SHORT_WRITES, /* one byte is written */
    THREADS,      /* a thread that cannot be made: EAGAIN */
    SPACE,        /* room in memory that is shared: ENOSPC */
    CLOCKS,       /* from then on the clock shows an hour more, as if the machine had slept */
};

/* The calling thread's. */
void failing_belong_to(enum failing_side side);

/* From now on the `number`th call (from 1) of that side fails; 0: none does. */
void failing_arm(enum failing_side side, enum failing_what what, unsigned number);
/* No call fails any more. Whether one did. */
bool failing_disarm(void);

#endif
