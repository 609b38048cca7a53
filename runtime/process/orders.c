/* What a child is told by whoever starts it, under spawn and forkserver. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/descriptor.h"
#include "process/image.h"
#include "process/local.h"

/* ---- telling ---- */

/* A forkserver may have been started elsewhere. */
static waldo_value *directory_for(const waldo_mp_process *process)
{
    char path[4096];
    if (process->method == WALDO_MP_FORKSERVER && getcwd(path, sizeof path))
        return waldo_v(path);
    return waldo_v_none();
}

/* TAKES the parent's handle. */
static waldo_value *describe(const waldo_mp_process *process, const waldo__birth *birth,
                             const char *target)
{
    return waldo_v_fields(
        "target", waldo_v(target), "arguments", waldo_value_ref(process->arguments), "name",
        waldo_v(birth->name), "identity", waldo_v(birth->identity), "daemon",
        waldo_v_bool(birth->daemon), "start_method", waldo_v((int)birth->start_method),
        "parent_name", waldo_v(birth->parent_name), "parent_pid", waldo_v((int)birth->parent_pid),
        "parent", waldo__v_descriptor(birth->parent_handle), "authkey",
        waldo_v_bytes(birth->authkey, sizeof birth->authkey), "directory", directory_for(process));
}

int waldo__orders_of(const waldo_mp_process *process, waldo__orders *ret_orders,
                     waldo_error *reterr)
{
    const char *target;
    waldo__birth birth;
    int status = waldo__target_name(process->target, &target, reterr);
    if (status >= 0)
        status = waldo__birth_of(process, &birth, reterr);
    if (status < 0)
        return status;
    ret_orders->value = describe(process, &birth, target);
    if (!ret_orders->value)
        return waldo_error_set(reterr, WALDO_ENOMEM, "no memory for a process");
    status = waldo__parcel_pack(ret_orders->value, &ret_orders->data, &ret_orders->size,
                                &ret_orders->descriptors, reterr);
    if (status < 0)
        waldo_value_unref(ret_orders->value);
    return status;
}

void waldo__orders_free(waldo__orders *orders)
{
    free(orders->data);
    waldo_value_unref(orders->value);
}

/* ---- being told ---- */

typedef struct reading {
    const waldo_value *orders;
    int status;
    waldo_error *reterr;
} reading;

/* The rest is of no use once something is missing. The value is the orders' own. */
static const waldo_value *field(reading *r, const char *name)
{
    waldo_value *value;
    if (r->status < 0)
        return NULL;
    r->status = waldo_value_dict_get_str(r->orders, name, &value, r->reterr);
    if (r->status < 0)
        return NULL;
    waldo_value_unref(value);
    return value;
}

static const char *text_field(reading *r, const char *name)
{
    const char *text = NULL;
    const waldo_value *value = field(r, name);
    if (value)
        r->status = waldo_value_get_str(value, &text, NULL, r->reterr);
    return text;
}

static int number_field(reading *r, const char *name)
{
    int64_t number = 0;
    const waldo_value *value = field(r, name);
    if (value)
        r->status = waldo_value_get_int64(value, &number, r->reterr);
    return (int)number;
}

static void read_birth(reading *r, waldo__birth *birth)
{
    birth->name = text_field(r, "name");
    birth->identity = text_field(r, "identity");
    birth->start_method = (waldo_mp_method)number_field(r, "start_method");
    birth->parent_name = text_field(r, "parent_name");
    birth->parent_pid = number_field(r, "parent_pid");
    const waldo_value *value = field(r, "daemon");
    if (value)
        r->status = waldo_value_get_bool(value, &birth->daemon, r->reterr);
    const uint8_t *key;
    size_t size = 0;
    value = field(r, "authkey");
    if (value)
        r->status = waldo_value_get_bytes(value, &key, &size, r->reterr);
    if (r->status >= 0 && size == sizeof birth->authkey)
        memcpy(birth->authkey, key, size);
    value = field(r, "parent");
    if (value)
        r->status = waldo_mp_descriptor_from_value(value, &birth->parent_handle, r->reterr);
}

static int begin(waldo_value *told, waldo_mp_function **ret_target, waldo_value **ret_arguments,
                 waldo_error *reterr)
{
    waldo__birth birth = {0};
    reading r = {told, 0, reterr};
    const char *target = text_field(&r, "target");
    read_birth(&r, &birth);
    const waldo_value *directory = field(&r, "directory");
    const char *path;
    if (directory && waldo_value_get_str(directory, &path, NULL, NULL) >= 0 && chdir(path) < 0)
        r.status = waldo_error_system(reterr, errno, "%s", path);
    if (r.status >= 0)
        r.status = waldo__become(&birth, reterr);
    if (r.status >= 0)
        r.status = waldo__target_named(target, ret_target, reterr);
    if (r.status < 0)
        return r.status;
    waldo_value *key = waldo_v("arguments");
    if (!key)
        return waldo_error_set(reterr, WALDO_ENOMEM, "out of memory");
    r.status = waldo_value_dict_pop(told, key, ret_arguments, reterr);
    waldo_value_unref(key);
    return r.status;
}

/* Names in it are this process's. */
static waldo_value *orders;

int waldo__carry_out(const uint8_t *data, size_t size, waldo__descriptors *descriptors)
{
    waldo_error err = WALDO_ERROR_INIT;
    waldo_value *arguments;
    waldo_mp_function *target;
    int status = waldo__parcel_unpack(data, size, descriptors, &orders, &err);
    if (status >= 0)
        status = begin(orders, &target, &arguments, &err);
    if (status < 0)
        return waldo__report(&err);
    status = waldo__run_target(target, arguments);
    waldo_value_unref(arguments);
    return status;
}
