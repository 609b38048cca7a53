#include "unit/value/support.h"

static waldo_value *numbers(void)
{
    return waldo_v_list(waldo_v(10), waldo_v(20), waldo_v(30));
}

Test(list, items_from_both_ends)
{
    waldo_value *list = numbers();
    waldo_value *item;
    cr_assert(waldo_value_item(list, 0, &item, NULL) >= 0);
    expect_repr(item, "10");
    cr_assert(waldo_value_item(list, -1, &item, NULL) >= 0);
    expect_repr(item, "30");
    EXPECT_ERROR(waldo_value_item(list, 3, &item, reterr), WALDO_EINDEX, "list index out of range");
    EXPECT_ERROR(waldo_value_item(list, -4, &item, reterr), WALDO_EINDEX,
                 "list index out of range");
    EXPECT_ERROR(waldo_value_item(list, INT64_MIN, &item, reterr), WALDO_EINDEX,
                 "list index out of range");
    waldo_value_unref(list);
    waldo_value *tuple = waldo_v_tuple();
    EXPECT_ERROR(waldo_value_item(tuple, 0, &item, reterr), WALDO_EINDEX,
                 "tuple index out of range");
    waldo_value_unref(tuple);
    EXPECT_ERROR(waldo_value_item(waldo_v(1), 0, &item, reterr), WALDO_ETYPE,
                 "expected a list or a tuple, got 'int'");
}

Test(list, set_insert_append)
{
    waldo_value *list = numbers();
    cr_assert(waldo_value_list_set(list, -1, waldo_v("last"), NULL) >= 0);
    cr_assert(waldo_value_list_insert(list, 1, waldo_v("second"), NULL) >= 0);
    cr_assert(waldo_value_list_insert(list, -1, waldo_v("before last"), NULL) >= 0);
    cr_assert(waldo_value_list_insert(list, INT64_MAX, waldo_v("end"), NULL) >= 0);
    cr_assert(waldo_value_list_insert(list, INT64_MIN, waldo_v("start"), NULL) >= 0);
    cr_assert(waldo_value_list_append(list, waldo_v(1), NULL) >= 0);
    EXPECT_ERROR(waldo_value_list_set(list, 99, waldo_v("freed"), reterr), WALDO_EINDEX,
                 "list assignment index out of range");
    expect_repr(list, "['start', 10, 'second', 20, 'before last', 'last', 'end', 1]");
}

Test(list, pop)
{
    waldo_value *list = numbers();
    waldo_value *item;
    cr_assert(waldo_value_list_pop(list, 0, &item, NULL) >= 0);
    expect_repr(item, "10");
    cr_assert(waldo_value_list_pop(list, -1, NULL, NULL) >= 0);
    EXPECT_ERROR(waldo_value_list_pop(list, 5, &item, reterr), WALDO_EINDEX,
                 "pop index out of range");
    EXPECT_ERROR(waldo_value_list_pop(list, 5, NULL, reterr), WALDO_EINDEX,
                 "list assignment index out of range");
    cr_assert(waldo_value_list_pop(list, 0, NULL, NULL) >= 0);
    EXPECT_ERROR(waldo_value_list_pop(list, -1, &item, reterr), WALDO_EINDEX,
                 "pop from empty list");
    expect_repr(list, "[]");
}

Test(list, null_items_and_other_kinds_are_refused)
{
    waldo_value *list = waldo_v_list();
    waldo_value *item;
    EXPECT_ERROR(waldo_value_list_append(list, NULL, reterr), WALDO_ENOMEM, "out of memory");
    EXPECT_ERROR(waldo_value_list_insert(list, 0, NULL, reterr), WALDO_ENOMEM, "out of memory");
    EXPECT_ERROR(waldo_value_list_set(list, 0, NULL, reterr), WALDO_ENOMEM, "out of memory");
    EXPECT_ERROR(waldo_value_list_append(waldo_v(1), waldo_v("freed"), reterr), WALDO_ETYPE,
                 "expected a list, got 'int'");
    EXPECT_ERROR(waldo_value_list_pop(waldo_v(1), 0, &item, reterr), WALDO_ETYPE,
                 "expected a list, got 'int'");
    expect_repr(list, "[]");
}

Test(list, grows)
{
    waldo_value *list = waldo_v_list();
    for (int i = 0; i < 100000; i++)
        cr_assert(waldo_value_list_append(list, waldo_v(i), NULL) >= 0);
    waldo_value *item;
    cr_assert(waldo_value_item(list, 77777, &item, NULL) >= 0);
    expect_repr(item, "77777");
    waldo_value_unref(list);
}
