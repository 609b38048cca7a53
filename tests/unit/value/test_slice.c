/* Slices: as values, and what they select. interop.types_python compares them with Python's. */
#include <waldo/value_methods.h>

#include "support.h"
#include "value/slice.h"

static void selects(waldo_value *slice, size_t length, int64_t start, size_t count)
{
    waldo__range range;
    cr_assert_not_null(slice);
    cr_assert(waldo__is_slice(slice));
    cr_assert(waldo__slice_resolve(slice, length, &range, NULL) >= 0);
    cr_assert_eq(range.start, start);
    cr_assert_eq(range.count, count);
    waldo_value_unref(slice);
}

static void is_malformed(const char *text, size_t size)
{
    waldo_value *slice = waldo_v_extension("slice", text, size);
    waldo__range range;
    EXPECT_ERROR(waldo__slice_resolve(slice, 9, &range, reterr), WALDO_EVALUE, "malformed slice");
    waldo_value_unref(slice);
}

Test(slice, prints_as_pythons)
{
    expect_repr(waldo_v_slice(1, 5, 2), "slice(1, 5, 2)");
    expect_repr(waldo_v_slice(WALDO_OMIT, WALDO_OMIT, -1), "slice(None, None, -1)");
    waldo_value *slice = waldo_v_slice(INT64_MAX, -INT64_MAX, 1);
    cr_assert_str_eq(waldo_value_type_name(slice), "slice");
    expect_repr(slice, "slice(9223372036854775807, -9223372036854775807, 1)");
    expect_repr(waldo_v_extension("slice", "x", 1), "<extension 'slice', 1 bytes>");
}

Test(slice, selects_what_pythons_does)
{
    selects(waldo_v_slice(WALDO_OMIT, WALDO_OMIT, WALDO_OMIT), 5, 0, 5);
    selects(waldo_v_slice(1, 4, 2), 5, 1, 2);
    selects(waldo_v_slice(-3, -1, WALDO_OMIT), 5, 2, 2);
    selects(waldo_v_slice(WALDO_OMIT, WALDO_OMIT, -1), 5, 4, 5);
    selects(waldo_v_slice(-99, 99, 3), 5, 0, 2);
    selects(waldo_v_slice(99, -99, -3), 5, 4, 2);
    selects(waldo_v_slice(4, 1, WALDO_OMIT), 5, 4, 0);
    selects(waldo_v_slice(0, 0, -1), 5, 0, 0);
    selects(waldo_v_slice(WALDO_OMIT, WALDO_OMIT, WALDO_OMIT), 0, 0, 0);
    selects(waldo_v_slice(INT64_MAX, -INT64_MAX, -INT64_MAX), 5, 4, 1);
    selects(waldo_v_slice(0, INT64_MAX, INT64_MAX), 5, 0, 1);
    /* Beyond 64 bits: cut, since no sequence is as long. */
    selects(waldo_v_extension("slice", "-99999999999999999999:99999999999999999999:", 43), 5, 0, 5);
}

Test(slice, refuses_what_is_none)
{
    waldo__range range;
    waldo_value *zero = waldo_v_slice(0, 1, 0);
    EXPECT_ERROR(waldo__slice_resolve(zero, 9, &range, reterr), WALDO_EVALUE,
                 "slice step cannot be zero");
    waldo_value_unref(zero);
    is_malformed("", 0);
    is_malformed("1", 1);
    is_malformed("1:2", 3);
    is_malformed("1:2:3:", 6);
    is_malformed("1:2:3x", 6);
    is_malformed(" 1:2:3", 6);
    is_malformed("-:2:3", 5);
    is_malformed("1:2:\0003", 6);
    waldo_value *other = waldo_v_extension("slices", "::", 2);
    cr_assert_not(waldo__is_slice(other));
    waldo_value_unref(other);
}
