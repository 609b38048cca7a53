/* dict for C programs: one function for what one can do with it, over the generated proxy. */
#include <waldo/dict.h>

#include "types/arguments.h"
#include "types/change.h"
#include "types/handle.h"
#include "waldo/builtins.proxy.h"

/* ---- the object ---- */

int waldo_dict_new(waldo_manager *manager, waldo_dict **ret_dict, waldo_error *reterr)
{
    return waldo_builtin_dict_new(manager, NULL, ret_dict, reterr);
}

int waldo_dict_new_from(waldo_manager *manager, waldo_value *items, waldo_dict **ret_dict,
                        waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictArguments message = WALDO__BUILTIN__DICT_ARGUMENTS__INIT;
    message.iterable = waldo__arguments_add(&arguments, items);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict_new(manager, &message, ret_dict, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

WALDO__DEFINE_HANDLE(dict, dict, dict)

/* ---- a key, and perhaps a value ---- */

typedef int key_call(waldo_dict *dict, const Waldo__Builtin__DictKey *arguments,
                     Waldo__Value **ret_result, waldo_error *reterr);
typedef int default_call(waldo_dict *dict, const Waldo__Builtin__DictDefault *arguments,
                         Waldo__Value **ret_result, waldo_error *reterr);

/* TAKES key, and otherwise if it has one. */
static int with_default(waldo_dict *dict, default_call *call, waldo_value *key, bool has_default,
                        waldo_value *otherwise, waldo_value **ret_value, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictDefault message = WALDO__BUILTIN__DICT_DEFAULT__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    if (has_default)
        message.default_ = waldo__arguments_add(&arguments, otherwise);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = call(dict, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_value, reterr);
}

int waldo_dict_set(waldo_dict *dict, waldo_value *key, waldo_value *value, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictItem message = WALDO__BUILTIN__DICT_ITEM__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    message.value = waldo__arguments_add(&arguments, value);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict___setitem__(dict, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_dict_get(waldo_dict *dict, waldo_value *key, waldo_value **ret_value, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictKey message = WALDO__BUILTIN__DICT_KEY__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict___getitem__(dict, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_value, reterr);
}

int waldo_dict_get_or(waldo_dict *dict, waldo_value *key, waldo_value *otherwise,
                      waldo_value **ret_value, waldo_error *reterr)
{
    return with_default(dict, waldo_builtin_dict_get, key, true, otherwise, ret_value, reterr);
}

int waldo_dict_setdefault(waldo_dict *dict, waldo_value *key, waldo_value *otherwise,
                          waldo_value **ret_value, waldo_error *reterr)
{
    return with_default(dict, waldo_builtin_dict_setdefault, key, true, otherwise, ret_value,
                        reterr);
}

int waldo_dict_pop(waldo_dict *dict, waldo_value *key, waldo_value **ret_value, waldo_error *reterr)
{
    return with_default(dict, waldo_builtin_dict_pop, key, false, NULL, ret_value, reterr);
}

int waldo_dict_pop_or(waldo_dict *dict, waldo_value *key, waldo_value *otherwise,
                      waldo_value **ret_value, waldo_error *reterr)
{
    return with_default(dict, waldo_builtin_dict_pop, key, true, otherwise, ret_value, reterr);
}

int waldo_dict_contains(waldo_dict *dict, waldo_value *key, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictKey message = WALDO__BUILTIN__DICT_KEY__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    Google__Protobuf__BoolValue *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict___contains__(dict, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    if (status < 0)
        return status;
    status = result->value;
    google__protobuf__bool_value__free_unpacked(result, NULL);
    return status;
}

int waldo_dict_delete(waldo_dict *dict, waldo_value *key, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictKey message = WALDO__BUILTIN__DICT_KEY__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict___delitem__(dict, &message, reterr);
    waldo__arguments_end(&arguments);
    return status;
}

int waldo_dict_popitem(waldo_dict *dict, waldo_value **ret_key, waldo_value **ret_value,
                       waldo_error *reterr)
{
    Waldo__Value *result = NULL;
    waldo_value *item;
    waldo_value *key;
    waldo_value *value;
    int status = waldo_builtin_dict_popitem(dict, &result, reterr);
    status = waldo__take_value(status, result, &item, reterr);
    if (status < 0)
        return status;
    status = waldo_value_item(item, 0, &key, reterr);
    if (status >= 0 && (status = waldo_value_item(item, 1, &value, reterr)) < 0)
        waldo_value_unref(key);
    waldo_value_unref(item);
    if (status < 0)
        return status;
    *ret_key = key;
    *ret_value = value;
    return 0;
}

int waldo_dict_add(waldo_dict *dict, waldo_value *key, waldo_value *amount, waldo_value **ret_value,
                   waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictAddition message = WALDO__BUILTIN__DICT_ADDITION__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    message.amount = waldo__arguments_add(&arguments, amount);
    Waldo__Value *result = NULL;
    int status = arguments.status;
    if (status >= 0)
        status = waldo_builtin_dict_add(dict, &message, &result, reterr);
    waldo__arguments_end(&arguments);
    return waldo__take_value(status, result, ret_value, reterr);
}

/* ---- comparing first ---- */

static int take_exchanged(Waldo__Builtin__DictExchanged *exchanged, waldo_value **ret_current,
                          waldo_error *reterr)
{
    waldo_value *current = NULL;
    int status = exchanged->current && ret_current
                     ? waldo_value_from_message(exchanged->current, &current, reterr)
                     : 0;
    if (status >= 0)
        status = exchanged->done;
    waldo__builtin__dict_exchanged__free_unpacked(exchanged, NULL);
    if (status >= 0 && ret_current)
        *ret_current = current;
    return status;
}

/* TAKES what is in the message of arguments. */
static int exchange(waldo_dict *dict, waldo__arguments *arguments,
                    const Waldo__Builtin__DictExchange *message, waldo_value **ret_current)
{
    Waldo__Builtin__DictExchanged *exchanged;
    int status = arguments->status;
    if (status >= 0)
        status = waldo_builtin_dict_compare_and_set(dict, message, &exchanged, arguments->reterr);
    if (status >= 0)
        status = take_exchanged(exchanged, ret_current, arguments->reterr);
    waldo__arguments_end(arguments);
    return status;
}

int waldo_dict_compare_and_set(waldo_dict *dict, waldo_value *key, waldo_value *expected,
                               waldo_value *value, waldo_value **ret_current, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictExchange message = WALDO__BUILTIN__DICT_EXCHANGE__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    message.expected = waldo__arguments_add(&arguments, expected);
    message.desired = waldo__arguments_add(&arguments, value);
    return exchange(dict, &arguments, &message, ret_current);
}

int waldo_dict_insert(waldo_dict *dict, waldo_value *key, waldo_value *value,
                      waldo_value **ret_current, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictExchange message = WALDO__BUILTIN__DICT_EXCHANGE__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    message.desired = waldo__arguments_add(&arguments, value);
    return exchange(dict, &arguments, &message, ret_current);
}

int waldo_dict_compare_and_delete(waldo_dict *dict, waldo_value *key, waldo_value *expected,
                                  waldo_value **ret_current, waldo_error *reterr)
{
    waldo__arguments arguments;
    waldo__arguments_begin(&arguments, reterr);
    Waldo__Builtin__DictExchange message = WALDO__BUILTIN__DICT_EXCHANGE__INIT;
    message.key = waldo__arguments_add(&arguments, key);
    message.expected = waldo__arguments_add(&arguments, expected);
    return exchange(dict, &arguments, &message, ret_current);
}

int waldo_dict_get_or_create(waldo_dict *dict, waldo_value *key, const char *type_id,
                             waldo_value *arguments, waldo_proxy **ret_proxy, waldo_error *reterr)
{
    waldo__arguments messages;
    waldo__arguments_begin(&messages, reterr);
    Waldo__Builtin__DictCreation creation = WALDO__BUILTIN__DICT_CREATION__INIT;
    creation.key = waldo__arguments_add(&messages, key);
    creation.typeid_ = (char *)type_id;
    creation.arguments = waldo__arguments_add(&messages, arguments);
    int status = messages.status;
    if (status >= 0)
        status = waldo_builtin_dict_get_or_create(dict, &creation, ret_proxy, reterr);
    waldo__arguments_end(&messages);
    return status;
}

/* ---- changes ---- */

int waldo_dict_version(waldo_dict *dict, uint64_t *ret_version, waldo_error *reterr)
{
    Google__Protobuf__UInt64Value *result;
    int status = waldo_builtin_dict_version(dict, &result, reterr);
    return waldo__take_uint64(status, result, ret_version);
}

int waldo_dict_wait_changed(waldo_dict *dict, uint64_t since, double timeout, uint64_t *ret_version,
                            waldo_error *reterr)
{
    return waldo__wait_changed(waldo_dict_proxy(dict), &waldo_builtin_dict_type, since, timeout,
                               ret_version, reterr);
}
