/* Rows E: the types that every server offers, each with the methods that Python's has. */
#include <stdlib.h>
#include <string.h>

#include "row.h"

/* What there is in the table of rows E, in its order: 8 and 16 are Pool and AsyncResult. */

enum { MAX_NAMES = 64 };

typedef struct names {
    const char *each[MAX_NAMES];
    size_t count;
} names;

static bool holds(const names *some, const char *name)
{
    for (size_t i = 0; i < some->count; i++)
        if (strcmp(some->each[i], name) == 0)
            return true;
    return false;
}

/* text: names with spaces between them; it is cut into them. */
static names split(char *text)
{
    names result = {.count = 0};
    char *rest = NULL;
    for (char *name = strtok_r(text, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
        expect(result.count < MAX_NAMES);
        result.each[result.count++] = name;
    }
    return result;
}

/* The type exposes all of these, and besides them nothing but methods of Waldo's own, whose names
 * Python's type does not have and which do not begin with an underscore. */
static void check_type(const char *type_id, const char *exposed)
{
    waldo_type_info *info = NULL;
    char *text = strdup(exposed);
    expect(text);
    names wanted = split(text), found = {.count = 0};
    must(waldo_manager_describe(row_manager(), type_id, &info, &err));
    expect_text(info->type_id, type_id);
    for (size_t i = 0; i < info->method_count; i++) {
        const char *name = info->methods[i].name;
        if (!holds(&wanted, name) && name[0] == '_')
            row_fail(__FILE__, __LINE__, "%s exposes %s", type_id, name);
        expect(found.count < MAX_NAMES);
        found.each[found.count++] = name;
    }
    for (size_t i = 0; i < wanted.count; i++)
        if (!holds(&found, wanted.each[i]))
            row_fail(__FILE__, __LINE__, "%s does not expose %s", type_id, wanted.each[i]);
    waldo_type_info_free(info);
    free(text);
}

/* An object of the type answers to its fallbacks: the text of its referent, and where it has one
 * its value, which prints so. NULL: it has none. TAKES arguments. */
static void check_object(const char *type_id, waldo_value *arguments, const char *shown,
                         const char *value)
{
    waldo_proxy *proxy = row_create(type_id, arguments);
    char *text = waldo_proxy_str(proxy);
    expect_text(text, shown);
    free(text);
    waldo_value *repr = row_call(proxy, "__repr__", waldo_v_none());
    expect_equal(waldo_value_kind(repr), WALDO_KIND_STR);
    waldo_value_unref(repr);
    if (value)
        expect_repr(row_call(proxy, "#GETVALUE", waldo_v_none()), value);
    else
        must_fail(row_try(proxy, "#GETVALUE", waldo_v_none()), WALDO_EREMOTE);
    must_fail(row_try(proxy, "__dict__", waldo_v_none()), WALDO_EATTRIBUTE);
    must_fail(row_try(proxy, "", waldo_v_none()), WALDO_EATTRIBUTE);
    waldo_proxy_unref(proxy);
}

ROW(E1_Queue, "Queue JoinableQueue")
{
    static const char exposed[] =
        "empty full get get_nowait join put put_nowait qsize shutdown task_done";
    check_type("Queue", exposed);
    check_type("JoinableQueue", exposed);
}

ROW(E2_Event, "Event")
{
    check_type("Event", "is_set set clear wait");
}

ROW(E3_Lock, "Lock")
{
    check_type("Lock", "acquire release locked");
}

ROW(E4_RLock, "RLock")
{
    check_type("RLock", "acquire release locked");
}

ROW(E5_Semaphore, "Semaphore BoundedSemaphore")
{
    check_type("Semaphore", "acquire release locked");
    check_type("BoundedSemaphore", "acquire release locked");
}

/* Python exposes locked() and then has none (pains 37). */
ROW(E5_locked_of_a_semaphore, "Semaphore BoundedSemaphore")
{
    static const char *const typeids[] = {"Semaphore", "BoundedSemaphore"};
    for (size_t i = 0; i < 2; i++) {
        waldo_proxy *semaphore = row_create(typeids[i], waldo_v_tuple(waldo_v(1)));
        expect_repr(row_call(semaphore, "locked", waldo_v_none()), "False");
        expect_repr(row_call(semaphore, "acquire", waldo_v_none()), "True");
        expect_repr(row_call(semaphore, "locked", waldo_v_none()), "True");
        waldo_value_unref(row_call(semaphore, "release", waldo_v_none()));
        waldo_proxy_unref(semaphore);
    }
}

ROW(E6_Condition, "Condition")
{
    check_type("Condition", "acquire release locked wait notify notify_all");
}

ROW(E7_Barrier, "Barrier")
{
    check_type("Barrier", "__getattribute__ wait abort reset");
}

ROW(E9_list, "list")
{
    check_type("list", "__add__ __contains__ __delitem__ __getitem__ __imul__ __len__ __mul__ "
                       "__reversed__ __rmul__ __setitem__ append clear copy count extend index "
                       "insert pop remove reverse sort");
    check_object("list", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v("a"))), "[1, 'a']",
                 "[1, 'a']");
}

ROW(E10_dict, "dict")
{
    check_type("dict", "__contains__ __delitem__ __getitem__ __ior__ __iter__ __len__ __or__ "
                       "__reversed__ __ror__ __setitem__ clear copy fromkeys get items keys pop "
                       "popitem setdefault update values");
    check_object("dict", waldo_v_tuple(waldo_v_dict(waldo_v(1), waldo_v("a"))), "{1: 'a'}",
                 "{1: 'a'}");
}

ROW(E11_set, "set")
{
    check_type("set", "__and__ __class_getitem__ __contains__ __iand__ __ior__ __isub__ __iter__ "
                      "__ixor__ __len__ __or__ __rand__ __ror__ __rsub__ __rxor__ __sub__ __xor__ "
                      "__ge__ __gt__ __le__ __lt__ add clear copy difference difference_update "
                      "discard intersection intersection_update isdisjoint issubset issuperset pop "
                      "remove symmetric_difference symmetric_difference_update union update");
    check_object("set", waldo_v_tuple(waldo_v_list(waldo_v(1), waldo_v(1))), "{1}", "{1}");
}

ROW(E12_Value, "Value")
{
    check_type("Value", "get set");
    check_object("Value", waldo_v_tuple(waldo_v("i"), waldo_v(1)), "Value('i', 1)", NULL);
}

ROW(E13_Array, "Array")
{
    check_type("Array", "__len__ __getitem__ __setitem__");
    check_object("Array", waldo_v_tuple(waldo_v("i"), waldo_v_list(waldo_v(1), waldo_v(2))),
                 "array('i', [1, 2])", "array('i', [1, 2])");
}

ROW(E14_Namespace, "Namespace")
{
    check_type("Namespace", "__getattribute__ __setattr__ __delattr__");
    check_object("Namespace", waldo_v_fields("b", waldo_v(2), "a", waldo_v(1)),
                 "Namespace(a=1, b=2)", "{'b': 2, 'a': 1}");
}

ROW(E15_Iterator, "Iterator")
{
    check_type("Iterator", "__next__ close send throw");
    must_fail(row_try_create("Iterator", waldo_v_none()), WALDO_EATTRIBUTE);
}

/* Row A26: nobody has registered anything. */
ROW(A26_a_server_offers_the_builtin_types, "")
{
    static const char *const typeids[] = {"Array",
                                          "Barrier",
                                          "BoundedSemaphore",
                                          "Condition",
                                          "Event",
                                          "Iterator",
                                          "JoinableQueue",
                                          "Lock",
                                          "Namespace",
                                          "Queue",
                                          "RLock",
                                          "Semaphore",
                                          "Value",
                                          "dict",
                                          "list",
                                          "set"};
    char **offered = NULL;
    names all = {.count = 0};
    must(waldo_manager_typeids(row_manager(), &offered, &err));
    for (size_t i = 0; offered[i] && all.count < MAX_NAMES; i++)
        all.each[all.count++] = offered[i];
    for (size_t i = 0; i < sizeof typeids / sizeof typeids[0]; i++)
        if (!holds(&all, typeids[i]))
            row_fail(__FILE__, __LINE__, "the server offers no %s", typeids[i]);
    free(offered);
}
