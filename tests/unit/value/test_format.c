/* Values after a pattern. */
#include "unit/value/support.h"

Test(format, scalars)
{
    expect_repr(waldo_v_format("n"), "None");
    expect_repr(waldo_v_format("b", 2), "True");
    expect_repr(waldo_v_format(" i ", -7), "-7");
    expect_repr(waldo_v_format("l", INT64_MIN), "-9223372036854775808");
    expect_repr(waldo_v_format("d", 0.5), "0.5");
    expect_repr(waldo_v_format("s", "it"), "'it'");
    expect_repr(waldo_v_format("v", waldo_v(3)), "3");
}

Test(format, containers)
{
    expect_repr(waldo_v_format("()"), "()");
    expect_repr(waldo_v_format("[ ]"), "[]");
    expect_repr(waldo_v_format("{}"), "{}");
    expect_repr(waldo_v_format("(i)", 1), "(1,)");
    expect_repr(waldo_v_format("{s: i, s: [d, d], i: (n, v)}", "n", 1, "sizes", 0.25, 0.5, 4,
                               waldo_v("rest")),
                "{'n': 1, 'sizes': [0.25, 0.5], 4: (None, 'rest')}");
    expect_repr(waldo_v_format("[iiiiiiiiii]", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9),
                "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]");
}

/* Everything that was given is taken; the sanitizer tells what is not. */
Test(format, of_what_nothing_comes)
{
    cr_expect_null(waldo_v_format("[v, v, [v]]", waldo_v(1), NULL, waldo_v_list()));
    cr_expect_null(waldo_v_format("{v: v}", waldo_v_list(), waldo_v("unhashable")));
    cr_expect_null(waldo_v_format("{v}", waldo_v("odd")));
    cr_expect_null(waldo_v_format("(s, v)", NULL, waldo_v("behind")));
}

Test(format, what_is_no_pattern)
{
    static const char *const wrong[] = {"", "x", "(", "(n", "[n)", "n n", ")", "(n))", "{n: x}"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        cr_expect_null(waldo_v_format(wrong[i]), "%s", wrong[i]);
    char deep[400];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    cr_expect_null(waldo_v_format(deep));
}
