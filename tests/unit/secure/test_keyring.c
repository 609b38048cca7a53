#include <criterion/criterion.h>
#include <string.h>

#include "unit/secure/support.h"

/* 32 bytes that begin with 0, 4, 8, 12 */
#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_C "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_D "DAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static waldo__keyring *parse(const char *text)
{
    waldo__keyring *ring = NULL;
    cr_assert_geq(waldo__keyring_parse(text, strlen(text), "ring", &ring, NULL), 0);
    return ring;
}

Test(keyring, an_authkey_of_the_right_size_is_the_key)
{
    static const char authkey[] = "exactly thirty-two bytes of text";
    waldo__keyring *ring = make_ring(authkey);
    waldo__key *key = only_key(ring);
    cr_assert_eq(strlen(authkey), (size_t)WALDO__KEY_SIZE);
    cr_assert_arr_eq(waldo__key_secret(key), authkey, WALDO__KEY_SIZE);
    cr_assert_str_eq(waldo__key_name(key), "authkey");
    cr_assert(waldo__key_may_create(key, "dict") && waldo__key_may_call(key, "dict") &&
              waldo__key_may_shutdown(key) && waldo__key_may_list(key));
    waldo__keyring_free(ring);
}

Test(keyring, an_authkey_of_any_other_size_is_hashed)
{
    static const char *const authkeys[] = {"", "a", "abracadabra",
                                           "exactly thirty-two bytes of tex",
                                           "exactly thirty-two bytes of text."};
    waldo__keyring *rings[5];
    for (size_t i = 0; i < 5; i++) {
        rings[i] = make_ring(authkeys[i]);
        for (size_t j = 0; j < i; j++)
            cr_assert_not(waldo__key_same_secret(only_key(rings[i]), only_key(rings[j])));
    }
    waldo__keyring *again = make_ring("abracadabra");
    cr_assert(waldo__key_same_secret(only_key(again), only_key(rings[2])));
    waldo__keyring_free(again);
    for (size_t i = 0; i < 5; i++)
        waldo__keyring_free(rings[i]);
    waldo__keyring_free(NULL);
}

Test(keyring, keys_are_found_by_their_id)
{
    waldo__keyring *ring = parse("key a " KEY_A "\nkey b " KEY_B "\nkey c " KEY_C "\n");
    cr_assert_eq(waldo__keyring_count(ring), (size_t)3);
    for (size_t i = 0; i < 3; i++) {
        waldo__key *key = waldo__keyring_at(ring, i);
        cr_assert_eq(waldo__keyring_find(ring, waldo__key_id(key)), key);
    }
    uint8_t unknown[WALDO__KEY_ID_SIZE] = {0};
    cr_assert_null(waldo__keyring_find(ring, unknown));
    waldo__keyring_free(ring);
}

Test(keyring, a_key_outlives_its_ring)
{
    waldo__keyring *ring = make_ring("secret");
    waldo__key *key = waldo__key_ref(only_key(ring));
    waldo__keyring_free(ring);
    cr_assert_str_eq(waldo__key_name(key), "authkey");
    waldo__key_unref(key);
}

Test(keyring, a_new_ring_says_what_became_of_a_key)
{
    waldo__keyring *before =
        parse("key kept " KEY_A " list\nkey rights " KEY_B "\nkey gone " KEY_C "\n"
              "key renamed " KEY_D "\n");
    /* "gone" has another secret: that is another key of the same name. */
    waldo__keyring *after =
        parse("key rights " KEY_B " shutdown\nkey new " KEY_D "\nkey kept " KEY_A " list\n"
              "key gone EAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    static const waldo__key_fate fates[] = {WALDO__KEY_KEPT, WALDO__KEY_CHANGED, WALDO__KEY_GONE,
                                            WALDO__KEY_CHANGED};
    for (size_t i = 0; i < 4; i++) {
        waldo__key *key = waldo__keyring_at(before, i);
        waldo__key *successor = NULL;
        cr_assert_eq(waldo__keyring_fate(after, key, &successor), fates[i], "key %zu", i);
        cr_assert_eq(waldo__keyring_fate(after, key, NULL), fates[i]);
        cr_assert_eq(successor == NULL, fates[i] == WALDO__KEY_GONE);
        if (successor)
            cr_assert(waldo__key_same_secret(successor, key));
    }
    waldo__keyring_free(before);
    waldo__keyring_free(after);
}
