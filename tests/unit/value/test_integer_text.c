#include "unit/value/support.h"

static void expect_int(const char *text, int base, const char *repr)
{
    waldo_value *value;
    waldo_error err = WALDO_ERROR_INIT;
    cr_assert(waldo_value_parse_int(text, base, &value, &err) >= 0, "%s: %s", text, err.message);
    expect_repr(value, repr);
}

Test(integer_text, reads_what_python_reads)
{
    expect_int("0", 10, "0");
    expect_int(" \t-42\n", 10, "-42");
    expect_int("+007", 10, "7");
    expect_int("1_000_000", 10, "1000000");
    expect_int("0x_ff", 0, "255");
    expect_int("0XFF", 16, "255");
    expect_int("ff", 16, "255");
    expect_int("-0b101", 0, "-5");
    expect_int("0o17", 0, "15");
    expect_int("0b1", 16, "177");
    expect_int("z", 36, "35");
    expect_int("00", 0, "0");
    expect_int("123456789012345678901234567890", 10, "123456789012345678901234567890");
}

Test(integer_text, refuses_what_python_refuses)
{
    static const char *const bad[] = {"",   "-",   "+-1", "1 2", "1__0", "_1", "1_",
                                      "0x", "12a", "1.0", "--1", "0x1",  "٣",  "0_x1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        waldo_value *value = NULL;
        cr_assert_eq(waldo_value_parse_int(bad[i], 10, &value, NULL), WALDO_EVALUE, "%s", bad[i]);
        cr_assert_null(value);
    }
    waldo_value *value;
    EXPECT_ERROR(waldo_value_parse_int("010", 0, &value, reterr), WALDO_EVALUE,
                 "invalid literal for int() with base 0: '010'");
    EXPECT_ERROR(waldo_value_parse_int("1", 37, &value, reterr), WALDO_EVALUE,
                 "int() base must be >= 2 and <= 36, or 0");
    cr_assert_null(waldo_v_int_text("x", 10));
}

Test(integer_text, has_an_end)
{
    size_t size = 6 * 1000 * 1000;
    char *text = malloc(size + 1);
    memset(text, '9', size);
    text[size] = '\0';
    waldo_value *value;
    cr_assert_eq(waldo_value_parse_int(text, 10, &value, NULL), WALDO_EOVERFLOW);
    free(text);
}

Test(integer_text, writes_in_any_base)
{
    waldo_value *value = waldo_v(-255);
    char *text;
    cr_assert(waldo_value_get_int_text(value, 16, &text, NULL) >= 0);
    cr_assert_str_eq(text, "-ff");
    free(text);
    EXPECT_ERROR(waldo_value_get_int_text(value, 1, &text, reterr), WALDO_EVALUE,
                 "base must be >= 2 and <= 36");
    waldo_value_unref(value);
    EXPECT_ERROR(waldo_value_get_int_text(waldo_v_none(), 10, &text, reterr), WALDO_ETYPE,
                 "expected an int, got 'NoneType'");
}
