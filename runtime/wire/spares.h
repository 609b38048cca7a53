/* Blocks of one size that were in use a moment ago, and what memory they still hold. Who takes a
 * hundred of them and gives them back finds them here, where malloc() keeps only some at hand and
 * puts the others together and apart again. Any thread. */
#ifndef WALDO_RUNTIME_WIRE_SPARES_H
#define WALDO_RUNTIME_WIRE_SPARES_H

#include <pthread.h>
#include <stddef.h>

#include "wire/buffer.h"

typedef struct waldo__spares {
    pthread_mutex_t lock;
    size_t size;
    void (*end)(void *block);
    void *first; /* each begins with the next one's address */
    unsigned count;
} waldo__spares;

/* end(block): frees what a block holds that nobody takes any more, but not the block. */
void waldo__spares_init(waldo__spares *spares, size_t size, void (*end)(void *block));
/* But for its first pointer as it was given, or zeros. NULL: out of memory. */
void *waldo__spares_take(waldo__spares *spares);
void waldo__spares_give(waldo__spares *spares, void *block);
/* The buffer of a block that is given stays, if it is short. */
void waldo__spares_trim(waldo__buffer *buffer);
/* In a forked child: no other thread is in the middle of anything. */
void waldo__spares_after_fork(waldo__spares *spares);
void waldo__spares_free(waldo__spares *spares);

#endif
