/* Calls of several objects in one batch: in the history each is an operation of its own. */
#include "perform.h"

typedef struct named {
    enum subject_kind subject;
    enum operation_kind kind;
    const char *method;
    int arguments;
    bool has_result; /* a number */
} named;

static const named all[] = {
    {SUBJECT_VALUE, VALUE_GET, "get", 0, true},
    {SUBJECT_VALUE, VALUE_SET, "set", 1, false},
    {SUBJECT_VALUE, VALUE_FETCH_ADD, "fetch_add", 1, true},
    {SUBJECT_LIST, LIST_APPEND, "append", 1, false},
    {SUBJECT_LIST, LIST_POP, "pop", 1, true},
    {SUBJECT_LIST, LIST_GET, "__getitem__", 1, true},
    {SUBJECT_LIST, LIST_LENGTH, "__len__", 0, true},
    {SUBJECT_DICT, DICT_SET, "__setitem__", 2, false},
    {SUBJECT_DICT, DICT_GET, "__getitem__", 1, true},
    {SUBJECT_DICT, DICT_POP, "pop", 1, true},
    {SUBJECT_DICT, DICT_LENGTH, "__len__", 0, true},
    {SUBJECT_SET, SET_ADD, "add", 1, false},
    {SUBJECT_SET, SET_POP, "pop", 0, true},
};

static const named *find(const subject *of, const operation *what)
{
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].subject == of->kind && all[i].kind == (enum operation_kind)what->kind)
            return &all[i];
    return NULL;
}

bool may_be_in_batch(const subject *of, const operation *what)
{
    return find(of, what) != NULL;
}

static int add(waldo_batch *batch, const subject *of, const operation *what, waldo_error *reterr)
{
    const named *one = find(of, what);
    waldo_value *arguments[2] = {NULL};
    for (int i = 0; i < one->arguments; i++)
        arguments[i] = waldo_v(what->arguments[i]);
    return waldo_batch_call(batch, subject_proxy(of), one->method,
                            waldo_v_tuple_of(arguments, (size_t)one->arguments), reterr);
}

static void take(waldo_batch *batch, int call, const subject *of, operation *what)
{
    waldo_value *result = NULL;
    what->status = waldo_batch_result(batch, call, &result, NULL);
    if (find(of, what)->has_result)
        what->status = take_number(what->status, result, &what->results[0]);
    else
        waldo_value_unref(result);
}

void perform_batch(waldo_manager *manager, const subject *const *of, operation *what, size_t count)
{
    waldo_error error = WALDO_ERROR_INIT;
    waldo_batch *batch = NULL;
    int status = waldo_batch_new(manager, &batch, &error);
    for (size_t i = 0; i < count && status >= 0; i++)
        status = add(batch, of[i], &what[i], &error);
    if (status >= 0)
        status = waldo_batch_run(batch, 0, &error);
    uint64_t to = time_now();
    for (size_t i = 0; i < count; i++) {
        what[i].status = status;
        if (status >= 0)
            take(batch, (int)i, of[i], &what[i]);
        what[i].is_unknown = says_nothing(what[i].status);
        what[i].to = what[i].is_unknown ? NEVER : to;
    }
    waldo_batch_unref(batch);
}
