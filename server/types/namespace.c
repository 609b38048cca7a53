/* Namespace: attributes that several clients share (row H8). Names that begin with '_' never come
 * here: they are the proxy's own. */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "types/builtins.h"
#include "types/container.h"
#include "types/iterable.h"
#include "value/dict.h"
#include "value/layout.h"
#include "value/text.h"

static int create(void *type_data, waldo_call *call,
                  const Waldo__Builtin__NamespaceArguments *arguments, void **ret_self)
{
    (void)type_data;
    waldo_value *attributes = waldo_v_dict();
    int status = attributes ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    for (size_t i = 0; i < arguments->n_kwargs && status >= 0; i++)
        status = waldo__keyword_argument(call, arguments->kwargs[i]->key,
                                         arguments->kwargs[i]->value, attributes);
    if (status >= 0)
        return waldo__cell_new(call, attributes, ret_self);
    waldo_value_unref(attributes);
    return status;
}

static int no_attribute(waldo_call *call, const char *name)
{
    return waldo_call_raise(call, WALDO_EATTRIBUTE, "'Namespace' object has no attribute '%s'",
                            name);
}

static int getattribute(void *self, waldo_call *call, const Waldo__AttributeName *arguments,
                        Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *value = NULL;
    waldo__cell_enter(cell);
    int status = waldo_value_dict_get_str(cell->value, arguments->name, &value, call->reterr);
    waldo__cell_leave(cell);
    if (status == WALDO_EKEY)
        return no_attribute(call, arguments->name);
    return waldo__answer(call, status, result, value);
}

static int setattr(void *self, waldo_call *call, const Waldo__Attribute *arguments)
{
    waldo__cell *cell = self;
    waldo_value *value;
    int status = waldo__argument(call, arguments->value, "value", &value);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_dict_set(cell->value, waldo_v_str(arguments->name), value, call->reterr);
    return waldo__cell_leave_changed(cell, status);
}

static int delattr(void *self, waldo_call *call, const Waldo__AttributeName *arguments)
{
    waldo__cell *cell = self;
    waldo_value *name = waldo_v_str(arguments->name);
    if (!name)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    waldo__cell_enter(cell);
    int status = waldo_value_dict_pop(cell->value, name, NULL, call->reterr);
    status = waldo__cell_leave_changed(cell, status);
    waldo_value_unref(name);
    return status == WALDO_EKEY ? no_attribute(call, arguments->name) : status;
}

/* ---- Namespace(a=1, b=2) ---- */

static int by_text(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* "a=1" for each attribute that is not private, sorted. NULL: out of memory. */
static char **lines_of(const waldo_value *attributes, size_t *ret_count)
{
    size_t count = 0;
    size_t position = 0;
    waldo_value *name;
    waldo_value *value;
    char **lines = calloc(((const waldo__mapping *)attributes)->table.count + 1, sizeof *lines);
    while (lines && waldo_value_next(attributes, &position, &name, &value)) {
        const char *text = ((const waldo__text *)name)->data;
        if (text[0] == '_')
            continue;
        waldo__string line = {0};
        char *repr = waldo_value_repr(value);
        waldo__string_add(&line, text);
        waldo__string_add(&line, "=");
        waldo__string_add(&line, repr ? repr : "");
        lines[count] = waldo__string_finish(&line);
        bool complete = repr && lines[count++];
        free(repr);
        if (!complete) {
            while (count > 0)
                free(lines[--count]);
            free(lines);
            return NULL;
        }
    }
    *ret_count = count;
    return lines;
}

static char *text_of(const waldo_value *attributes)
{
    size_t count = 0;
    char **lines = lines_of(attributes, &count);
    if (!lines)
        return NULL;
    qsort(lines, count, sizeof *lines, by_text);
    waldo__string text = {0};
    waldo__string_add(&text, "Namespace(");
    for (size_t i = 0; i < count; i++) {
        waldo__string_add(&text, i > 0 ? ", " : "");
        waldo__string_add(&text, lines[i]);
        free(lines[i]);
    }
    free(lines);
    waldo__string_add(&text, ")");
    return waldo__string_finish(&text);
}

static int repr(void *self, waldo_call *call, waldo_value **ret_text)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    char *text = text_of(cell->value);
    waldo__cell_leave(cell);
    *ret_text = text ? waldo_v_str(text) : NULL;
    free(text);
    return *ret_text ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for a text");
}

const struct waldo_builtin_namespace_ops waldo__namespace_ops = {
    .create = create,
    .__getattribute__ = getattribute,
    .__setattr__ = setattr,
    .__delattr__ = delattr,
    .version = waldo__cell_version,
    .wait_changed = waldo__cell_wait_changed,
    .destroy = waldo__cell_destroy,
    .repr = repr,
    .getvalue = waldo__cell_getvalue,
};
