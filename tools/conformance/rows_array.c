/* Row H10: Array. */
#include <string.h>

#include "row.h"

#define with waldo_v_tuple

static waldo_value *slice(const char *text)
{
    return waldo_v_extension("slice", text, strlen(text));
}

static waldo_value *shorts(int16_t first, int16_t second)
{
    const int16_t items[] = {first, second};
    return waldo_v_array('h', items, 2);
}

static waldo_proxy *create(void)
{
    return row_create("Array",
                      with(waldo_v("h"), waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3))));
}

static void check(waldo_proxy *array, const char *expected)
{
    row_gives(array, "#GETVALUE", waldo_v_none(), expected);
}

ROW(H10_array_indexes_and_slices, "Array")
{
    waldo_proxy *array = create();
    row_gives(array, "__len__", waldo_v_none(), "3");
    row_gives(array, "__getitem__", with(waldo_v(0)), "1");
    row_gives(array, "__getitem__", with(waldo_v(-1)), "3");
    row_gives(array, "__getitem__", with(slice("::-1")), "array('h', [3, 2, 1])");
    row_gives(array, "__getitem__", with(slice("5::")), "array('h')");
    row_gives(array, "__setitem__", with(waldo_v(-1), waldo_v(-32768)), "None");
    row_gives(array, "__setitem__", with(slice("0:2:"), shorts(7, 8)), "None");
    check(array, "array('h', [7, 8, -32768])");
    waldo_proxy_unref(array);
}

ROW(H10_array_of_every_typecode, "Array")
{
    static const char *const typecodes[] = {"b", "B", "h", "H", "i", "I",
                                            "l", "L", "q", "Q", "f", "d"};
    for (size_t i = 0; i < sizeof typecodes / sizeof typecodes[0]; i++) {
        waldo_proxy *array =
            row_create("Array", with(waldo_v(typecodes[i]), waldo_v_list(waldo_v(1))));
        bool integral = typecodes[i][0] != 'f' && typecodes[i][0] != 'd';
        row_gives(array, "__getitem__", with(waldo_v(0)), integral ? "1" : "1.0");
        if (integral)
            must_fail(row_try(array, "__setitem__", with(waldo_v(0), waldo_v(1.5))), WALDO_ETYPE);
        must_fail(row_try(array, "__setitem__", with(waldo_v(0), waldo_v("1"))), WALDO_ETYPE);
        row_gives(array, "__getitem__", with(waldo_v(0)), integral ? "1" : "1.0");
        waldo_proxy_unref(array);
    }
}

ROW(H10_array_errors, "Array")
{
    waldo_proxy *array = create();
    row_refuses(array, "__getitem__", with(waldo_v(3)), WALDO_EINDEX, "array index out of range");
    row_refuses(array, "__setitem__", with(waldo_v(-4), waldo_v(0)), WALDO_EINDEX,
                "array assignment index out of range");
    must_fail(row_try(array, "__getitem__", with(waldo_v("0"))), WALDO_ETYPE);
    must_fail(row_try(array, "__getitem__", with(slice("::0"))), WALDO_EVALUE);
    must_fail(row_try(array, "__setitem__", with(waldo_v(0), waldo_v("x"))), WALDO_ETYPE);
    must_fail(row_try(array, "__setitem__", with(waldo_v(0), waldo_v(1 << 15))), WALDO_EOVERFLOW);
    /* A slice takes an array of its own kind, and nothing else. */
    must_fail(row_try(array, "__setitem__", with(slice("0:2:"), waldo_v_list(waldo_v(1)))),
              WALDO_ETYPE);
    const int32_t wide[] = {1, 2};
    must_fail(row_try(array, "__setitem__", with(slice("0:2:"), waldo_v_array('i', wide, 2))),
              WALDO_ETYPE);
    must_fail(row_try(array, "append", with(waldo_v(1))), WALDO_EATTRIBUTE);
    check(array, "array('h', [1, 2, 3])");
    waldo_proxy_unref(array);
}

ROW(H10_arrays_that_cannot_be, "Array")
{
    must_fail(row_try_create("Array", with(waldo_v("x"), waldo_v_list())), WALDO_EVALUE);
    expect_text(err.message, "bad typecode (must be b, B, h, H, i, I, l, L, q, Q, f or d)");
    must_fail(row_try_create("Array", with(waldo_v(""), waldo_v_list())), WALDO_ETYPE);
    must_fail(row_try_create("Array", with(waldo_v("i"), waldo_v(5))), WALDO_ETYPE);
    must_fail(row_try_create("Array", with(waldo_v("i"), waldo_v_list(waldo_v("a")))), WALDO_ETYPE);
    must_fail(row_try_create("Array", with(waldo_v("b"), waldo_v_list(waldo_v(128)))),
              WALDO_EOVERFLOW);
    must_fail(row_try_create("Array", waldo_v_none()), WALDO_ETYPE);
}

CLIENT(increment_first)
{
    waldo_proxy *array = row_proxy(row_hear());
    waldo_value *item = row_call(array, "__getitem__", with(waldo_v(0)));
    int64_t number = 0;
    must(waldo_value_get_int64(item, &number, &err));
    waldo_value_unref(item);
    row_gives(array, "__setitem__", with(waldo_v(0), waldo_v(number + 1)), "None");
    waldo_proxy_unref(array);
}

ROW(H10_clients_share_it, "Array")
{
    waldo_proxy *array = create();
    row_client *client = row_start("increment_first");
    row_tell(client, row_token(array));
    row_finish(client);
    check(array, "array('h', [2, 2, 3])");
    waldo_proxy_unref(array);
}
