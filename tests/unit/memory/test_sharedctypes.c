/* Rows O1-O6: Value, Array and their raw forms. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/mp/sharedctypes.h>

#include "unit/memory/children.h"

static waldo_error err;

static void expect_repr(waldo_value *value, const char *repr)
{
    char *text = waldo_value_repr(value);
    cr_expect_str_eq(text, repr);
    free(text);
    waldo_value_unref(value);
}

static void expect_value(char typecode, waldo_value *set, const char *repr)
{
    waldo_mp_value *shared;
    waldo_value *value;
    OK(waldo_mp_value_new(typecode, set, NULL, &shared, &err));
    OK(waldo_mp_value_get(shared, &value, &err));
    expect_repr(value, repr);
    waldo_mp_value_unref(shared);
}

Test(value, of_each_typecode)
{
    expect_value('c', waldo_v_bytes("x", 1), "b'x'");
    expect_value('u', waldo_v("\xe2\x82\xac"), "'\xe2\x82\xac'");
    expect_value('b', waldo_v(-128), "-128");
    expect_value('B', waldo_v(255), "255");
    expect_value('h', waldo_v(-32768), "-32768");
    expect_value('H', waldo_v(65535), "65535");
    expect_value('i', waldo_v(-7), "-7");
    expect_value('I', waldo_v(4294967295u), "4294967295");
    expect_value('l', waldo_v(INT64_MIN), "-9223372036854775808");
    expect_value('L', waldo_v(UINT64_MAX), "18446744073709551615");
    expect_value('q', waldo_v(1), "1");
    expect_value('Q', waldo_v(1), "1");
    expect_value('f', waldo_v(0.5), "0.5");
    expect_value('d', waldo_v(3.25), "3.25");
    expect_value('d', waldo_v(2), "2.0");
    expect_value('i', waldo_v_none(), "0");
}

Test(value, ints_are_cut_and_other_types_refused)
{
    expect_value('b', waldo_v(300), "44");
    expect_value('B', waldo_v(-1), "255");
    expect_value('i', waldo_v_int_text("-18446744073709551617", 10), "-1");
    waldo_mp_value *shared;
    cr_expect_eq(waldo_mp_value_new('i', waldo_v(1.5), NULL, &shared, &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_value_new('u', waldo_v("ab"), NULL, &shared, &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_value_new('c', waldo_v_bytes("ab", 2), NULL, &shared, &err),
                 WALDO_EVALUE);
    cr_expect_eq(waldo_mp_value_new('x', waldo_v(1), NULL, &shared, &err), WALDO_ETYPE);
    cr_expect_str_eq(err.message, "bad typecode");
    cr_expect_eq(waldo_mp_value_new(0, waldo_v(1), NULL, &shared, &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_value_new('i', NULL, NULL, &shared, &err), WALDO_ENOMEM);
    cr_expect_eq(waldo_mp_value_new_of(0, NULL, &shared, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_value_new_of(SIZE_MAX, NULL, &shared, &err), WALDO_ENOMEM);
}

static int count(void *shared)
{
    for (int i = 0; i < 5000; ++i) {
        MUST(waldo_mp_value_acquire(shared, WALDO_FOREVER, NULL) == 1);
        ++*(volatile int64_t *)waldo_mp_value_data(shared);
        MUST(waldo_mp_value_release(shared, NULL) == 0);
    }
    return 0;
}

Test(value, is_shared_and_locked)
{
    waldo_mp_value *shared;
    waldo_value *value;
    OK(waldo_mp_value_new('q', waldo_v(0), NULL, &shared, &err));
    pid_t children[3];
    for (int i = 0; i < 3; ++i)
        children[i] = start_child(count, shared);
    for (int i = 0; i < 3; ++i)
        cr_expect_eq(join_child(children[i]), 0);
    OK(waldo_mp_value_get(shared, &value, &err));
    expect_repr(value, "15000");
    waldo_mp_value_unref(shared);
}

Test(value, with_the_lock_that_is_wanted)
{
    waldo_mp_lock *lock;
    waldo_mp_value *shared;
    waldo_mp_value *raw;
    OK(waldo_mp_lock_new(&lock, &err));
    OK(waldo_mp_value_new('i', waldo_v(3), &(waldo_mp_locking){.lock = lock}, &shared, &err));
    OK(waldo_mp_value_acquire(shared, 0, &err));
    cr_expect(waldo_mp_lock_locked(lock));
    OK(waldo_mp_value_release(shared, &err));
    OK(waldo_mp_value_new('i', waldo_v(3), &(waldo_mp_locking){.raw = true}, &raw, &err));
    cr_expect_eq(waldo_mp_value_acquire(raw, 0, &err), 1);
    cr_expect_eq(waldo_mp_value_release(raw, &err), 0);
    waldo_mp_value_unref(raw);
    waldo_mp_value_unref(shared);
    waldo_mp_lock_unref(lock);
}

struct point {
    double x;
    double y;
};

Test(value, of_a_structure_and_its_copy)
{
    waldo_mp_value *shared;
    waldo_mp_value *copy;
    OK(waldo_mp_value_new_of(sizeof(struct point), NULL, &shared, &err));
    struct point *point = waldo_mp_value_data(shared);
    cr_expect_eq(point->x, 0);
    point->y = 2;
    OK(waldo_mp_value_copy(shared, &copy, &err));
    point->y = 3;
    cr_expect_eq(((struct point *)waldo_mp_value_data(copy))->y, 2);
    waldo_mp_value_unref(copy);
    waldo_mp_value_unref(shared);
}

static void expect_slice(waldo_mp_array *shared, int64_t start, int64_t stop, const char *repr)
{
    waldo_value *items;
    OK(waldo_mp_array_get_slice(shared, start, stop, &items, &err));
    expect_repr(items, repr);
}

Test(array, items_and_slices)
{
    waldo_mp_array *shared;
    waldo_value *item;
    OK(waldo_mp_array_new('i', waldo_v_list(waldo_v(1), waldo_v(2), waldo_v(3), waldo_v(4)), NULL,
                          &shared, &err));
    cr_expect_eq(waldo_mp_array_length(shared), 4);
    OK(waldo_mp_array_get(shared, -1, &item, &err));
    expect_repr(item, "4");
    OK(waldo_mp_array_set(shared, -4, waldo_v(10), &err));
    expect_slice(shared, 0, INT64_MAX, "[10, 2, 3, 4]");
    expect_slice(shared, -2, INT64_MAX, "[3, 4]");
    expect_slice(shared, 3, 1, "[]");
    expect_slice(shared, INT64_MIN, -3, "[10]");
    OK(waldo_mp_array_set_slice(shared, 1, 3, waldo_v_tuple(waldo_v(8), waldo_v(9)), &err));
    expect_slice(shared, 0, INT64_MAX, "[10, 8, 9, 4]");
    cr_expect_eq(waldo_mp_array_set_slice(shared, 1, 3, waldo_v_tuple(waldo_v(8)), &err),
                 WALDO_EVALUE);
    cr_expect_eq(waldo_mp_array_set_slice(shared, 1, 2, waldo_v(8), &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_array_get(shared, 4, &item, &err), WALDO_EINDEX);
    cr_expect_eq(waldo_mp_array_set(shared, -5, waldo_v(1), &err), WALDO_EINDEX);
    cr_expect_eq(waldo_mp_array_set(shared, 0, waldo_v("x"), &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_array_set(shared, 0, NULL, &err), WALDO_ENOMEM);
    waldo_mp_array_unref(shared);
}

Test(array, sizes)
{
    waldo_mp_array *shared;
    OK(waldo_mp_array_new('d', waldo_v(0), NULL, &shared, &err));
    cr_expect_eq(waldo_mp_array_length(shared), 0);
    expect_slice(shared, 0, 9, "[]");
    waldo_mp_array_unref(shared);
    cr_expect_eq(waldo_mp_array_new('d', waldo_v(-1), NULL, &shared, &err), WALDO_EVALUE);
    cr_expect_eq(waldo_mp_array_new('d', waldo_v(INT64_MAX), NULL, &shared, &err), WALDO_ENOMEM);
    cr_expect_eq(waldo_mp_array_new('d', waldo_v("x"), NULL, &shared, &err), WALDO_ETYPE);
    cr_expect_eq(waldo_mp_array_new('d', waldo_v_list(waldo_v("x")), NULL, &shared, &err),
                 WALDO_ETYPE);
    cr_expect_eq(waldo_mp_array_new('?', waldo_v(1), NULL, &shared, &err), WALDO_ETYPE);
    /* Zeroed, also where the memory was used before. */
    for (int i = 0; i < 2; ++i) {
        OK(waldo_mp_array_new('B', waldo_v(1000), NULL, &shared, &err));
        uint8_t *data = waldo_mp_array_data(shared);
        for (int j = 0; j < 1000; ++j)
            cr_assert_eq(data[j], 0);
        memset(data, 0xff, 1000);
        waldo_mp_array_unref(shared);
    }
}

Test(array, of_characters)
{
    waldo_mp_array *shared;
    waldo_value *text;
    OK(waldo_mp_array_new('c', waldo_v_bytes("ab\0d", 4), NULL, &shared, &err));
    OK(waldo_mp_array_get_text(shared, &text, &err));
    expect_repr(text, "b'ab'");
    expect_slice(shared, 0, INT64_MAX, "b'ab\\x00d'");
    waldo_mp_array_unref(shared);
    OK(waldo_mp_array_new('u', waldo_v_list(waldo_v("a"), waldo_v("\xf0\x9f\x98\x80")), NULL,
                          &shared, &err));
    expect_slice(shared, 0, INT64_MAX, "'a\xf0\x9f\x98\x80'");
    cr_expect_eq(waldo_mp_array_get_text(shared, &text, &err), WALDO_EATTRIBUTE);
    waldo_mp_array_unref(shared);
}

Test(array, of_structures_and_copies)
{
    waldo_mp_array *shared;
    waldo_mp_array *copy;
    OK(waldo_mp_array_new_of(sizeof(struct point), 3, NULL, &shared, &err));
    struct point *points = waldo_mp_array_data(shared);
    points[2].x = 5;
    OK(waldo_mp_array_copy(shared, &copy, &err));
    points[2].x = 6;
    cr_expect_eq(((struct point *)waldo_mp_array_data(copy))[2].x, 5);
    waldo_mp_array_unref(copy);
    waldo_mp_array_unref(shared);
}
