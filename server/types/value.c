/* Value: one value of any kind, with a typecode that nobody enforces (row H9). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/builtins.h"

struct shared_value {
    char *typecode;
    waldo_value *value;
};

static void destroy(void *self)
{
    struct shared_value *shared = self;
    waldo_value_unref(shared->value);
    free(shared->typecode);
    free(shared);
}

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__ValueArguments *arguments, void **ret_self)
{
    (void)type_data;
    waldo_error error;
    waldo_value *value;
    int status = waldo_value_from_message(arguments->value, &value, &error);
    if (status < 0)
        return waldo_call_raise(call, status, "%s", error.message);
    struct shared_value *shared = calloc(1, sizeof *shared);
    char *typecode = strdup(arguments->typecode);
    if (!shared || !typecode) {
        free(shared);
        free(typecode);
        waldo_value_unref(value);
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a Value");
    }
    *shared = (struct shared_value){typecode, value};
    *ret_self = shared;
    return 0;
}

static int get(void *self, waldo_call *call, Waldo__Value *result)
{
    struct shared_value *shared = self;
    return waldo_call_set_value(call, result, waldo_value_ref(shared->value));
}

static int set(void *self, waldo_call *call, const Waldo__Value *arguments)
{
    struct shared_value *shared = self;
    waldo_error error;
    waldo_value *value;
    int status = waldo_value_from_message(arguments, &value, &error);
    if (status < 0)
        return waldo_call_raise(call, status, "%s", error.message);
    waldo_value_unref(shared->value);
    shared->value = value;
    return 0;
}

/* Value('i', 1) */
static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    struct shared_value *shared = self;
    char *value = waldo_value_repr(shared->value);
    waldo_value *typecode = waldo_v_str(shared->typecode);
    char *quoted = typecode ? waldo_value_repr(typecode) : NULL;
    char *text = NULL;
    if (!value || !quoted || asprintf(&text, "Value(%s, %s)", quoted, value) < 0)
        text = NULL;
    waldo_value *result = text ? waldo_v_str(text) : NULL;
    waldo_value_unref(typecode);
    free(text);
    free(quoted);
    free(value);
    if (!result)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
    *ret_text = result;
    return 0;
}

const struct waldo_builtin_value_ops waldo__value_ops = {
    .create = create,
    .get = get,
    .set = set,
    .destroy = destroy,
    .repr = repr,
};
