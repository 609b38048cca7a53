#include <criterion/criterion.h>

#include <string.h>

#include "comments.h"

static struct arena arena;

static void release(void)
{
    arena_free(&arena);
}

TestSuite(comments, .fini = release);

Test(comments, cannot_end_or_start_one)
{
    static const char *const cases[] = {"*/",  "/*",   "**/",    "/*/",   "/**/",
                                        "*//", "//**", "*\\\n/", "/\\\n*"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *cleaned = comments_clean(&arena, cases[i]);
        cr_expect_null(strstr(cleaned, "*/"), "%s", cleaned);
        cr_expect_null(strstr(cleaned, "/*"), "%s", cleaned);
    }
}

Test(comments, have_no_trigraphs)
{
    cr_expect_str_eq(comments_clean(&arena, "what?\?/"), "what? ?/");
    cr_expect_null(strstr(comments_clean(&arena, "???????"), "??"));
}

Test(comments, show_only_what_can_be_shown)
{
    cr_expect_str_eq(comments_clean(&arena, "caf\303\251 \360\237\230\200"),
                     "caf\303\251 \360\237\230\200");
    cr_expect_str_eq(comments_clean(&arena, "a\001b\033c"), "a\357\277\275b\357\277\275c");
    cr_expect_str_eq(comments_clean(&arena, "\377\300\257x"),
                     "\357\277\275\357\277\275\357\277\275x", "not UTF-8");
    cr_expect_str_eq(comments_clean(&arena, "\355\240\200"), "\357\277\275\357\277\275\357\277\275",
                     "a surrogate");
    const char turned[] = {'\342', '\200', '\256', 'x', '\0'};
    cr_expect_str_eq(comments_clean(&arena, turned), "\357\277\275x", "right to left");
    cr_expect_str_eq(comments_clean(&arena, "cut\303"), "cut\357\277\275", "half a character");
    cr_expect_str_eq(comments_clean(&arena, ""), "");
}

Test(comments, are_printed_as_documentation)
{
    struct text out = {NULL, 0, 0};
    comments_print(&out, 4, "One.\n\nTwo.", "Note.");
    cr_expect_str_eq(out.data, "    /** One.\n     *\n     *  Two.\n     *  Note. */\n");
    text_free(&out);
    comments_print(&out, 0, "", "");
    cr_expect_null(out.data, "nothing to say, nothing said");
    text_free(&out);
}

Test(comments, are_literals_in_tables)
{
    struct text out = {NULL, 0, 0};
    comments_print_string(&out, 2, "a \"b\" \\ c\n?\?=\t\001\303\251\n");
    cr_expect_str_eq(out.data, "\"a \\\"b\\\" \\\\ c\\n\"\n  \"?\\?=\\t\\001\303\251\\n\"");
    text_free(&out);
}

Test(comments, too_long_for_a_literal_are_arrays)
{
    char *longest = arena_alloc(&arena, 4097, 1);
    memset(longest, 'x', 4095);
    cr_expect_not(comments_needs_array(longest));
    longest[4095] = '\'';
    cr_expect(comments_needs_array(longest));

    struct text out = {NULL, 0, 0};
    comments_print_string(&out, 0, longest);
    cr_expect_eq(strncmp(out.data, "{\n'x', 'x',", 11), 0);
    cr_expect_not_null(strstr(out.data, "'\\'', '\\0'}"));
    text_free(&out);
}
