#include <criterion/criterion.h>
#include <string.h>

#include "secure/key.h"

static waldo__key *make_key(const char *name, uint8_t first, const char *create, const char *call,
                            bool shutdown, bool list)
{
    uint8_t secret[WALDO__KEY_SIZE] = {first};
    waldo__key_rights rights = {create, call, shutdown, list};
    waldo__key *key = NULL;
    cr_assert_geq(waldo__key_new(name, secret, &rights, &key, NULL), 0);
    return key;
}

Test(key, copies_what_it_is_made_of)
{
    char name[] = "worker";
    char types[] = "dict";
    uint8_t secret[WALDO__KEY_SIZE] = {1, 2, 3};
    waldo__key_rights rights = {types, types, false, false};
    waldo__key *key = NULL;
    cr_assert_geq(waldo__key_new(name, secret, &rights, &key, NULL), 0);
    name[0] = types[0] = '!';
    secret[0] = 9;
    cr_assert_str_eq(waldo__key_name(key), "worker");
    cr_assert(waldo__key_may_create(key, "dict"));
    cr_assert_eq(waldo__key_secret(key)[0], 1);
    cr_assert_null(waldo__key_unref(key));
}

Test(key, is_there_until_its_last_reference_is_dropped)
{
    waldo__key *key = make_key("k", 1, NULL, NULL, false, false);
    cr_assert_eq(waldo__key_ref(key), key);
    cr_assert_null(waldo__key_unref(key));
    cr_assert_str_eq(waldo__key_name(key), "k");
    cr_assert_null(waldo__key_unref(key));
    cr_assert_null(waldo__key_unref(NULL));
}

Test(key, the_id_depends_on_the_secret_alone)
{
    waldo__key *one = make_key("one", 1, "*", NULL, true, false);
    waldo__key *same = make_key("same", 1, NULL, "*", false, true);
    waldo__key *other = make_key("one", 2, "*", NULL, true, false);
    cr_assert_arr_eq(waldo__key_id(one), waldo__key_id(same), WALDO__KEY_ID_SIZE);
    cr_assert_arr_neq(waldo__key_id(one), waldo__key_id(other), WALDO__KEY_ID_SIZE);
    cr_assert_arr_neq(waldo__key_id(one), waldo__key_secret(one), WALDO__KEY_ID_SIZE);
    cr_assert(waldo__key_same_secret(one, same));
    cr_assert_not(waldo__key_same_secret(one, other));
    waldo__key_unref(one);
    waldo__key_unref(same);
    waldo__key_unref(other);
}

Test(key, no_right_is_given_that_is_not_written)
{
    waldo__key *key = make_key("k", 1, NULL, NULL, false, false);
    cr_assert_not(waldo__key_may_create(key, "dict"));
    cr_assert_not(waldo__key_may_call(key, "dict"));
    cr_assert_not(waldo__key_may_shutdown(key));
    cr_assert_not(waldo__key_may_list(key));
    waldo__key_unref(key);
}

Test(key, all_rights_are_all)
{
    uint8_t secret[WALDO__KEY_SIZE] = {0};
    waldo__key *key = NULL;
    cr_assert_geq(waldo__key_new("k", secret, &waldo__key_all_rights, &key, NULL), 0);
    cr_assert(waldo__key_may_create(key, "anything"));
    cr_assert(waldo__key_may_call(key, "anything"));
    cr_assert(waldo__key_may_shutdown(key));
    cr_assert(waldo__key_may_list(key));
    waldo__key_unref(key);
}

Test(key, types_are_matched_whole)
{
    waldo__key *key = make_key("k", 1, "dict,list,Foo1", "list", false, true);
    static const char *const allowed[] = {"dict", "list", "Foo1"};
    static const char *const refused[] = {"",    "dic",   "dict,", "dict,list", "ist",
                                          "Foo", "Foo11", "foo1",  "*",         ","};
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++)
        cr_assert(waldo__key_may_create(key, allowed[i]), "%s", allowed[i]);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        cr_assert_not(waldo__key_may_create(key, refused[i]), "%s", refused[i]);
    cr_assert(waldo__key_may_call(key, "list"));
    cr_assert_not(waldo__key_may_call(key, "dict"));
    cr_assert(waldo__key_may_list(key));
    cr_assert_not(waldo__key_may_shutdown(key));
    waldo__key_unref(key);
}

Test(key, each_difference_of_rights_is_seen)
{
    waldo__key *key = make_key("k", 1, "a", NULL, true, false);
    struct {
        waldo__key *other;
        bool same;
    } cases[] = {
        {make_key("k", 2, "a", NULL, true, false), true},
        {make_key("l", 1, "a", NULL, true, false), false},
        {make_key("k", 1, "b", NULL, true, false), false},
        {make_key("k", 1, NULL, NULL, true, false), false},
        {make_key("k", 1, "a", "a", true, false), false},
        {make_key("k", 1, "a", NULL, false, false), false},
        {make_key("k", 1, "a", NULL, true, true), false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(waldo__key_same_rights(key, cases[i].other), cases[i].same, "case %zu", i);
        waldo__key_unref(cases[i].other);
    }
    waldo__key_unref(key);
}

Test(key, names_and_types_have_their_characters)
{
    char name[WALDO__KEY_NAME_MAX + 2];
    memset(name, 'n', sizeof name);
    cr_assert(waldo__key_name_is_valid(name, WALDO__KEY_NAME_MAX));
    cr_assert_not(waldo__key_name_is_valid(name, WALDO__KEY_NAME_MAX + 1));
    cr_assert(waldo__key_name_is_valid("A.z_0-9", 7));
    cr_assert_not(waldo__key_name_is_valid("", 0));
    cr_assert_not(waldo__key_name_is_valid("a=b", 3));
    cr_assert_not(waldo__key_name_is_valid("\xc3\xa9", 2));

    static const char *const valid[] = {"*", "a", "_", "dict,list", "a1,b2,c3"};
    static const char *const invalid[] = {"",    ",",   "a,", ",a",  "a,,b", "1a",
                                          "a,1", "a,*", "**", "a b", "a-b",  "a.b"};
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++)
        cr_assert(waldo__key_types_are_valid(valid[i], strlen(valid[i])), "%s", valid[i]);
    for (size_t i = 0; i < sizeof invalid / sizeof invalid[0]; i++)
        cr_assert_not(waldo__key_types_are_valid(invalid[i], strlen(invalid[i])), "%s", invalid[i]);
}
