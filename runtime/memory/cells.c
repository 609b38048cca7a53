#include "memory/cells.h"

#include <string.h>

#include "memory/cell.h"

_Static_assert(sizeof(waldo__cells_state) == 64, "the cells begin on a cache line");

void waldo__cells_dispose(waldo__shared *shared)
{
    waldo__any_lock_unref(&((waldo__cells *)shared)->lock);
}

int waldo__cells_reduce(waldo__shared *shared, waldo__reduced *ret, waldo_error *reterr)
{
    return waldo__any_lock_reduce(&((waldo__cells *)shared)->lock, ret, reterr);
}

static void attach(waldo__cells *cells, char typecode, size_t size, size_t count)
{
    cells->typecode = typecode;
    cells->size = size;
    cells->count = count;
    cells->data = (uint8_t *)cells->shared.state + sizeof(waldo__cells_state);
}

int waldo__cells_rebuild(waldo__shared *shared, const waldo__reduced *from,
                         waldo__reduced_position *position, waldo_error *reterr)
{
    waldo__cells *cells = (waldo__cells *)shared;
    const waldo__cells_state state = *(const volatile waldo__cells_state *)shared->state;
    size_t room = shared->block.size - sizeof state;
    if (state.typecode > 127 || state.size == 0 ||
        (state.typecode && state.size != waldo__cell_size((char)state.typecode)) ||
        state.count > room / state.size)
        return waldo_error_set(reterr, WALDO_EPROTOCOL, "a shared array that is malformed");
    attach(cells, (char)state.typecode, state.size, state.count);
    return waldo__any_lock_rebuild(&cells->lock, from, position, reterr);
}

static int set_lock(waldo__any_lock *any, const waldo_mp_locking *locking, waldo_error *reterr)
{
    if (!locking || (!locking->raw && !locking->lock && !locking->rlock))
        return waldo_mp_rlock_new(&any->rlock, reterr);
    if (locking->rlock)
        any->rlock = waldo_mp_rlock_ref(locking->rlock);
    else if (locking->lock)
        any->lock = waldo_mp_lock_ref(locking->lock);
    return 0;
}

int waldo__cells_new(const waldo__shape *shape, char typecode, size_t size, size_t count,
                     const waldo_mp_locking *locking, void *ret_cells, waldo_error *reterr)
{
    waldo__cells *cells = NULL;
    if (typecode)
        size = waldo__cell_size(typecode);
    if (size == 0)
        return typecode ? waldo_error_set(reterr, WALDO_ETYPE, "bad typecode")
                        : waldo_error_set(reterr, WALDO_EVALUE, "items of 0 bytes");
    if (count > (SIZE_MAX / 2) / size)
        return waldo_error_set(reterr, WALDO_ENOMEM, "%zu items of %zu bytes", count, size);
    int status =
        waldo__shared_new(shape, sizeof(waldo__cells_state) + size * count, &cells, reterr);
    if (status < 0)
        return status;
    waldo__cells_state *state = cells->shared.state;
    state->typecode = (uint32_t)typecode;
    state->size = size;
    state->count = count;
    attach(cells, typecode, size, count);
    status = set_lock(&cells->lock, locking, reterr);
    if (status < 0)
        waldo__shared_unref(shape, cells);
    else
        *(void **)ret_cells = cells;
    return status;
}

int waldo__cells_copy(const waldo__shape *shape, const waldo__cells *cells, void *ret_copy,
                      waldo_error *reterr)
{
    waldo__cells *copy = NULL;
    int status = waldo__cells_new(shape, cells->typecode, cells->size, cells->count,
                                  &(waldo_mp_locking){.raw = true}, &copy, reterr);
    if (status < 0)
        return status;
    status = waldo__any_lock_acquire(&cells->lock, WALDO_FOREVER, reterr);
    if (status > 0) {
        memcpy(copy->data, cells->data, cells->size * cells->count);
        status = waldo__any_lock_release(&cells->lock, reterr);
    }
    if (status < 0)
        waldo__shared_unref(shape, copy);
    else
        *(void **)ret_copy = copy;
    return status;
}

int waldo__cells_get(const waldo__cells *cells, size_t index, waldo_value **ret_value,
                     waldo_error *reterr)
{
    waldo_value *value = NULL;
    int status = waldo__any_lock_acquire(&cells->lock, WALDO_FOREVER, reterr);
    if (status < 0)
        return status;
    status = waldo__cell_get(cells->typecode, cells->data + index * cells->size, cells->size,
                             &value, reterr);
    int released = waldo__any_lock_release(&cells->lock, status < 0 ? NULL : reterr);
    if (status < 0 || released < 0) {
        waldo_value_unref(value);
        return status < 0 ? status : released;
    }
    *ret_value = value;
    return 0;
}

int waldo__cells_set(waldo__cells *cells, size_t index, waldo_value *value, waldo_error *reterr)
{
    if (!value)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = waldo__any_lock_acquire(&cells->lock, WALDO_FOREVER, reterr);
    if (status > 0) {
        status = waldo__cell_set(cells->typecode, cells->data + index * cells->size, cells->size,
                                 value, reterr);
        int released = waldo__any_lock_release(&cells->lock, status < 0 ? NULL : reterr);
        status = status < 0 ? status : released;
    }
    waldo_value_unref(value);
    return status;
}
