/* What Value and Array are: cells of one type in shared memory, and a lock. */
#ifndef WALDO_RUNTIME_MEMORY_CELLS_H
#define WALDO_RUNTIME_MEMORY_CELLS_H

#include <waldo/mp/sharedctypes.h>

#include "memory/any_lock.h"

typedef struct waldo__cells {
    waldo__shared shared;
    waldo__any_lock lock;
    char typecode; /* 0: structures */
    size_t size;   /* of one */
    size_t count;
    uint8_t *data;
} waldo__cells;

/* Before the cells, and as long as a cache line. */
typedef struct waldo__cells_state {
    uint32_t tag;
    uint32_t typecode;
    uint64_t size;
    uint64_t count;
    uint8_t unused[40];
} waldo__cells_state;

/* Parts of the shapes. */
void waldo__cells_dispose(waldo__shared *shared);
int waldo__cells_reduce(waldo__shared *shared, waldo__reduced *ret, waldo_error *reterr);
int waldo__cells_rebuild(waldo__shared *shared, const waldo__reduced *from,
                         waldo__reduced_position *position, waldo_error *reterr);

/* typecode 0: of that size. */
int waldo__cells_new(const waldo__shape *shape, char typecode, size_t size, size_t count,
                     const waldo_mp_locking *locking, void *ret_cells, waldo_error *reterr);
int waldo__cells_copy(const waldo__shape *shape, const waldo__cells *cells, void *ret_copy,
                      waldo_error *reterr);
/* With the lock, of a cell that is there. */
int waldo__cells_get(const waldo__cells *cells, size_t index, waldo_value **ret_value,
                     waldo_error *reterr);
/* TAKES value. */
int waldo__cells_set(waldo__cells *cells, size_t index, waldo_value *value, waldo_error *reterr);

#endif
