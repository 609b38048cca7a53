/* set: Python's (row H7). */
#include <stdio.h>
#include <stdlib.h>

#include <waldo/value_methods.h>

#include "call.h"
#include "types/builtins.h"
#include "types/container.h"
#include "types/iterable.h"
#include "value/layout.h"

static int create(void *type_data, waldo_call *call, const Waldo__Builtin__SetArguments *arguments,
                  void **ret_self)
{
    (void)type_data;
    return waldo__cell_from_iterable(call, arguments->iterable, waldo_value_to_set, ret_self);
}

/* ---- Operators: the other side must be a set. reflected: it is the left one ---- */

static int set_operand(waldo_call *call, const Waldo__Value *argument, const char *sign,
                       bool reflected, waldo_value **ret_operand)
{
    waldo_value *operand;
    int status = waldo__argument(call, argument, "value", &operand);
    if (status < 0)
        return status;
    if (waldo_value_kind(operand) != WALDO_KIND_SET) {
        const char *other = waldo_value_type_name(operand);
        status =
            waldo_call_raise(call, WALDO_ETYPE, "unsupported operand type(s) for %s: '%s' and '%s'",
                             sign, reflected ? other : "set", reflected ? "set" : other);
        waldo_value_unref(operand);
        return status;
    }
    *ret_operand = operand;
    return 0;
}

static int operate(waldo__cell *cell, waldo_call *call, waldo_set_operation operation,
                   bool reflected, const Waldo__Value *argument, Waldo__Value *result)
{
    static const char *const signs[] = {"|", "&", "-", "^"};
    waldo_value *operand;
    waldo_value *value = NULL;
    int status = set_operand(call, argument, signs[operation], reflected, &operand);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = reflected
                 ? waldo_value_set_combine(operand, operation, cell->value, &value, call->reterr)
                 : waldo_value_set_combine(cell->value, operation, operand, &value, call->reterr);
    waldo__cell_leave(cell);
    waldo_value_unref(operand);
    return waldo__answer(call, status, result, value);
}

/* The cell's set becomes what the operation makes of it and an iterable. The cell is entered. */
static int combine(waldo__cell *cell, waldo_call *call, waldo_set_operation operation,
                   const waldo_value *iterable)
{
    waldo_value *value;
    int status = waldo_value_set_combine(cell->value, operation, iterable, &value, call->reterr);
    if (status >= 0)
        waldo__cell_replace(cell, value);
    return status;
}

static int operate_in_place(waldo__cell *cell, waldo_call *call, waldo_set_operation operation,
                            const Waldo__Value *argument, waldo_export *ret_proxy)
{
    static const char *const signs[] = {"|=", "&=", "-=", "^="};
    waldo_value *operand;
    int status = set_operand(call, argument, signs[operation], false, &operand);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo__cell_leave_changed(cell, combine(cell, call, operation, operand));
    waldo_value_unref(operand);
    return status < 0 ? status : waldo_builtin_set_export(ret_proxy, cell);
}

#define OPERATORS(name, operation)                                                                 \
    static int name(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,      \
                    Waldo__Value *result)                                                          \
    {                                                                                              \
        return operate(self, call, operation, false, arguments->object, result);                   \
    }                                                                                              \
    static int reflected_##name(void *self, waldo_call *call,                                      \
                                const Waldo__Builtin__SetObject *arguments, Waldo__Value *result)  \
    {                                                                                              \
        return operate(self, call, operation, true, arguments->object, result);                    \
    }                                                                                              \
    static int name##_in_place(void *self, waldo_call *call,                                       \
                               const Waldo__Builtin__SetObject *arguments,                         \
                               waldo_export *ret_proxy)                                            \
    {                                                                                              \
        return operate_in_place(self, call, operation, arguments->object, ret_proxy);              \
    }

OPERATORS(unite, WALDO_SET_UNION)
OPERATORS(intersect, WALDO_SET_INTERSECTION)
OPERATORS(subtract, WALDO_SET_DIFFERENCE)
OPERATORS(exclude, WALDO_SET_SYMMETRIC_DIFFERENCE)

/* ---- Comparisons ---- */

/* *ret_order: what waldo_value_compare says of the two. */
static int compare(waldo__cell *cell, waldo_call *call, const Waldo__Value *argument,
                   const char *sign, int *ret_order)
{
    waldo_value *operand;
    int status = waldo__argument(call, argument, "value", &operand);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    if (waldo_value_kind(operand) == WALDO_KIND_SET)
        status = waldo_value_compare(cell->value, operand, ret_order, call->reterr);
    else
        status = waldo_call_raise(call, WALDO_ETYPE,
                                  "'%s' not supported between instances of 'set' and '%s'", sign,
                                  waldo_value_type_name(operand));
    waldo__cell_leave(cell);
    waldo_value_unref(operand);
    return status;
}

#define COMPARISON(name, sign, condition)                                                          \
    static int name(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,      \
                    Google__Protobuf__BoolValue *result)                                           \
    {                                                                                              \
        int order = WALDO_UNORDERED;                                                               \
        int status = compare(self, call, arguments->object, sign, &order);                         \
        result->value = condition;                                                                 \
        return status;                                                                             \
    }

COMPARISON(is_less, "<", order == -1)
COMPARISON(is_less_or_equal, "<=", order == -1 || order == 0)
COMPARISON(is_greater, ">", order == 1)
COMPARISON(is_greater_or_equal, ">=", order == 1 || order == 0)

/* ---- Relations to any iterable ---- */

static int relate(waldo__cell *cell, waldo_call *call, waldo__question *holds,
                  const Waldo__Value *argument, Google__Protobuf__BoolValue *result)
{
    waldo_value *iterable;
    int status = waldo__iterable_argument(call, argument, "other", &iterable);
    return status < 0 ? status : waldo__cell_answer(cell, call, holds, iterable, result);
}

static int issubset(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,
                    Google__Protobuf__BoolValue *result)
{
    return relate(self, call, waldo_value_set_is_subset, arguments->object, result);
}

static int issuperset(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,
                      Google__Protobuf__BoolValue *result)
{
    return relate(self, call, waldo_value_set_is_superset, arguments->object, result);
}

static int isdisjoint(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,
                      Google__Protobuf__BoolValue *result)
{
    return relate(self, call, waldo_value_set_is_disjoint, arguments->object, result);
}

/* ---- Methods that take any number of iterables ---- */

/* The arguments as a list: they may be containers, which are read before the set is entered. */
static int others_argument(waldo_call *call, const Waldo__Builtin__SetOthers *arguments,
                           waldo_value **ret_others)
{
    waldo_value *others = waldo_v_list();
    int status = others ? 0 : waldo_call_raise(call, WALDO_ENOMEM, "no memory for the arguments");
    for (size_t i = 0; i < arguments->n_others && status >= 0; i++) {
        waldo_value *iterable;
        status = waldo__iterable_argument(call, arguments->others[i], "others", &iterable);
        if (status >= 0)
            status = waldo_value_list_append(others, iterable, call->reterr);
    }
    if (status < 0)
        waldo_value_unref(others);
    else
        *ret_others = others;
    return status;
}

/* The cell's set combined with each of the others in turn; a copy if there are none. The cell is
 * entered. */
static int combine_all(waldo__cell *cell, waldo_call *call, waldo_set_operation operation,
                       const waldo_value *others, waldo_value **ret_value)
{
    waldo_value *value;
    size_t count;
    waldo_value *const *items = waldo__items(others, &count);
    int status = waldo_value_copy(cell->value, &value, call->reterr);
    if (status < 0)
        return status;
    for (size_t i = 0; i < count && status >= 0; i++) {
        waldo_value *combined;
        status = waldo_value_set_combine(value, operation, items[i], &combined, call->reterr);
        if (status >= 0) {
            waldo_value_unref(value);
            value = combined;
        }
    }
    if (status < 0)
        waldo_value_unref(value);
    else
        *ret_value = value;
    return status;
}

static int answer_all(waldo__cell *cell, waldo_call *call, waldo_set_operation operation,
                      const Waldo__Builtin__SetOthers *arguments, Waldo__Value *result)
{
    waldo_value *others;
    waldo_value *value = NULL;
    int status = others_argument(call, arguments, &others);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = combine_all(cell, call, operation, others, &value);
    waldo__cell_leave(cell);
    waldo_value_unref(others);
    return waldo__answer(call, status, result, value);
}

/* All of them, or none if one is no iterable. */
static int update_all(waldo__cell *cell, waldo_call *call, waldo_set_operation operation,
                      const Waldo__Builtin__SetOthers *arguments)
{
    waldo_value *others;
    waldo_value *value;
    int status = others_argument(call, arguments, &others);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = combine_all(cell, call, operation, others, &value);
    if (status >= 0)
        waldo__cell_replace(cell, value);
    status = waldo__cell_leave_changed(cell, status);
    waldo_value_unref(others);
    return status;
}

#define METHODS(name, operation)                                                                   \
    static int name(void *self, waldo_call *call, const Waldo__Builtin__SetOthers *arguments,      \
                    Waldo__Value *result)                                                          \
    {                                                                                              \
        return answer_all(self, call, operation, arguments, result);                               \
    }                                                                                              \
    static int name##_update(void *self, waldo_call *call,                                         \
                             const Waldo__Builtin__SetOthers *arguments)                           \
    {                                                                                              \
        return update_all(self, call, operation, arguments);                                       \
    }

METHODS(union_of, WALDO_SET_UNION)
METHODS(difference, WALDO_SET_DIFFERENCE)
METHODS(intersection, WALDO_SET_INTERSECTION)

static int symmetric_difference(void *self, waldo_call *call,
                                const Waldo__Builtin__SetObject *arguments, Waldo__Value *result)
{
    Waldo__Value *other = arguments->object;
    Waldo__Builtin__SetOthers one = {.others = &other, .n_others = 1};
    return answer_all(self, call, WALDO_SET_SYMMETRIC_DIFFERENCE, &one, result);
}

static int symmetric_difference_update(void *self, waldo_call *call,
                                       const Waldo__Builtin__SetObject *arguments)
{
    Waldo__Value *other = arguments->object;
    Waldo__Builtin__SetOthers one = {.others = &other, .n_others = 1};
    return update_all(self, call, WALDO_SET_SYMMETRIC_DIFFERENCE, &one);
}

/* ---- Items ---- */

/* Python looks for a set in a set as if it were a frozenset, which are the only sets that a set can
 * hold; there are none here. */
static int is_in(const waldo_value *set, const waldo_value *item, waldo_error *reterr)
{
    return waldo_value_kind(item) == WALDO_KIND_SET ? 0 : waldo_value_contains(set, item, reterr);
}

static int contains(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,
                    Google__Protobuf__BoolValue *result)
{
    return waldo__cell_contains(self, call, is_in, arguments->object, result);
}

static int add(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments)
{
    waldo__cell *cell = self;
    waldo_value *item;
    int status = waldo__argument(call, arguments->object, "elem", &item);
    if (status < 0)
        return status;
    waldo__cell_enter(cell);
    status = waldo_value_set_add(cell->value, item, call->reterr);
    if (status == 1)
        return waldo__cell_leave_changed(cell, 0);
    waldo__cell_leave(cell);
    return status;
}

/* 1: it was there, 0: not. */
static int take_out(waldo__cell *cell, waldo_call *call, const waldo_value *item)
{
    waldo__cell_enter(cell);
    int status = is_in(cell->value, item, call->reterr);
    if (status == 1)
        status = waldo_value_set_discard(cell->value, item, call->reterr);
    if (status == 1)
        return waldo__cell_leave_changed(cell, status);
    waldo__cell_leave(cell);
    return status;
}

static int discard(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments)
{
    waldo_value *item;
    int status = waldo__argument(call, arguments->object, "elem", &item);
    if (status < 0)
        return status;
    status = take_out(self, call, item);
    waldo_value_unref(item);
    return status < 0 ? status : 0;
}

static int remove_item(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments)
{
    waldo_value *item;
    int status = waldo__argument(call, arguments->object, "elem", &item);
    if (status < 0)
        return status;
    status = take_out(self, call, item);
    if (status == 0) {
        char *text = waldo_value_repr(item);
        status = waldo_call_raise(call, WALDO_EKEY, "%s", text ? text : "no such item");
        free(text);
    }
    waldo_value_unref(item);
    return status < 0 ? status : 0;
}

static void release_item(void *data)
{
    waldo_value_unref(data);
}

/* The client never got it. */
static void put_back(void *self, void *data)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    int status = waldo_value_set_add(cell->value, waldo_value_ref(data), NULL);
    (void)waldo__cell_leave_changed(cell, status);
}

static int pop(void *self, waldo_call *call, Waldo__Value *result)
{
    waldo__cell *cell = self;
    waldo_value *item = NULL;
    waldo__cell_enter(cell);
    int status = waldo_value_set_pop(cell->value, &item, call->reterr);
    status = waldo__cell_leave_changed(cell, status);
    if (status >= 0)
        waldo_call_on_lost(call, put_back, release_item, waldo_value_ref(item));
    return waldo__answer(call, status, result, item);
}

/* ---- The whole set ---- */

static int clear(void *self, waldo_call *call)
{
    waldo__cell *cell = self;
    waldo__cell_enter(cell);
    return waldo__cell_leave_changed(cell, waldo_value_clear(cell->value, call->reterr));
}

static int class_getitem(void *self, waldo_call *call, const Waldo__Builtin__SetObject *arguments,
                         Waldo__Value *result)
{
    (void)self;
    waldo_value *item;
    int status = waldo__argument(call, arguments->object, "item", &item);
    if (status < 0)
        return status;
    char *parameter = waldo_value_str(item);
    char *text = NULL;
    if (parameter && asprintf(&text, "set[%s]", parameter) < 0)
        text = NULL;
    waldo_value *alias = text ? waldo_v_str(text) : NULL;
    free(text);
    free(parameter);
    waldo_value_unref(item);
    return waldo_call_set_value(call, result, alias);
}

/* ---- Iteration over the items as they were at the start ---- */

typedef struct snapshot {
    waldo_value *items;
    size_t position;
} snapshot;

static int open_snapshot(void *self, waldo_call *call, void **ret_state)
{
    snapshot *state = calloc(1, sizeof *state);
    if (!state)
        return waldo_call_raise(call, WALDO_ENOMEM, "no memory for an iterator");
    int status = waldo__cell_getvalue(self, call, &state->items);
    if (status < 0)
        free(state);
    else
        *ret_state = state;
    return status;
}

static int next_of_snapshot(void *data, waldo_call *call, Waldo__Value *result)
{
    snapshot *state = data;
    waldo_value *item;
    if (!waldo_value_next(state->items, &state->position, &item, NULL))
        return 0;
    int status = waldo_call_set_value(call, result, waldo_value_ref(item));
    return status < 0 ? status : 1;
}

static void close_snapshot(void *data)
{
    snapshot *state = data;
    waldo_value_unref(state->items);
    free(state);
}

const struct waldo_builtin_set_ops waldo__set_ops = {
    .create = create,
    .__and__ = intersect,
    .__class_getitem__ = class_getitem,
    .__contains__ = contains,
    .__iand__ = intersect_in_place,
    .__ior__ = unite_in_place,
    .__isub__ = subtract_in_place,
    .__iter___steps = {open_snapshot, next_of_snapshot, close_snapshot},
    .__ixor__ = exclude_in_place,
    .__len__ = waldo__cell_length,
    .__or__ = unite,
    .__rand__ = reflected_intersect,
    .__ror__ = reflected_unite,
    .__rsub__ = reflected_subtract,
    .__rxor__ = reflected_exclude,
    .__sub__ = subtract,
    .__xor__ = exclude,
    .__ge__ = is_greater_or_equal,
    .__gt__ = is_greater,
    .__le__ = is_less_or_equal,
    .__lt__ = is_less,
    .add = add,
    .clear = clear,
    .copy = waldo__cell_copy,
    .difference = difference,
    .difference_update = difference_update,
    .discard = discard,
    .intersection = intersection,
    .intersection_update = intersection_update,
    .isdisjoint = isdisjoint,
    .issubset = issubset,
    .issuperset = issuperset,
    .pop = pop,
    .remove = remove_item,
    .symmetric_difference = symmetric_difference,
    .symmetric_difference_update = symmetric_difference_update,
    .union_ = union_of,
    .update = union_of_update,
    .version = waldo__cell_version,
    .wait_changed = waldo__cell_wait_changed,
    .destroy = waldo__cell_destroy,
    .repr = waldo__cell_repr,
    .getvalue = waldo__cell_getvalue,
};
