/* list for C programs: one function for what one can do with it, over the generated proxy. */
#include <waldo/list.h>

#include "types/arguments.h"
#include "types/change.h"
#include "types/handle.h"
#include "types/results.h"
#include "value/layout.h"
#include "waldo/builtins.proxy.h"

enum { LARGEST_BATCH = 256 };

/* ---- the object ---- */

int waldo_list_new(waldo_manager *manager, waldo_list **ret_list, waldo_error *reterr)
{
    return waldo_builtin_list_new(manager, NULL, ret_list, reterr);
}

int waldo_list_new_from(waldo_manager *manager, waldo_value *items, waldo_list **ret_list,
                        waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListArguments message = WALDO__BUILTIN__LIST_ARGUMENTS__INIT;
    message.iterable = waldo__arguments_add(&arguments, items);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list_new(manager, &message, ret_list, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

WALDO__DEFINE_HANDLE(list, list, list)

/* ---- Calls that take an index or a slice; all of these TAKE it, and the value ---- */

typedef int get_call(waldo_list *list, const Waldo__Builtin__ListIndex *arguments,
                     Waldo__Value **ret_result, waldo_error *reterr);

static int get_at(waldo_list *list, get_call *call, waldo_value *index, waldo_value **ret_value,
                  waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListIndex message = WALDO__BUILTIN__LIST_INDEX__INIT;
    message.index = waldo__arguments_add(&arguments, index);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = call(list, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_value, reterr);
}

static int set_at(waldo_list *list, waldo_value *index, waldo_value *value, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListAssignment message = WALDO__BUILTIN__LIST_ASSIGNMENT__INIT;
    message.index = waldo__arguments_add(&arguments, index);
    message.value = waldo__arguments_add(&arguments, value);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list___setitem__(list, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

static int delete_at(waldo_list *list, waldo_value *index, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListIndex message = WALDO__BUILTIN__LIST_INDEX__INIT;
    message.index = waldo__arguments_add(&arguments, index);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list___delitem__(list, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_list_get(waldo_list *list, int64_t index, waldo_value **ret_item, waldo_error *reterr)
{
    return get_at(list, waldo_builtin_list___getitem__, waldo_v(index), ret_item, reterr);
}

int waldo_list_get_slice(waldo_list *list, int64_t start, int64_t stop, int64_t step,
                         waldo_value **ret_items, waldo_error *reterr)
{
    return get_at(list, waldo_builtin_list___getitem__, waldo_v_slice(start, stop, step), ret_items,
                  reterr);
}

int waldo_list_pop(waldo_list *list, int64_t index, waldo_value **ret_item, waldo_error *reterr)
{
    return get_at(list, waldo_builtin_list_pop, waldo_v(index), ret_item, reterr);
}

int waldo_list_pop_many(waldo_list *list, int64_t start, int64_t stop, waldo_value **ret_items,
                        waldo_error *reterr)
{
    return get_at(list, waldo_builtin_list_pop_many, waldo_v_slice(start, stop, WALDO_OMIT),
                  ret_items, reterr);
}

int waldo_list_set(waldo_list *list, int64_t index, waldo_value *item, waldo_error *reterr)
{
    return set_at(list, waldo_v(index), item, reterr);
}

int waldo_list_set_slice(waldo_list *list, int64_t start, int64_t stop, int64_t step,
                         waldo_value *items, waldo_error *reterr)
{
    return set_at(list, waldo_v_slice(start, stop, step), items, reterr);
}

int waldo_list_delete(waldo_list *list, int64_t index, waldo_error *reterr)
{
    return delete_at(list, waldo_v(index), reterr);
}

int waldo_list_delete_slice(waldo_list *list, int64_t start, int64_t stop, int64_t step,
                            waldo_error *reterr)
{
    return delete_at(list, waldo_v_slice(start, stop, step), reterr);
}

int waldo_list_insert(waldo_list *list, int64_t index, waldo_value *item, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListInsertion message = WALDO__BUILTIN__LIST_INSERTION__INIT;
    message.index = waldo__arguments_add(&arguments, waldo_v(index));
    message.object = waldo__arguments_add(&arguments, item);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list_insert(list, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

/* ---- Calls that take one value ---- */

typedef int change_call(waldo_list *list, const Waldo__Builtin__ListObject *arguments,
                        waldo_error *reterr);

static int change_by(waldo_list *list, change_call *call, waldo_value *object, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListObject message = WALDO__BUILTIN__LIST_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, object);
    int status = arguments.status;
    if (status >= 0)
        status = call(list, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_list_append(waldo_list *list, waldo_value *item, waldo_error *reterr)
{
    return change_by(list, waldo_builtin_list_append, item, reterr);
}

int waldo_list_extend(waldo_list *list, waldo_value *items, waldo_error *reterr)
{
    return change_by(list, waldo_builtin_list_extend, items, reterr);
}

int waldo_list_remove(waldo_list *list, waldo_value *item, waldo_error *reterr)
{
    return change_by(list, waldo_builtin_list_remove, item, reterr);
}

int waldo_list_add(waldo_list *list, waldo_value *other, waldo_value **ret_list,
                   waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListObject message = WALDO__BUILTIN__LIST_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, other);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list___add__(list, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_list, reterr);
}

int waldo_list_contains(waldo_list *list, waldo_value *item, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListObject message = WALDO__BUILTIN__LIST_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, item);
    Google__Protobuf__BoolValue *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list___contains__(list, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_truth(status, result);
}

int waldo_list_count(waldo_list *list, waldo_value *item, size_t *ret_count, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListObject message = WALDO__BUILTIN__LIST_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, item);
    Google__Protobuf__UInt64Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list_count(list, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_size(status, result, ret_count);
}

int waldo_list_index(waldo_list *list, waldo_value *item, int64_t start, int64_t stop,
                     size_t *ret_index, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListSearch message = WALDO__BUILTIN__LIST_SEARCH__INIT;
    message.value = waldo__arguments_add(&arguments, item);
    if (start != WALDO_OMIT)
        message.start = waldo__arguments_add(&arguments, waldo_v(start));
    if (stop != WALDO_OMIT)
        message.stop = waldo__arguments_add(&arguments, waldo_v(stop));
    Google__Protobuf__UInt64Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list_index(list, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_size(status, result, ret_index);
}

/* ---- The whole list ---- */

int waldo_list_length(waldo_list *list, size_t *ret_length, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_list___len__(list, &result, reterr);
    return waldo__take_size(status, result, ret_length);
}

int waldo_list_clear(waldo_list *list, waldo_error *reterr)
{
    return waldo_builtin_list_clear(list, reterr);
}

int waldo_list_reverse(waldo_list *list, waldo_error *reterr)
{
    return waldo_builtin_list_reverse(list, reterr);
}

int waldo_list_repeat(waldo_list *list, int64_t times, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListObject message = WALDO__BUILTIN__LIST_OBJECT__INIT;
    message.object = waldo__arguments_add(&arguments, waldo_v(times));
    waldo_list *same = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list___imul__(list, &message, &same, reterr);
    waldo__arguments_end(&arguments);
    waldo_list_unref(same);
    return status;
}

int waldo_list_sort(waldo_list *list, bool reverse, waldo_error *reterr)
{
    Waldo__Builtin__ListOrder message = WALDO__BUILTIN__LIST_ORDER__INIT;
    message.reverse = reverse;
    return waldo_builtin_list_sort(list, &message, reterr);
}

int waldo_list_sort_by(waldo_list *list, waldo_value *key, bool reverse, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__ListOrder message = WALDO__BUILTIN__LIST_ORDER__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    message.reverse = reverse;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_list_sort(list, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_list_copy(waldo_list *list, waldo_value **ret_copy, waldo_error *reterr)
{
    Waldo__Value *result = NULL;
    int status = waldo_builtin_list_copy(list, &result, reterr);
    return waldo__take_value(status, result, ret_copy, reterr);
}

/* ---- Changes ---- */

int waldo_list_version(waldo_list *list, uint64_t *ret_version, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result = NULL;
    int status = waldo_builtin_list_version(list, &result, reterr);
    return waldo__take_uint64(status, result, ret_version);
}

int waldo_list_wait_changed(waldo_list *list, uint64_t since, double timeout, uint64_t *ret_version,
                            waldo_error *reterr)
{
    return waldo__wait_changed(waldo_list_proxy(list), &waldo_builtin_list_type, since, timeout,
                               ret_version, reterr);
}

/* ---- Iteration ---- */

static size_t batch_size(const waldo_list_cursor *cursor)
{
    size_t count = 0;
    if (cursor->items)
        waldo__items(cursor->items, &count);
    return count;
}

static int fetch(waldo_list_cursor *cursor, waldo_error *reterr)
{
    int64_t wanted = cursor->index < LARGEST_BATCH ? cursor->index + 1 : LARGEST_BATCH;
    waldo_value *items;
    int status = waldo_list_get_slice(cursor->list, cursor->index, cursor->index + wanted,
                                      WALDO_OMIT, &items, reterr);
    if (status < 0)
        return status;
    waldo_value_unref(cursor->items);
    cursor->items = items;
    cursor->next = 0;
    cursor->index += (int64_t)batch_size(cursor);
    cursor->last = (int64_t)batch_size(cursor) < wanted;
    return 0;
}

int waldo_list_next(waldo_list_cursor *cursor, const waldo_value **ret_item, waldo_error *reterr)
{
    if (cursor->next == batch_size(cursor)) {
        int status = cursor->last ? 0 : fetch(cursor, reterr);
        if (status < 0 || cursor->next == batch_size(cursor))
            return status;
    }
    size_t count;
    *ret_item = waldo__items(cursor->items, &count)[cursor->next++];
    return 1;
}

void waldo_list_end(waldo_list_cursor *cursor)
{
    waldo_value_unref(cursor->items);
    *cursor = waldo_list_begin(cursor->list);
}
