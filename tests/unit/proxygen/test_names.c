#include <criterion/criterion.h>

#include "names.h"

static struct arena arena;

static void release(void)
{
    arena_free(&arena);
}

TestSuite(names, .fini = release);

/* What protoc-gen-c 1.4.1 wrote for these names. */
Test(names, are_spelled_as_protoc_gen_c_spells_them)
{
    static const char *const cases[][4] = {
        {"shop.Number", "Shop__Number", "shop__number", "SHOP__NUMBER"},
        {"FArgs", "FArgs", "fargs", "FARGS"},
        {"demo.FArgs", "Demo__FArgs", "demo__fargs", "DEMO__FARGS"},
        {"Foo_bar.baz2.HTTPx.a_b", "FooBar__Baz2__HTTPx__AB", "foo_bar__baz2__httpx__a_b",
         "FOO_BAR__BAZ2__HTTPX__A_B"},
        {"Foo_bar.baz2.HTTPx.a_b.InnerHTTPMsg", "FooBar__Baz2__HTTPx__AB__InnerHTTPMsg",
         "foo_bar__baz2__httpx__a_b__inner_httpmsg", "FOO_BAR__BAZ2__HTTPX__A_B__INNER_HTTPMSG"},
        {"HTTPServer_x", "HTTPServerX", "httpserver_x", "HTTPSERVER_X"},
        {"my.own_Pkg.a_b2", "My__OwnPkg__AB2", "my__own__pkg__a_b2", "MY__OWN__PKG__A_B2"},
        {"_h", "H", "_h", "_H"},
        {"", "", "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_expect_str_eq(names_type(&arena, cases[i][0]), cases[i][1]);
        cr_expect_str_eq(names_lower(&arena, cases[i][0]), cases[i][2]);
        cr_expect_str_eq(names_upper(&arena, cases[i][0]), cases[i][3]);
    }
}

Test(names, of_fields_are_lower_case_and_no_keywords)
{
    cr_expect_str_eq(names_field(&arena, "Names"), "names");
    cr_expect_str_eq(names_field(&arena, "int"), "int_");
    cr_expect_str_eq(names_field(&arena, "INT"), "int_");
    cr_expect_str_eq(names_field(&arena, "restrict"), "restrict", "protoc-gen-c does not know it");
}

Test(names, are_split_into_words_for_prefixes)
{
    static const char *const cases[][2] = {
        {"AuditCounter", "audit_counter"},
        {"Foo1", "foo1"},
        {"HTTPServer", "http_server"},
        {"foo_bar", "foo_bar"},
        {"Foo_Bar", "foo_bar"},
        {"dict", "dict"},
        {"X", "x"},
        {"Foo1Bar", "foo1_bar"},
        {"getX1Y2", "get_x1_y2"},
        {"RLock", "r_lock"},
        {"_Hidden", "_hidden"},
        {"ABC", "abc"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_str_eq(names_snake(&arena, cases[i][0]), cases[i][1]);
    cr_expect_str_eq(names_prefix(&arena, "a.B.c_d", "FooBar"), "a_b_c_d_foo_bar");
    cr_expect_str_eq(names_prefix(&arena, "", "FooBar"), "foo_bar");
}

Test(names, of_files_lose_their_ending_and_give_guards)
{
    cr_expect_str_eq(names_base(&arena, "a/foo.proto"), "a/foo");
    cr_expect_str_eq(names_base(&arena, "foo.protodevel"), "foo");
    cr_expect_str_eq(names_base(&arena, "foo.bar"), "foo.bar");
    cr_expect_str_eq(names_guard(&arena, "PROXY", "a/foo.proto"), "WALDO_PROXY_a_2ffoo_H");
    cr_expect_str_neq(names_guard(&arena, "PROXY", "a/b.proto"),
                      names_guard(&arena, "PROXY", "a_b.proto"));
}

Test(names, identifiers)
{
    cr_expect(names_is_identifier("_a1"));
    cr_expect(names_is_identifier("Z"));
    cr_expect_not(names_is_identifier(""));
    cr_expect_not(names_is_identifier("1a"));
    cr_expect_not(names_is_identifier("a b"));
    cr_expect_not(names_is_identifier("a-b"));
    cr_expect_not(names_is_identifier("caf\303\251"));
}

Test(names, that_are_reserved)
{
    cr_expect_not_null(names_reserved("int"));
    cr_expect_not_null(names_reserved("namespace"));
    cr_expect_not_null(names_reserved("_Bool"));
    cr_expect_not_null(names_reserved("xor_eq"));
    cr_expect_not_null(names_reserved("alignas"));
    cr_expect_not_null(names_reserved("errno"));
    cr_expect_not_null(names_reserved("WALDO_ANYTHING"));
    cr_expect_null(names_reserved("in"), "a part of a keyword is none");
    cr_expect_null(names_reserved("_eq"));
    cr_expect_null(names_reserved("not and"));
    cr_expect_null(names_reserved(""));
    cr_expect_null(names_reserved("__next__"));
    cr_expect_null(names_reserved("log"), "a member may have the name of a function");
    cr_expect_not_null(names_reserved_global("log"));
    cr_expect_not_null(names_reserved_global("waldo_proxy"));
    cr_expect_null(names_reserved_global("waldo_dict"));
}
