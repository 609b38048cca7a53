#include "unit/value/support.h"

#include "value/failure.h"
#include "value/layout.h"

Test(scalar, text_may_hold_nul)
{
    waldo_value *text = waldo_v_str_sized("a\0b", 3);
    const char *data;
    size_t size;
    cr_assert(waldo_value_get_str(text, &data, &size, NULL) >= 0);
    cr_assert_eq(size, 3);
    cr_assert_arr_eq(data, "a\0b", 4);
    EXPECT_ERROR(waldo_value_get_str(text, &data, NULL, reterr), WALDO_EVALUE,
                 "embedded null character");
    expect_repr(text, "'a\\x00b'");
}

Test(scalar, what_is_not_utf8_is_replaced_or_refused)
{
    expect_repr(waldo_v("a\xff\xc3z\xe2\x82"),
                "'a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd'");
    waldo_value *value = NULL;
    EXPECT_ERROR(waldo_value_parse_str("\xc0\x80", 2, &value, reterr), WALDO_EUNICODE,
                 "text is not UTF-8");
    cr_assert_null(value);
    cr_assert(waldo_value_parse_str("\xc3\xa9", 2, &value, NULL) >= 0);
    expect_repr(value, "'\xc3\xa9'");
}

Test(scalar, getters_refuse_other_kinds)
{
    bool truth;
    const char *text;
    const uint8_t *data;
    size_t size;
    EXPECT_ERROR(waldo_value_get_bool(waldo_v(1), &truth, reterr), WALDO_ETYPE,
                 "expected a bool, got 'int'");
    EXPECT_ERROR(waldo_value_get_str(waldo_v_none(), &text, &size, reterr), WALDO_ETYPE,
                 "expected a str, got 'NoneType'");
    EXPECT_ERROR(waldo_value_get_bytes(waldo_v(5), &data, &size, reterr), WALDO_ETYPE,
                 "expected bytes, got 'int'");
    EXPECT_ERROR(waldo_value_get_extension(waldo_v(5), &text, &data, &size, reterr), WALDO_ETYPE,
                 "expected an extension, got 'int'");
    cr_assert(waldo_value_get_bool(waldo_v_bool(true), &truth, NULL) >= 0);
    cr_assert(truth);
}

Test(scalar, errors_are_values)
{
    waldo_value *error = waldo__v_error(WALDO_EKEY, "", "'x'", "server.c:3");
    waldo_error back = WALDO_ERROR_INIT;
    cr_assert(waldo_value_get_error(error, &back, NULL) >= 0);
    cr_assert_eq(back.code, WALDO_EKEY);
    cr_assert_str_eq(back.type_name, "KeyError");
    cr_assert_str_eq(back.message, "'x'");
    cr_assert_str_eq(back.trace, "server.c:3");
    char *text = waldo_value_str(error);
    cr_assert_str_eq(text, "'x'");
    free(text);
    expect_repr(error, "KeyError(\"'x'\")");
    expect_repr(waldo_v_error(WALDO_EVALUE, "MyError", NULL), "MyError()");
    EXPECT_ERROR(waldo_value_get_error(waldo_v(1), &back, reterr), WALDO_ETYPE,
                 "expected an error, got 'int'");
}

Test(scalar, extensions)
{
    waldo_value *value = waldo_v_extension("numpy", "\0\1", 2);
    const char *name;
    const uint8_t *data;
    size_t size;
    cr_assert(waldo_value_get_extension(value, &name, &data, &size, NULL) >= 0);
    cr_assert_str_eq(name, "numpy");
    cr_assert_eq(size, 2);
    cr_assert_arr_eq(data, "\0\1", 2);
    expect_repr(value, "<extension 'numpy', 2 bytes>");
}

/* Bytes of a message refer to it, but only if they are most of it. */
Test(scalar, bytes_keep_the_message_that_they_are_most_of)
{
    waldo__buffer buffer = {0};
    cr_assert(waldo__buffer_reserve(&buffer, 100));
    memset(buffer.data, 'x', 100);
    buffer.size = 100;
    waldo__shared_bytes *owner = waldo__buffer_share(&buffer);
    waldo_value *large = waldo__v_borrowed_bytes(owner->buffer.data + 50, 50, owner);
    waldo_value *small = waldo__v_borrowed_bytes(owner->buffer.data + 51, 49, owner);
    const uint8_t *start = owner->buffer.data;
    const uint8_t *data;
    size_t size;
    cr_assert_geq(waldo_value_get_bytes(large, &data, &size, NULL), 0);
    cr_assert_eq(data, start + 50);
    cr_assert_eq(size, 50);
    cr_assert_geq(waldo_value_get_bytes(small, &data, &size, NULL), 0);
    cr_assert(data < start || data >= start + 100);
    cr_assert_eq(size, 49);
    waldo__shared_bytes_unref(owner);
    waldo_value_unref(small);
    cr_assert_geq(waldo_value_get_bytes(large, &data, &size, NULL), 0);
    cr_assert_eq(data[49], 'x');
    waldo_value_unref(large);
}
