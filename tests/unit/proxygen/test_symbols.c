#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "symbols.h"

static struct arena arena;
static struct errors errors;

static void prepare(void)
{
    errors = (struct errors){.arena = &arena};
}

static void release(void)
{
    arena_free(&arena);
}

TestSuite(symbols, .init = prepare, .fini = release);

static char *printed(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    errors_print(&errors, stream);
    fclose(stream);
    return text;
}

Test(symbols, that_clash_are_reported_once_for_each_place)
{
    struct symbols symbols = {&arena, &errors, {NULL, 0, 0}};
    struct position first = {"a.proto", 1, 2};
    struct position second = {"a.proto", 3, 4};
    symbols_add(&symbols, "", "x", first, true, "method X");
    symbols_add(&symbols, "ops", "x", first, true, "method X");
    cr_expect_eq(errors.count, 0u, "scopes are apart");
    symbols_add(&symbols, "", "x", second, false, "method x");
    cr_expect_eq(errors.count, 0u, "another file's business");
    symbols_add(&symbols, "ops", "x", second, true, "method x");
    symbols_add(&symbols, "", "x", second, true, "method x");

    char *text = printed();
    cr_expect_str_eq(text, "a.proto:3:4: error: method x: the C name ops.x is taken by method X "
                           "(a.proto:1)\n");
    free(text);
}

Test(symbols, many)
{
    struct symbols symbols = {&arena, &errors, {NULL, 0, 0}};
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 5000; i++)
            symbols_add(&symbols, "", arena_print(&arena, "name_%d", i),
                        (struct position){"a.proto", i + 1, round}, true, "it");
    cr_expect_eq(errors.count, 5000u);
}

Test(symbols, errors_come_in_the_order_of_the_source)
{
    errors_add(&errors, (struct position){"a.proto", 9, 1}, "last");
    errors_add(&errors, (struct position){"a.proto", 2, 5}, "second");
    errors_add(&errors, (struct position){"a.proto", 2, 3}, "first");
    errors_add(&errors, (struct position){"a.proto", 2, 5}, "second too");
    errors_add(&errors, (struct position){"b\n.proto", 0, 0}, "no place, and\nlines");

    char *text = printed();
    cr_expect_str_eq(text, "a.proto:2:3: error: first\n"
                           "a.proto:2:5: error: second\n"
                           "a.proto:2:5: error: second too\n"
                           "a.proto:9:1: error: last\n"
                           "b?.proto: error: no place, and?lines\n");
    free(text);
}
