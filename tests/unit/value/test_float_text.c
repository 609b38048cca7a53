#include "unit/value/support.h"

#include <float.h>
#include <locale.h>
#include <math.h>

#include "value/float_text.h"

static void expect(double number, const char *expected)
{
    char text[WALDO__FLOAT_TEXT];
    waldo__float_repr(number, text);
    cr_assert_str_eq(text, expected);
}

static void expect_pythons_forms(void)
{
    expect(0.0, "0.0");
    expect(-0.0, "-0.0");
    expect(1.0, "1.0");
    expect(-2.5, "-2.5");
    expect(0.1, "0.1");
    expect(1e15, "1000000000000000.0");
    expect(1e16, "1e+16");
    expect(123456789012345680.0, "1.2345678901234568e+17");
    expect(0.0001, "0.0001");
    expect(0.00001, "1e-05");
    expect(5e-324, "5e-324");
    expect(DBL_MAX, "1.7976931348623157e+308");
    expect(-DBL_MIN, "-2.2250738585072014e-308");
    expect(INFINITY, "inf");
    expect(-INFINITY, "-inf");
    expect(NAN, "nan");
    expect(-NAN, "nan");
    expect(0x1p-140, "7.174648137343064e-43");
}

Test(float_text, pythons_forms)
{
    expect_pythons_forms();
}

Test(float_text, the_locale_does_not_matter)
{
    static const char *const with_comma[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ru_RU.UTF-8"};
    for (size_t i = 0; i < sizeof(with_comma) / sizeof(with_comma[0]); i++)
        if (setlocale(LC_ALL, with_comma[i])) {
            expect_pythons_forms();
            return;
        }
    cr_skip("no locale with a decimal comma is installed");
}
