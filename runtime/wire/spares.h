/* Blocks of one size that were in use a moment ago. Who takes a hundred of them and gives them back
 * finds them here, where malloc() keeps only some at hand and puts the others together and apart
 * again. Any thread. */
#ifndef WALDO_RUNTIME_WIRE_SPARES_H
#define WALDO_RUNTIME_WIRE_SPARES_H

#include <pthread.h>
#include <stddef.h>

typedef struct waldo__spares {
    pthread_mutex_t lock;
    void *first; /* each begins with the next one's address */
    unsigned count;
} waldo__spares;

void waldo__spares_init(waldo__spares *spares);
/* size: that of all others, too. Not cleared. NULL: out of memory. */
void *waldo__spares_take(waldo__spares *spares, size_t size);
void waldo__spares_give(waldo__spares *spares, void *block, size_t size);
/* In a forked child: no other thread is in the middle of anything. */
void waldo__spares_after_fork(waldo__spares *spares);
void waldo__spares_free(waldo__spares *spares);

#endif
