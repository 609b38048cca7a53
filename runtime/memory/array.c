#include <stdlib.h>
#include <string.h>

#include "memory/cell.h"
#include "memory/cells.h"
#include "memory/classes.h"

struct waldo_mp_array {
    waldo__cells cells;
};

static const waldo__shape shape = {
    .tag = WALDO__TAG('A', 'R', 'R', 'Y'),
    .object_size = sizeof(waldo_mp_array),
    .state_size = sizeof(waldo__cells_state),
    .reduce_more = waldo__cells_reduce,
    .rebuild_more = waldo__cells_rebuild,
    .dispose = waldo__cells_dispose,
};

WALDO__SHARED_TYPE(array, "Array", &shape);

int waldo_mp_array_new_of(size_t size, size_t count, const waldo_mp_locking *locking,
                          waldo_mp_array **ret_shared, waldo_error *reterr)
{
    return waldo__cells_new(&shape, 0, size, count, locking, ret_shared, reterr);
}

/* How many items there are in a list, tuple, array or bytes. */
static int count_items(const waldo_value *items, size_t *ret_count, waldo_error *reterr)
{
    switch (waldo_value_kind(items)) {
    case WALDO_KIND_LIST:
    case WALDO_KIND_TUPLE:
    case WALDO_KIND_ARRAY:
    case WALDO_KIND_BYTES:
        return waldo_value_length(items, ret_count, reterr);
    default:
        return waldo_error_set(reterr, WALDO_ETYPE, "'%s' object is not a sequence of items",
                               waldo_value_type_name(items));
    }
}

static int item_at(const waldo_value *items, size_t index, waldo_value **ret_item,
                   waldo_error *reterr)
{
    const uint8_t *bytes;
    size_t size;
    switch (waldo_value_kind(items)) {
    case WALDO_KIND_ARRAY:
        return waldo_value_array_get(items, (int64_t)index, ret_item, reterr);
    case WALDO_KIND_BYTES:
        if (waldo_value_get_bytes(items, &bytes, &size, reterr) < 0)
            return WALDO_ETYPE;
        *ret_item = waldo_v_bytes(bytes + index, 1);
        return *ret_item ? 0 : waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    default:
        return waldo_value_item(items, (int64_t)index, ret_item, reterr);
    }
}

/* With the lock. */
static int store_items(waldo__cells *cells, size_t first, const waldo_value *items, size_t count,
                       waldo_error *reterr)
{
    for (size_t i = 0; i < count; ++i) {
        waldo_value *item = NULL;
        int status = item_at(items, i, &item, reterr);
        if (status >= 0)
            status = waldo__cell_set(cells->typecode, cells->data + (first + i) * cells->size,
                                     cells->size, item, reterr);
        waldo_value_unref(item);
        if (status < 0)
            return status;
    }
    return 0;
}

/* An int says how many zeros. */
static int size_of(const waldo_value *items, size_t *ret_count, waldo_error *reterr)
{
    int64_t count;
    if (waldo_value_kind(items) != WALDO_KIND_INT)
        return count_items(items, ret_count, reterr);
    int status = waldo_value_get_int64(items, &count, reterr);
    if (status < 0)
        return status;
    if (count < 0)
        return waldo_error_set(reterr, WALDO_EVALUE, "Array must have a non-negative size");
    *ret_count = (size_t)count;
    return 0;
}

int waldo_mp_array_new(char typecode, waldo_value *items, const waldo_mp_locking *locking,
                       waldo_mp_array **ret_shared, waldo_error *reterr)
{
    waldo__cells *cells = NULL;
    size_t count = 0;
    if (!items)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = typecode ? size_of(items, &count, reterr)
                          : waldo_error_set(reterr, WALDO_ETYPE, "bad typecode");
    if (status >= 0)
        status = waldo__cells_new(&shape, typecode, 0, count, locking, &cells, reterr);
    if (status >= 0 && waldo_value_kind(items) != WALDO_KIND_INT)
        status = store_items(cells, 0, items, count, reterr);
    waldo_value_unref(items);
    if (status < 0)
        waldo__shared_unref(&shape, cells);
    else
        *ret_shared = (waldo_mp_array *)cells;
    return status;
}

size_t waldo_mp_array_length(const waldo_mp_array *shared)
{
    return shared->cells.count;
}

static int resolve(const waldo__cells *cells, int64_t *index, waldo_error *reterr)
{
    if (*index < 0)
        *index += (int64_t)cells->count;
    if (*index < 0 || (uint64_t)*index >= cells->count)
        return waldo_error_set(reterr, WALDO_EINDEX, "invalid index");
    return 0;
}

int waldo_mp_array_get(const waldo_mp_array *shared, int64_t index, waldo_value **ret_item,
                       waldo_error *reterr)
{
    int status = resolve(&shared->cells, &index, reterr);
    return status < 0 ? status : waldo__cells_get(&shared->cells, (size_t)index, ret_item, reterr);
}

int waldo_mp_array_set(waldo_mp_array *shared, int64_t index, waldo_value *item,
                       waldo_error *reterr)
{
    int status = resolve(&shared->cells, &index, reterr);
    if (status < 0) {
        waldo_value_unref(item);
        return status;
    }
    return waldo__cells_set(&shared->cells, (size_t)index, item, reterr);
}

static size_t clamp(int64_t index, size_t count)
{
    if (index < 0)
        index += (int64_t)count;
    if (index < 0)
        return 0;
    return (uint64_t)index < count ? (size_t)index : count;
}

/* start and how many. */
static void slice(const waldo__cells *cells, int64_t start, int64_t stop, size_t *ret_first,
                  size_t *ret_count)
{
    size_t first = clamp(start, cells->count);
    size_t end = clamp(stop, cells->count);
    *ret_first = first;
    *ret_count = end > first ? end - first : 0;
}

static int add_item(const waldo__cells *cells, size_t index, waldo_value **into,
                    waldo_error *reterr)
{
    waldo_value *item = NULL;
    int status = waldo__cell_get(cells->typecode, cells->data + index * cells->size, cells->size,
                                 &item, reterr);
    if (status < 0)
        return status;
    if (cells->typecode != 'u')
        return waldo_value_list_append(*into, item, reterr);
    waldo_value *joined = NULL;
    status = waldo_value_add(*into, item, &joined, reterr);
    waldo_value_unref(item);
    if (status >= 0) {
        waldo_value_unref(*into);
        *into = joined;
    }
    return status;
}

/* With the lock. */
static int collect(const waldo__cells *cells, size_t first, size_t count, waldo_value **ret_items,
                   waldo_error *reterr)
{
    waldo_value *items = NULL;
    if (cells->typecode == 'c')
        items = waldo_v_bytes(cells->data + first, count);
    else
        items = cells->typecode == 'u' ? waldo_v_str("") : waldo_v_list();
    if (!items)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    int status = 0;
    for (size_t i = 0; cells->typecode != 'c' && status >= 0 && i < count; ++i)
        status = add_item(cells, first + i, &items, reterr);
    if (status < 0)
        waldo_value_unref(items);
    else
        *ret_items = items;
    return status;
}

int waldo_mp_array_get_slice(const waldo_mp_array *shared, int64_t start, int64_t stop,
                             waldo_value **ret_items, waldo_error *reterr)
{
    const waldo__cells *cells = &shared->cells;
    size_t first;
    size_t count;
    slice(cells, start, stop, &first, &count);
    int status = waldo__any_lock_acquire(&cells->lock, WALDO_FOREVER, reterr);
    if (status < 0)
        return status;
    status = collect(cells, first, count, ret_items, reterr);
    int released = waldo__any_lock_release(&cells->lock, NULL);
    (void)released; /* it was acquired above */
    return status < 0 ? status : 0;
}

int waldo_mp_array_set_slice(waldo_mp_array *shared, int64_t start, int64_t stop,
                             waldo_value *items, waldo_error *reterr)
{
    waldo__cells *cells = &shared->cells;
    size_t first;
    size_t count;
    size_t given = 0;
    if (!items)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    slice(cells, start, stop, &first, &count);
    int status = count_items(items, &given, reterr);
    if (status >= 0 && given != count)
        status = waldo_error_set(reterr, WALDO_EVALUE, "Can only assign sequence of same size");
    if (status >= 0)
        status = waldo__any_lock_acquire(&cells->lock, WALDO_FOREVER, reterr);
    if (status > 0) {
        status = store_items(cells, first, items, count, reterr);
        int released = waldo__any_lock_release(&cells->lock, NULL);
        (void)released; /* it was acquired above */
    }
    waldo_value_unref(items);
    return status;
}

int waldo_mp_array_get_text(const waldo_mp_array *shared, waldo_value **ret_bytes,
                            waldo_error *reterr)
{
    const waldo__cells *cells = &shared->cells;
    if (cells->typecode != 'c')
        return waldo_error_set(reterr, WALDO_EATTRIBUTE, "only an array of 'c' has a text");
    int status = waldo__any_lock_acquire(&cells->lock, WALDO_FOREVER, reterr);
    if (status < 0)
        return status;
    size_t size = strnlen((const char *)cells->data, cells->count);
    waldo_value *bytes = waldo_v_bytes(cells->data, size);
    status = waldo__any_lock_release(&cells->lock, reterr);
    if (status >= 0 && !bytes)
        status = waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    if (status >= 0)
        *ret_bytes = bytes;
    else
        waldo_value_unref(bytes);
    return status;
}

void *waldo_mp_array_data(waldo_mp_array *shared)
{
    return shared->cells.data;
}

int waldo_mp_array_acquire(waldo_mp_array *shared, double timeout, waldo_error *reterr)
{
    return waldo__any_lock_acquire(&shared->cells.lock, timeout, reterr);
}

int waldo_mp_array_release(waldo_mp_array *shared, waldo_error *reterr)
{
    return waldo__any_lock_release(&shared->cells.lock, reterr);
}

int waldo_mp_array_copy(const waldo_mp_array *shared, waldo_mp_array **ret_copy,
                        waldo_error *reterr)
{
    return waldo__cells_copy(&shape, &shared->cells, ret_copy, reterr);
}
