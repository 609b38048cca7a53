/* dict: objects whose proxies are its values. */
#include "server_internal.h"
#include "types/dict.h"
#include "types/other.h"
#include "value/message.h"
#include "value/reference.h"

enum { MAX_TYPEID_SHOWN = 64 };

/* The object that a value names, with a pin. */
static int object_of(waldo_call *call, const waldo_value *value, waldo__object **ret_object)
{
    const waldo__reference *reference = waldo__value_reference(value);
    if (!reference)
        return waldo_call_raise(call, WALDO_ETYPE, "a '%s' is no proxy",
                                waldo_value_type_name(value));
    Waldo__Ref ref = WALDO__REF__INIT;
    ref.incarnation = reference->incarnation;
    ref.object = reference->object;
    return waldo__other_find(call, &ref, NULL, NULL, ret_object);
}

/* A value that names the object, and keeps it. */
static int value_of(waldo_call *call, waldo__object *object, waldo_value **ret_value)
{
    Waldo__Ref ref = WALDO__REF__INIT;
    ref.incarnation = call->server->incarnation;
    ref.object = object->id;
    ref.typeid_ = object->type->type_id;
    ref.address = (char *)waldo_server_address(call->server);
    return waldo__reference_from_message(&ref, ret_value, call->reterr);
}

static int create(waldo_call *call, const Waldo__Builtin__DictCreation *creation,
                  waldo__object **ret_object)
{
    const waldo__type *type = waldo__registry_find(call->server->registry, creation->typeid_);
    if (!type)
        return waldo_call_raise(call, WALDO_EKEY, "this server offers no type '%.*s'",
                                MAX_TYPEID_SHOWN, creation->typeid_);
    waldo_value *arguments = NULL;
    int status = waldo__call_may_create(call, type);
    if (status >= 0)
        status = waldo__optional_argument(call, creation->arguments, &arguments);
    if (status < 0)
        return status;
    if (!arguments)
        arguments = waldo_v_none();
    status = waldo__call_construct_from(call, type, arguments, ret_object);
    waldo_value_unref(arguments);
    return status;
}

static int find(waldo__shared_dict *dict, waldo_call *call, const waldo_value *key,
                waldo_value **ret_value)
{
    waldo__cell_enter(&dict->cell);
    int status = waldo_value_dict_get(dict->cell.value, key, ret_value, call->reterr);
    waldo__cell_leave(&dict->cell);
    return status;
}

/* 1: put in; 0: another value is there, *ret_value. */
static int insert(waldo__shared_dict *dict, waldo_call *call, const waldo_value *key,
                  const waldo_value *made, waldo_value **ret_value)
{
    waldo__cell_enter(&dict->cell);
    int status = waldo_value_dict_get(dict->cell.value, key, ret_value, call->reterr);
    if (status != WALDO_EKEY) {
        waldo__cell_leave(&dict->cell);
        return status;
    }
    status = waldo_value_dict_set(dict->cell.value, waldo_value_ref(key), waldo_value_ref(made),
                                  call->reterr);
    status = waldo__dict_leave(dict, status);
    return status < 0 ? status : 1;
}

/* The same with a new object, *ret_object. The constructor, which may be anybody's, runs without
 * the cell, so that a transaction may have set the key when it is done. */
static int insert_new(waldo__shared_dict *dict, waldo_call *call, const waldo_value *key,
                      const Waldo__Builtin__DictCreation *creation, waldo__object **ret_object,
                      waldo_value **ret_value)
{
    waldo__object *made;
    waldo_value *value = NULL;
    int status = create(call, creation, &made);
    if (status < 0)
        return status;
    status = value_of(call, made, &value);
    if (status >= 0)
        status = insert(dict, call, key, value, ret_value);
    if (status == 1)
        *ret_object = made;
    else
        waldo__other_release(made);
    waldo_value_unref(value);
    return status;
}

int waldo__dict_get_or_create(void *self, waldo_call *call,
                              const Waldo__Builtin__DictCreation *arguments,
                              waldo_export *ret_proxy)
{
    waldo_value *key;
    waldo_value *value = NULL;
    int status = waldo__argument(call, arguments->key, "key", &key);
    if (status < 0)
        return status;
    status = find(self, call, key, &value);
    if (status == WALDO_EKEY)
        status = insert_new(self, call, key, arguments, &ret_proxy->object, &value);
    if (status == 0)
        status = object_of(call, value, &ret_proxy->object);
    waldo_value_unref(value);
    waldo_value_unref(key);
    return status < 0 ? status : 0;
}
