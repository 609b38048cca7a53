/* list through the C layer, against a server in this process (rows H1-H3, D11, D12, D16). */
#include "live.h"

TestSuite(list, .init = live_begin, .timeout = 60);

static waldo_list *list_of(waldo_value *items)
{
    waldo_list *list;
    must(waldo_list_new_from(manager, items, &list, &err));
    return list;
}

static waldo_list *ints(void)
{
    return list_of(
        waldo_v_list(waldo_v(0), waldo_v(1), waldo_v(2), waldo_v(3), waldo_v(4), waldo_v(5)));
}

static void holds(waldo_list *list, const char *expected)
{
    char *text = waldo_proxy_str(waldo_list_proxy(list));
    cr_assert_str_eq(text, expected);
    free(text);
}

static void says(const char *message)
{
    cr_assert_str_eq(err.message, message);
}

static void end(waldo_list *list)
{
    waldo_list_unref(list);
    live_end();
}

Test(list, items)
{
    waldo_list *list;
    waldo_value *item = NULL;
    must(waldo_list_new(manager, &list, &err));
    must(waldo_list_append(list, waldo_v("a"), &err));
    must(waldo_list_append(list, waldo_v(2.5), &err));
    must(waldo_list_insert(list, 0, waldo_v_none(), &err));
    must(waldo_list_insert(list, 99, waldo_v_list(waldo_v(1)), &err));
    holds(list, "[None, 'a', 2.5, [1]]");
    must(waldo_list_get(list, -1, &item, &err));
    /* A copy: changing it changes nothing (row D11). */
    must(waldo_value_list_append(item, waldo_v(2), &err));
    holds(list, "[None, 'a', 2.5, [1]]");
    must(waldo_list_set(list, -1, item, &err));
    holds(list, "[None, 'a', 2.5, [1, 2]]");
    must(waldo_list_pop(list, 1, &item, &err));
    prints(item, "'a'");
    must(waldo_list_delete(list, 0, &err));
    must(waldo_list_remove(list, waldo_v(2.5), &err));
    holds(list, "[[1, 2]]");
    must(waldo_list_clear(list, &err));
    holds(list, "[]");
    end(list);
}

Test(list, errors_are_pythons)
{
    waldo_list *list = ints();
    waldo_value *item = NULL;
    size_t index = 7;
    must_fail(waldo_list_get(list, 6, &item, &err), WALDO_EINDEX);
    says("list index out of range");
    must_fail(waldo_list_set(list, -7, waldo_v(1), &err), WALDO_EINDEX);
    says("list assignment index out of range");
    must_fail(waldo_list_delete(list, 6, &err), WALDO_EINDEX);
    must_fail(waldo_list_pop(list, 6, &item, &err), WALDO_EINDEX);
    says("pop index out of range");
    must_fail(waldo_list_remove(list, waldo_v("x"), &err), WALDO_EVALUE);
    says("list.remove(x): x not in list");
    must_fail(waldo_list_index(list, waldo_v("x"), WALDO_OMIT, WALDO_OMIT, &index, &err),
              WALDO_EVALUE);
    says("'x' is not in list");
    must_fail(waldo_list_extend(list, waldo_v(5), &err), WALDO_ETYPE);
    says("'int' object is not iterable");
    must_fail(waldo_list_add(list, waldo_v(5), &item, &err), WALDO_ETYPE);
    says("can only concatenate list (not \"int\") to list");
    must_fail(waldo_list_get_slice(list, 0, 3, 0, &item, &err), WALDO_EVALUE);
    says("slice step cannot be zero");
    must_fail(waldo_list_set_slice(list, 0, 6, 2, waldo_v_list(waldo_v(1)), &err), WALDO_EVALUE);
    says("attempt to assign sequence of size 1 to extended slice of size 3");
    must_fail(waldo_list_set_slice(list, 0, 1, WALDO_OMIT, waldo_v(1), &err), WALDO_ETYPE);
    says("can only assign an iterable");
    must_fail(waldo_list_repeat(list, INT64_MAX, &err), WALDO_EOVERFLOW);
    must_fail(waldo_list_append(list, NULL, &err), WALDO_ENOMEM);
    holds(list, "[0, 1, 2, 3, 4, 5]");
    cr_assert_null(item);
    cr_assert_eq(index, 7);
    must(waldo_list_clear(list, &err));
    must_fail(waldo_list_pop(list, -1, &item, &err), WALDO_EINDEX);
    says("pop from empty list");
    waldo_list *none = NULL;
    must_fail(waldo_list_new_from(manager, waldo_v(5), &none, &err), WALDO_ETYPE);
    cr_assert_null(none);
    end(list);
}

Test(list, slices)
{
    waldo_list *list = ints();
    waldo_value *items;
    must(waldo_list_get_slice(list, 1, -1, 2, &items, &err));
    prints(items, "[1, 3]");
    must(waldo_list_get_slice(list, WALDO_OMIT, WALDO_OMIT, -1, &items, &err));
    prints(items, "[5, 4, 3, 2, 1, 0]");
    must(waldo_list_set_slice(list, 1, 3, WALDO_OMIT, waldo_v("abc"), &err));
    holds(list, "[0, 'a', 'b', 'c', 3, 4, 5]");
    must(waldo_list_set_slice(list, 0, 3, 2, waldo_v_tuple(waldo_v(8), waldo_v(9)), &err));
    holds(list, "[8, 'a', 9, 'c', 3, 4, 5]");
    must(waldo_list_delete_slice(list, WALDO_OMIT, WALDO_OMIT, 2, &err));
    holds(list, "['a', 'c', 4]");
    must(waldo_list_pop_many(list, 0, 2, &items, &err));
    prints(items, "['a', 'c']");
    must(waldo_list_pop_many(list, 5, WALDO_OMIT, &items, &err));
    prints(items, "[]");
    holds(list, "[4]");
    end(list);
}

Test(list, the_whole_list)
{
    waldo_list *list = ints();
    waldo_value *value;
    size_t size;
    must(waldo_list_extend(list, waldo_v_tuple(waldo_v(1), waldo_v_bool(true)), &err));
    must(waldo_list_count(list, waldo_v(1.0), &size, &err));
    cr_assert_eq(size, 3);
    must(waldo_list_index(list, waldo_v(1), 2, WALDO_OMIT, &size, &err));
    cr_assert_eq(size, 6);
    cr_assert_eq(must(waldo_list_contains(list, waldo_v(5), &err)), 1);
    cr_assert_eq(must(waldo_list_contains(list, waldo_v("5"), &err)), 0);
    must(waldo_list_reverse(list, &err));
    holds(list, "[True, 1, 5, 4, 3, 2, 1, 0]");
    must(waldo_list_length(list, &size, &err));
    cr_assert_eq(size, 8);
    must(waldo_list_add(list, waldo_v_list(waldo_v("end")), &value, &err));
    prints(value, "[True, 1, 5, 4, 3, 2, 1, 0, 'end']");
    must(waldo_list_delete_slice(list, 1, WALDO_OMIT, WALDO_OMIT, &err));
    must(waldo_list_repeat(list, 3, &err));
    must(waldo_list_copy(list, &value, &err));
    prints(value, "[True, True, True]");
    must(waldo_list_repeat(list, 0, &err));
    holds(list, "[]");
    end(list);
}

Test(list, sorts)
{
    waldo_list *list = list_of(waldo_v_list(waldo_v(3), waldo_v(-5), waldo_v(1), waldo_v(4)));
    must(waldo_list_sort(list, false, &err));
    holds(list, "[-5, 1, 3, 4]");
    must(waldo_list_sort_by(list, waldo_v("abs"), true, &err));
    holds(list, "[-5, 4, 3, 1]");
    must(waldo_list_append(list, waldo_v("x"), &err));
    must_fail(waldo_list_sort(list, false, &err), WALDO_ETYPE);
    holds(list, "[-5, 4, 3, 1, 'x']");
    must_fail(waldo_list_sort_by(list, waldo_v("lower"), false, &err), WALDO_EVALUE);
    must_fail(waldo_list_sort_by(list, waldo_v(2.5), false, &err), WALDO_ETYPE);
    must(waldo_list_sort_by(list, waldo_v("str"), false, &err));
    holds(list, "[-5, 1, 3, 4, 'x']");
    end(list);
}

Test(list, sorts_by_what_is_inside)
{
    waldo_list *list = list_of(waldo_v_list(waldo_v_tuple(waldo_v("b"), waldo_v(1)),
                                            waldo_v_tuple(waldo_v("a"), waldo_v(2)),
                                            waldo_v_tuple(waldo_v("c"), waldo_v(1))));
    must(waldo_list_sort_by(list, waldo_v(1), false, &err));
    holds(list, "[('b', 1), ('c', 1), ('a', 2)]");
    must(waldo_list_sort_by(list, waldo_v(0), true, &err));
    holds(list, "[('c', 1), ('b', 1), ('a', 2)]");
    must(waldo_list_clear(list, &err));
    must(waldo_list_append(list, waldo_v_fields("n", waldo_v_list(waldo_v(2))), &err));
    must(waldo_list_append(list, waldo_v_fields("n", waldo_v_list(waldo_v(1))), &err));
    must(waldo_list_sort_by(list, waldo_v_tuple(waldo_v("n"), waldo_v(0)), false, &err));
    holds(list, "[{'n': [1]}, {'n': [2]}]");
    must_fail(waldo_list_sort_by(list, waldo_v_tuple(waldo_v("m")), false, &err), WALDO_EKEY);
    end(list);
}

/* ---- iteration (row H2) ---- */

Test(list, is_walked_in_batches)
{
    waldo_list *list;
    enum { COUNT = 3000 };
    waldo_value *items = waldo_v_list();
    for (int i = 0; i < COUNT; i++)
        must(waldo_value_list_append(items, waldo_v(i), &err));
    list = list_of(items);
    int64_t expected = 0;
    int status;
    WALDO_LIST_EACH(list, item, &status, &err)
    {
        int64_t number;
        must(waldo_value_get_int64(item, &number, &err));
        cr_assert_eq(number, expected++);
    }
    cr_assert_eq(status, 0);
    cr_assert_eq(expected, COUNT);
    WALDO_LIST_EACH(list, item, &status, &err)
    break;
    cr_assert_eq(status, 1);
    end(list);
}

Test(list, a_walk_sees_changes_and_stays_at_its_end)
{
    waldo_list *list = ints();
    const waldo_value *item = NULL;
    waldo_list_cursor cursor = waldo_list_begin(list);
    must(waldo_list_set(list, 0, waldo_v("new"), &err));
    cr_assert_eq(must(waldo_list_next(&cursor, &item, &err)), 1);
    prints(waldo_value_ref(item), "'new'");
    must(waldo_list_set(list, 5, waldo_v("later"), &err));
    for (int i = 1; i < 6; i++)
        cr_assert_eq(must(waldo_list_next(&cursor, &item, &err)), 1);
    prints(waldo_value_ref(item), "'later'");
    cr_assert_eq(must(waldo_list_next(&cursor, &item, &err)), 0);
    must(waldo_list_append(list, waldo_v("too late"), &err));
    cr_assert_eq(must(waldo_list_next(&cursor, &item, &err)), 0);
    waldo_list_end(&cursor);
    end(list);
}

Test(list, a_walk_reports_an_error)
{
    waldo_list *list = ints();
    waldo_proxy *same;
    must(waldo_proxy_copy(waldo_list_proxy(list), &same, &err));
    must(waldo_proxy_set_timeout(same, 1e-9, &err));
    waldo_list *hurried;
    waldo_value *token;
    must(waldo_proxy_to_value(same, &token, &err));
    must(waldo_list_from_value(manager, token, &hurried, &err));
    must(waldo_proxy_set_timeout(waldo_list_proxy(hurried), 1e-9, &err));
    int status = 0;
    WALDO_LIST_EACH(hurried, item, &status, &err)
    break;
    cr_assert_eq(status, WALDO_ETIMEOUT);
    waldo_value_unref(token);
    waldo_proxy_unref(same);
    waldo_list_unref(hurried);
    end(list);
}

/* ---- by name, as Python calls it ---- */

static waldo_value *call(waldo_list *list, const char *method, waldo_value *arguments)
{
    waldo_value *result = NULL;
    must(waldo_proxy_call(waldo_list_proxy(list), method, arguments, &result, &err));
    return result;
}

Test(list, by_name)
{
    waldo_list *list = ints();
    waldo_value *result = NULL;
    prints(call(list, "__len__", waldo_v_none()), "6");
    prints(call(list, "pop", waldo_v_none()), "5");
    prints(call(list, "pop", waldo_v_tuple(waldo_v(0))), "0");
    prints(call(list, "pop", waldo_v_fields("index", waldo_v(-1))), "4");
    prints(call(list, "__getitem__", waldo_v_tuple(waldo_v_slice(WALDO_OMIT, WALDO_OMIT, -1))),
           "[3, 2, 1]");
    prints(call(list, "__rmul__", waldo_v_tuple(waldo_v(2))), "[1, 2, 3, 1, 2, 3]");
    prints(call(list, "sort", waldo_v_fields("reverse", waldo_v_bool(true))), "None");
    prints(call(list, "__contains__", waldo_v_tuple(waldo_v(3))), "True");
    must_fail(waldo_proxy_call(waldo_list_proxy(list), "append", waldo_v_tuple(), &result, &err),
              WALDO_ETYPE);
    must_fail(waldo_proxy_call(waldo_list_proxy(list), "__getitem__", waldo_v_tuple(waldo_v("a")),
                               &result, &err),
              WALDO_ETYPE);
    says("list indices must be integers or slices, not str");
    must_fail(waldo_proxy_call(waldo_list_proxy(list), "__getitem__",
                               waldo_v_tuple(waldo_v_extension("slice", "1:x:", 4)), &result, &err),
              WALDO_EVALUE);
    says("malformed slice");
    must_fail(waldo_proxy_call(waldo_list_proxy(list), "__iter__", waldo_v_none(), &result, &err),
              WALDO_EATTRIBUTE);
    cr_assert_null(result);
    holds(list, "[3, 2, 1]");
    end(list);
}

Test(list, prints)
{
    waldo_list *list = ints();
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    cr_assert_not_null(stream);
    must(waldo_proxy_print(waldo_list_proxy(list), stream));
    fclose(stream);
    cr_assert_str_eq(text, "[0, 1, 2, 3, 4, 5]\n");
    free(text);
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    setbuf(full, NULL);
    cr_assert_eq(waldo_proxy_print(waldo_list_proxy(list), full), WALDO_ESYSTEM);
    fclose(full);
    end(list);
}

Test(list, imul_gives_the_list_itself)
{
    waldo_list *list = ints();
    waldo_value *same = call(list, "__imul__", waldo_v_tuple(waldo_v(2)));
    waldo_list *again;
    must(waldo_list_from_value(manager, same, &again, &err));
    cr_assert_eq(waldo_proxy_object(waldo_list_proxy(again)),
                 waldo_proxy_object(waldo_list_proxy(list)));
    waldo_list_unref(again);
    waldo_value_unref(same);
    end(list);
}

Test(list, reversed_goes_by_index)
{
    waldo_list *list = ints();
    waldo_value *token = call(list, "__reversed__", waldo_v_none());
    waldo_proxy *iterator;
    waldo_value *item;
    must(waldo_proxy_from_value(manager, token, &iterator, &err));
    waldo_value_unref(token);
    cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 1);
    prints(item, "5");
    must(waldo_list_set(list, 4, waldo_v("changed"), &err));
    cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 1);
    prints(item, "'changed'");
    must(waldo_list_delete_slice(list, 2, WALDO_OMIT, WALDO_OMIT, &err));
    cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 0);
    must(waldo_list_extend(list, waldo_v("abcdef"), &err));
    cr_assert_eq(must(waldo_proxy_next(iterator, &item, &err)), 0);
    waldo_proxy_unref(iterator);
    end(list);
}

/* ---- lists in lists (row D12) ---- */

static void put_into(waldo_list *outer, waldo_list *inner)
{
    waldo_value *token;
    must(waldo_proxy_to_value(waldo_list_proxy(inner), &token, &err));
    must(waldo_list_append(outer, token, &err));
}

Test(list, a_list_in_a_list_is_the_live_one)
{
    waldo_list *outer = list_of(waldo_v_list());
    waldo_list *inner = ints();
    put_into(outer, inner);
    waldo_list_unref(inner); /* the outer one keeps it */
    waldo_value *token;
    must(waldo_list_get(outer, 0, &token, &err));
    must(waldo_list_from_value(manager, token, &inner, &err));
    waldo_value_unref(token);
    must(waldo_list_append(inner, waldo_v("through"), &err));
    waldo_list_unref(inner);
    must(waldo_list_get(outer, 0, &token, &err));
    must(waldo_list_from_value(manager, token, &inner, &err));
    waldo_value_unref(token);
    holds(inner, "[0, 1, 2, 3, 4, 5, 'through']");
    waldo_value *item = NULL;
    must_fail(waldo_list_add(outer, waldo_v_bool(true), &item, &err), WALDO_ETYPE);
    must(waldo_proxy_to_value(waldo_list_proxy(inner), &token, &err));
    /* Row H3: a proxy is no list. */
    must_fail(waldo_list_add(outer, token, &item, &err), WALDO_ETYPE);
    waldo_list_unref(inner);
    end(outer);
}

Test(list, takes_the_items_of_other_containers)
{
    waldo_list *list = list_of(waldo_v_list(waldo_v("a")));
    waldo_value *token;
    must(waldo_proxy_to_value(waldo_list_proxy(list), &token, &err));
    must(waldo_list_extend(list, waldo_value_ref(token), &err));
    holds(list, "['a', 'a']");
    must(waldo_list_set_slice(list, 1, 1, WALDO_OMIT, waldo_value_ref(token), &err));
    holds(list, "['a', 'a', 'a', 'a']");
    waldo_list *copy = list_of(token);
    holds(copy, "['a', 'a', 'a', 'a']");
    waldo_list_unref(copy);
    waldo_set *set;
    must(waldo_proxy_to_value(waldo_list_proxy(list), &token, &err));
    must(waldo_set_new_from(manager, token, &set, &err));
    must(waldo_proxy_to_value(waldo_set_proxy(set), &token, &err));
    must(waldo_list_extend(list, token, &err));
    holds(list, "['a', 'a', 'a', 'a', 'a']");
    waldo_set_unref(set);
    end(list);
}

Test(list, a_list_in_itself)
{
    waldo_list *list = ints();
    put_into(list, list);
    waldo_value *token;
    must(waldo_list_get(list, -1, &token, &err));
    waldo_list *same;
    must(waldo_list_from_value(manager, token, &same, &err));
    waldo_value_unref(token);
    size_t length;
    must(waldo_list_length(same, &length, &err));
    cr_assert_eq(length, 7);
    waldo_list_unref(same);
    must(waldo_list_clear(list, &err)); /* nobody collects the cycle */
    end(list);
}

static waldo_value *nested(int depth)
{
    waldo_value *value = waldo_v(1);
    for (int i = 0; i < depth; i++)
        value = waldo_v_list(value);
    return value;
}

Test(list, what_is_nested_too_deep_is_refused)
{
    waldo_list *list = ints();
    must_fail(waldo_list_append(list, nested(100), &err), WALDO_ERECURSION);
    must(waldo_list_append(list, nested(40), &err));
    must(waldo_list_delete(list, -1, &err));
    holds(list, "[0, 1, 2, 3, 4, 5]");
    end(list);
}

Test(list, only_a_list_is_one)
{
    waldo_set *set;
    must(waldo_set_new(manager, &set, &err));
    waldo_value *token;
    must(waldo_proxy_to_value(waldo_set_proxy(set), &token, &err));
    waldo_list *list = NULL;
    must_fail(waldo_list_from_value(manager, token, &list, &err), WALDO_ETYPE);
    waldo_value *number = waldo_v(5);
    must_fail(waldo_list_from_value(manager, number, &list, &err), WALDO_ETYPE);
    cr_assert_null(list);
    waldo_value_unref(number);
    waldo_value_unref(token);
    waldo_set_unref(set);
    cr_assert_null(waldo_list_unref(NULL));
    live_end();
}
