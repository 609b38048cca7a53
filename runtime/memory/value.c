#include "memory/cells.h"
#include "memory/classes.h"

struct waldo_mp_value {
    waldo__cells cells;
};

static const waldo__shape shape = {
    .tag = WALDO__TAG('V', 'A', 'L', 'U'),
    .object_size = sizeof(waldo_mp_value),
    .state_size = sizeof(waldo__cells_state) + 1,
    .reduce_more = waldo__cells_reduce,
    .rebuild_more = waldo__cells_rebuild,
    .dispose = waldo__cells_dispose,
};

WALDO__SHARED_TYPE(value, "Value", &shape);

int waldo_mp_value_new_of(size_t size, const waldo_mp_locking *locking, waldo_mp_value **ret_shared,
                          waldo_error *reterr)
{
    return waldo__cells_new(&shape, 0, size, 1, locking, ret_shared, reterr);
}

int waldo_mp_value_new(char typecode, waldo_value *initial, const waldo_mp_locking *locking,
                       waldo_mp_value **ret_shared, waldo_error *reterr)
{
    waldo__cells *cells = NULL;
    if (!initial)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    /* 0 is what structures have. */
    int status = typecode ? waldo__cells_new(&shape, typecode, 0, 1, locking, &cells, reterr)
                          : waldo_error_set(reterr, WALDO_ETYPE, "bad typecode");
    if (status >= 0 && waldo_value_kind(initial) != WALDO_KIND_NONE)
        status = waldo__cells_set(cells, 0, waldo_value_ref(initial), reterr);
    waldo_value_unref(initial);
    if (status < 0)
        waldo__shared_unref(&shape, cells);
    else
        *ret_shared = (waldo_mp_value *)cells;
    return status;
}

int waldo_mp_value_get(const waldo_mp_value *shared, waldo_value **ret_value, waldo_error *reterr)
{
    return waldo__cells_get(&shared->cells, 0, ret_value, reterr);
}

int waldo_mp_value_set(waldo_mp_value *shared, waldo_value *value, waldo_error *reterr)
{
    return waldo__cells_set(&shared->cells, 0, value, reterr);
}

void *waldo_mp_value_data(waldo_mp_value *shared)
{
    return shared->cells.data;
}

int waldo_mp_value_acquire(waldo_mp_value *shared, double timeout, waldo_error *reterr)
{
    return waldo__any_lock_acquire(&shared->cells.lock, timeout, reterr);
}

int waldo_mp_value_release(waldo_mp_value *shared, waldo_error *reterr)
{
    return waldo__any_lock_release(&shared->cells.lock, reterr);
}

int waldo_mp_value_copy(const waldo_mp_value *shared, waldo_mp_value **ret_copy,
                        waldo_error *reterr)
{
    return waldo__cells_copy(&shape, &shared->cells, ret_copy, reterr);
}
