/* dict for C programs: many items at once, and one after the other. */
#include <waldo/dict.h>
#include <waldo/value_methods.h>

#include "types/arguments.h"
#include "types/change.h"
#include "value/layout.h"
#include "waldo/builtins.proxy.h"

/* So many items come in one trip. */
enum { BATCH = 1024 };

/* ---- all items ---- */

typedef int value_call(waldo_dict *dict, Waldo__Value **ret_result, waldo_error *reterr);

static int get_value(waldo_dict *dict, value_call *call, waldo_value **ret_value,
                     waldo_error *reterr)
{
    Waldo__Value *result = NULL;
    int status = call(dict, &result, reterr);
    return waldo__take_value(status, result, ret_value, reterr);
}

int waldo_dict_copy(waldo_dict *dict, waldo_value **ret_copy, waldo_error *reterr)
{
    return get_value(dict, waldo_builtin_dict_copy, ret_copy, reterr);
}

int waldo_dict_keys(waldo_dict *dict, waldo_value **ret_keys, waldo_error *reterr)
{
    return get_value(dict, waldo_builtin_dict_keys, ret_keys, reterr);
}

int waldo_dict_values(waldo_dict *dict, waldo_value **ret_values, waldo_error *reterr)
{
    return get_value(dict, waldo_builtin_dict_values, ret_values, reterr);
}

int waldo_dict_items(waldo_dict *dict, waldo_value **ret_items, waldo_error *reterr)
{
    return get_value(dict, waldo_builtin_dict_items, ret_items, reterr);
}

int waldo_dict_length(waldo_dict *dict, size_t *ret_length, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result;
    uint64_t length;
    int status = waldo_builtin_dict___len__(dict, &result, reterr);
    status = waldo__take_uint64(status, result, &length);
    if (status >= 0)
        *ret_length = (size_t)length;
    return status;
}

int waldo_dict_clear(waldo_dict *dict, waldo_error *reterr)
{
    return waldo_builtin_dict_clear(dict, reterr);
}

int waldo_dict_update(waldo_dict *dict, waldo_value *items, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictArguments message = WALDO__BUILTIN__DICT_ARGUMENTS__INIT;
    message.iterable = waldo__arguments_add(&arguments, items);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict_update(dict, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_dict_or(waldo_dict *dict, waldo_value *other, waldo_value **ret_dict, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictOther message = WALDO__BUILTIN__DICT_OTHER__INIT;
    message.value = waldo__arguments_add(&arguments, other);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict___or__(dict, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_dict, reterr);
}

/* ---- some items ---- */

typedef int keys_call(waldo_dict *dict, const Waldo__Builtin__DictKeys *arguments,
                      Waldo__Value **ret_result, waldo_error *reterr);

static int take_many(waldo_dict *dict, keys_call *call, waldo_value *keys, waldo_value **ret_items,
                     waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictKeys message = WALDO__BUILTIN__DICT_KEYS__INIT;
    message.keys = waldo__arguments_add(&arguments, keys);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = call(dict, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_items, reterr);
}

int waldo_dict_get_many(waldo_dict *dict, waldo_value *keys, waldo_value **ret_items,
                        waldo_error *reterr)
{
    return take_many(dict, waldo_builtin_dict_get_many, keys, ret_items, reterr);
}

int waldo_dict_pop_many(waldo_dict *dict, waldo_value *keys, waldo_value **ret_items,
                        waldo_error *reterr)
{
    return take_many(dict, waldo_builtin_dict_pop_many, keys, ret_items, reterr);
}

int waldo_dict_popitems(waldo_dict *dict, size_t most, waldo_value **ret_items, waldo_error *reterr)
{
    Waldo__Builtin__DictCount message = WALDO__BUILTIN__DICT_COUNT__INIT;
    message.count = most;
    Waldo__Value *result = NULL;
    int status = waldo_builtin_dict_popitems(dict, &message, &result, reterr);
    return waldo__take_value(status, result, ret_items, reterr);
}

/* ---- iteration ---- */

static void drop_batch(waldo_dict_cursor *cursor)
{
    cursor->keys = waldo_value_unref(cursor->keys);
    cursor->values = waldo_value_unref(cursor->values);
    cursor->next = 0;
}

void waldo_dict_end(waldo_dict_cursor *cursor)
{
    drop_batch(cursor);
    *cursor = waldo_dict_begin(cursor->dict);
}

/* A list, which may have come as an array. */
static int take_column(const Waldo__Value *message, waldo_value **ret_list, waldo_error *reterr)
{
    waldo_value *column;
    int status = waldo_value_from_message(message, &column, reterr);
    if (status < 0)
        return status;
    if (waldo_value_kind(column) == WALDO_KIND_LIST) {
        *ret_list = column;
        return 0;
    }
    status = waldo_value_to_list(column, ret_list, reterr);
    waldo_value_unref(column);
    return status;
}

static int take_batch(waldo_dict_cursor *cursor, const Waldo__Builtin__DictBatch *batch,
                      waldo_error *reterr)
{
    size_t keys = 0;
    size_t values = 0;
    drop_batch(cursor);
    int status = take_column(batch->keys, &cursor->keys, reterr);
    if (status >= 0)
        status = take_column(batch->values, &cursor->values, reterr);
    if (status < 0)
        return status;
    waldo__items(cursor->keys, &keys);
    waldo__items(cursor->values, &values);
    if (keys != values)
        return waldo_error_set(reterr, WALDO_EPROTOCOL,
                               "a batch with more keys than values, or fewer");
    cursor->position = batch->position;
    cursor->shape = batch->shape;
    cursor->last = keys < BATCH;
    return 0;
}

static int fetch(waldo_dict_cursor *cursor, waldo_error *reterr)
{
    Waldo__Builtin__DictPosition from = WALDO__BUILTIN__DICT_POSITION__INIT;
    from.position = cursor->position;
    from.shape = cursor->shape;
    from.count = BATCH;
    Waldo__Builtin__DictBatch *batch;
    int status = waldo_builtin_dict_next_items(cursor->dict, &from, &batch, reterr);
    if (status < 0)
        return status;
    status = take_batch(cursor, batch, reterr);
    if (status < 0)
        drop_batch(cursor);
    waldo__builtin__dict_batch__free_unpacked(batch, NULL);
    return status;
}

static size_t batch_size(const waldo_dict_cursor *cursor)
{
    size_t count = 0;
    if (cursor->keys)
        waldo__items(cursor->keys, &count);
    return count;
}

int waldo_dict_next(waldo_dict_cursor *cursor, const waldo_value **ret_key,
                    const waldo_value **ret_value, waldo_error *reterr)
{
    if (cursor->next == batch_size(cursor)) {
        int status = cursor->last ? 0 : fetch(cursor, reterr);
        if (status < 0 || cursor->next == batch_size(cursor))
            return status;
    }
    size_t count;
    size_t next = cursor->next++;
    *ret_key = waldo__items(cursor->keys, &count)[next];
    if (ret_value)
        *ret_value = waldo__items(cursor->values, &count)[next];
    return 1;
}
