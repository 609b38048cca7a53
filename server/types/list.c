/* list: Python's (rows H1-H3). */
#include <stdlib.h>

#include <waldo/value_methods.h>

#include "call.h"
#include "types/builtins.h"
#include "types/container.h"
#include "types/iterable.h"
#include "value/slice.h"

static int create(void *type_data, waldo_call *call, const Waldo__Builtin__ListArguments *arguments,
                  void **ret_self)
{
    (void)type_data;
    return waldo__cell_from_iterable(call, arguments->iterable, waldo_value_to_list, ret_self);
}

/* ---- Operators that give a plain list ---- */

static int concatenate(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments,
                       Waldo__Value *result)
{
    return waldo__cell_operate(self, call, waldo_value_add, arguments->object, "value", result);
}

/* What is said of a bad count when the method is called by name, and not the operator. */
static int repeat(const waldo_value *list, const waldo_value *times, waldo_value **ret_value,
                  waldo_error *reterr)
{
    int status = waldo_value_mul(list, times, ret_value, reterr);
    if (status != WALDO_ETYPE)
        return status;
    return waldo_error_set(reterr, WALDO_ETYPE, "'%s' object cannot be interpreted as an integer",
                           waldo_value_type_name(times));
}

static int multiply(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments,
                    Waldo__Value *result)
{
    return waldo__cell_operate(self, call, repeat, arguments->object, "value", result);
}

static int multiply_in_place(void *self, waldo_call *call,
                             const Waldo__Builtin__ListObject *arguments, waldo_export *ret_proxy)
{
    waldo__cell *cell = self;
    waldo_value *times;
    waldo_value *product;
    int status = waldo__argument(call, arguments->object, "value", &times);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = repeat(cell->value, times, &product, call->reterr);
    if (status >= 0)
        waldo__cell_replace(cell, product);
    waldo_value_unref(times);
    status = waldo__cell_leave_changed(cell, status);
    return status < 0 ? status : waldo_builtin_list_export(ret_proxy, self);
}

/* ---- Items ---- */

static int contains(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments,
                    Google__Protobuf__BoolValue *result)
{
    return waldo__cell_contains(self, call, waldo_value_contains, arguments->object, result);
}

static int get_item(void *self, waldo_call *call, const Waldo__Builtin__ListIndex *arguments,
                    Waldo__Value *result)
{
    return waldo__cell_operate(self, call, waldo_value_getitem, arguments->index, "value", result);
}

static int set_item(void *self, waldo_call *call, const Waldo__Builtin__ListAssignment *arguments)
{
    waldo__cell *cell = self;
    waldo_value *index;
    waldo_value *value;
    int status = waldo__argument(call, arguments->index, "index", &index);
    if (status < 0)
        return status;
    /* A slice takes what an iterable gives; an item may be a proxy itself. */
    if (waldo__is_slice(index))
        status = waldo__iterable_argument(call, arguments->value, "value", &value);
    else
        status = waldo__argument(call, arguments->value, "value", &value);
    if (status >= 0) {
        waldo__cell_enter(cell);
        status = waldo_value_setitem(cell->value, index, value, call->reterr);
        status = waldo__cell_leave_changed(cell, status);
        waldo_value_unref(value);
    }
    waldo_value_unref(index);
    return status;
}

/* ---- Methods that change the list by one argument ---- */

typedef int change(waldo_value *list, const waldo_value *argument, waldo_error *reterr);

static int change_by(waldo__cell *cell, waldo_call *call, change *make,
                     const Waldo__Value *argument, const char *name)
{
    waldo_value *value;
    int status = waldo__argument(call, argument, name, &value);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo__cell_leave_changed(cell, make(cell->value, value, call->reterr));
    waldo_value_unref(value);
    return status;
}

static int delete_item(void *self, waldo_call *call, const Waldo__Builtin__ListIndex *arguments)
{
    return change_by(self, call, waldo_value_delitem, arguments->index, "index");
}

static int append_one(waldo_value *list, const waldo_value *item, waldo_error *reterr)
{
    return waldo_value_list_append(list, waldo_value_ref(item), reterr);
}

static int append(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments)
{
    return change_by(self, call, append_one, arguments->object, "object");
}

static int extend(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments)
{
    waldo__cell *cell = self;
    waldo_value *iterable;
    int status = waldo__iterable_argument(call, arguments->object, "iterable", &iterable);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_list_extend(cell->value, iterable, call->reterr);
    status = waldo__cell_leave_changed(cell, status);
    waldo_value_unref(iterable);
    return status;
}

static int remove_first(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments)
{
    return change_by(self, call, waldo_value_list_remove, arguments->object, "value");
}

static int insert(void *self, waldo_call *call, const Waldo__Builtin__ListInsertion *arguments)
{
    waldo__cell *cell = self;
    waldo_value *object = NULL;
    int64_t index;
    int status = waldo__integer_argument(call, arguments->index, "index", &index);
    if (status >= 0)
        status = waldo__argument(call, arguments->object, "object", &object);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_list_insert(cell->value, index, object, call->reterr);
    return waldo__cell_leave_changed(cell, status);
}

/* ---- Taking items out ---- */

/* Items on their way to a client, and where they were. */
typedef struct taken {
    waldo_value *items; /* a list */
    int64_t index;
} taken;

static void release_taken(void *data)
{
    taken *lost = data;
    waldo_value_unref(lost->items);
    free(lost);
}

/* The client never got them. They go back to their place, as far as the list still has it. */
static void put_back(void *self, void *data)
{
    waldo__cell *cell = self;
    const taken *lost = data;
    waldo_value *place = waldo_v_slice(lost->index, lost->index, WALDO_OMIT);
    if (!place)
        return;
    waldo__cell_enter(cell);
    int status = waldo_value_setitem(cell->value, place, lost->items, NULL);
    (void)waldo__cell_leave_changed(cell, status);
    waldo_value_unref(place);
}

/* Takes out what the range selects. *ret_items: a list of it. The cell is entered. */
static int take(waldo__cell *cell, waldo_call *call, const waldo_value *range, int64_t index,
                waldo_value **ret_items)
{
    taken *lost = malloc(sizeof *lost);
    if (!lost)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for items on their way");
    int status = waldo_value_getitem(cell->value, range, &lost->items, call->reterr);
    if (status < 0) {
        free(lost);
        return status;
    }
    lost->index = index;
    status = waldo_value_delitem(cell->value, range, call->reterr);
    if (status < 0) {
        release_taken(lost);
        return status;
    }
    *ret_items = waldo_value_ref(lost->items);
    waldo_call_on_lost(call, put_back, release_taken, lost);
    return 0;
}

/* An index that pop() may be given, counted from the start. The cell is entered. */
static int check_index(const waldo__cell *cell, waldo_call *call, int64_t *index)
{
    size_t length = 0;
    int status = waldo_value_length(cell->value, &length, call->reterr);
    if (status < 0)
        return status;
    if (*index < 0)
        *index += (int64_t)length;
    if (*index >= 0 && *index < (int64_t)length)
        return 0;
    return waldo_call_raise(call, WALDO_EINDEX, "%s",
                            length == 0 ? "pop from empty list" : "pop index out of range");
}

static int pop(void *self, waldo_call *call, const Waldo__Builtin__ListIndex *arguments,
               Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *items = NULL;
    waldo_value *item = NULL;
    int64_t index = -1;
    int status =
        arguments->index ? waldo__integer_argument(call, arguments->index, "index", &index) : 0;
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = check_index(cell, call, &index);
    waldo_value *range = status < 0 ? NULL : waldo_v_slice(index, index + 1, WALDO_OMIT);
    if (range)
        status = take(cell, call, range, index, &items);
    else if (status >= 0)
        status = waldo_call_raise(call, WALDO_ENOMEM, "no memory");
    status = waldo__cell_leave_changed(cell, status);
    if (status >= 0)
        status = waldo_value_item(items, 0, &item, call->reterr);
    waldo_value_unref(range);
    waldo_value_unref(items);
    return waldo__answer(call, status, result, item);
}

static int pop_many(void *self, waldo_call *call, const Waldo__Builtin__ListIndex *arguments,
                    Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *slice;
    waldo_value *items = NULL;
    waldo__range range;
    size_t length = 0;
    int status = waldo__argument(call, arguments->index, "index", &slice);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    if (!waldo__is_slice(slice))
        status = waldo_call_raise(call, WALDO_ETYPE, "pop_many takes a slice, not %s",
                                  waldo_value_type_name(slice));
    if (status >= 0)
        status = waldo_value_length(cell->value, &length, call->reterr);
    if (status >= 0)
        status = waldo__slice_resolve(slice, length, &range, call->reterr);
    if (status >= 0)
        status = take(cell, call, slice, range.start, &items);
    status = waldo__cell_leave_changed(cell, status);
    waldo_value_unref(slice);
    return waldo__answer(call, status, result, items);
}

/* ---- Methods on the whole list ---- */

static int clear(void *self, waldo_call *call)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    return waldo__cell_leave_changed(cell, waldo_value_clear(cell->value, call->reterr));
}

static int reverse(void *self, waldo_call *call)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    return waldo__cell_leave_changed(cell, waldo_value_list_reverse(cell->value, call->reterr));
}

static int sort(void *self, waldo_call *call, const Waldo__Builtin__ListOrder *arguments)
{
    waldo__cell *cell = self;
    waldo_value *key;
    int status = waldo__optional_argument(call, arguments->key, &key);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_list_sort(cell->value, key, arguments->reverse, call->reterr);
    status = waldo__cell_leave_changed(cell, status);
    waldo_value_unref(key);
    return status;
}

/* ---- Searching ---- */

static int count(void *self, waldo_call *call, const Waldo__Builtin__ListObject *arguments,
                 Google__Protobuf__UInt64Value *result)
{
    waldo__cell *cell = self;
    waldo_value *object;
    size_t found = 0;
    int status = waldo__argument(call, arguments->object, "value", &object);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_list_count(cell->value, object, &found, call->reterr);
    waldo__cell_leave(cell);
    waldo_value_unref(object);
    result->value = found;
    return status;
}

static int find(void *self, waldo_call *call, const Waldo__Builtin__ListSearch *arguments,
                Google__Protobuf__UInt64Value *result)
{
    waldo__cell *cell = self;
    waldo_value *value = NULL;
    int64_t start = 0;
    int64_t stop = INT64_MAX;
    size_t found = 0;
    int status = waldo__bound_argument(call, arguments->start, &start);
    if (status >= 0)
        status = waldo__bound_argument(call, arguments->stop, &stop);
    if (status >= 0)
        status = waldo__argument(call, arguments->value, "value", &value);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_list_index(cell->value, value, start, stop, &found, call->reterr);
    waldo__cell_leave(cell);
    waldo_value_unref(value);
    result->value = found;
    return status;
}

/* ---- reversed() ---- */

typedef struct backward {
    waldo__cell *cell;
    int64_t index; /* of the next item; -1: exhausted */
} backward;

static int open_backward(void *self, waldo_call *call, void **ret_state)
{
    backward *state = malloc(sizeof *state);
    if (!state)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for an iterator");
    size_t length = 0;
    state->cell = self;
    waldo__cell_enter(self);
    int status = waldo_value_length(state->cell->value, &length, call->reterr);
    waldo__cell_leave(self);
    if (status < 0) {
        free(state);
        return status;
    }
    state->index = (int64_t)length - 1;
    *ret_state = state;
    return 0;
}

static int next_backward(void *data, waldo_call *call, Waldo__Value *result)
{
    backward *state = data;
    waldo_value *item = NULL;
    if (state->index < 0)
        return 0;
    waldo__cell_enter(state->cell);
    int status = waldo_value_item(state->cell->value, state->index, &item, call->reterr);
    waldo__cell_leave(state->cell);
    state->index--;
    if (status == WALDO_EINDEX)
        return 0; /* the list has become shorter than that */
    status = waldo__answer(call, status, result, item);
    return status < 0 ? status : 1;
}

const struct waldo_builtin_list_ops waldo__list_ops = {
    .create = create,
    .__add__ = concatenate,
    .__contains__ = contains,
    .__delitem__ = delete_item,
    .__getitem__ = get_item,
    .__imul__ = multiply_in_place,
    .__len__ = waldo__cell_length,
    .__mul__ = multiply,
    .__reversed___steps = {open_backward, next_backward, free},
    .__rmul__ = multiply,
    .__setitem__ = set_item,
    .append = append,
    .clear = clear,
    .copy = waldo__cell_copy,
    .count = count,
    .extend = extend,
    .index = find,
    .insert = insert,
    .pop = pop,
    .remove = remove_first,
    .reverse = reverse,
    .sort = sort,
    .pop_many = pop_many,
    .version = waldo__cell_version,
    .wait_changed = waldo__cell_wait_changed,
    .destroy = waldo__cell_destroy,
    .repr = waldo__cell_repr,
    .getvalue = waldo__cell_getvalue,
};
