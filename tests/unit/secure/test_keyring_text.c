#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/secure/support.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* In a block of its own, so that reading beyond it is noticed. */
static int parse(const char *text, size_t size, waldo__keyring **ret_ring, waldo_error *reterr)
{
    char *copy = malloc(size ? size : 1);
    cr_assert_not_null(copy);
    memcpy(copy, text, size);
    int status = waldo__keyring_parse(copy, size, "keys", ret_ring, reterr);
    free(copy);
    return status;
}

Test(keyring_text, everything_that_may_be_written)
{
    static const char text[] = "# the keys\n"
                               "\n"
                               " \t \n"
                               "key plain " KEY_A "\n"
                               "\tkey  A.b_c-9\t" KEY_B "  create=dict,list call=* shutdown list \n"
                               "   # no newline at the end";
    waldo__keyring *ring = NULL;
    cr_assert_geq(parse(text, sizeof text - 1, &ring, NULL), 0);
    cr_assert_eq(waldo__keyring_count(ring), (size_t)2);
    waldo__key *plain = waldo__keyring_at(ring, 0);
    cr_assert_str_eq(waldo__key_name(plain), "plain");
    cr_assert_not(waldo__key_may_create(plain, "dict") || waldo__key_may_call(plain, "dict") ||
                  waldo__key_may_shutdown(plain) || waldo__key_may_list(plain));
    waldo__key *other = waldo__keyring_at(ring, 1);
    cr_assert_str_eq(waldo__key_name(other), "A.b_c-9");
    cr_assert(waldo__key_may_create(other, "dict") && waldo__key_may_create(other, "list") &&
              waldo__key_may_call(other, "anything") && waldo__key_may_shutdown(other) &&
              waldo__key_may_list(other));
    cr_assert_not(waldo__key_may_create(other, "set"));
    cr_assert_eq(waldo__key_secret(other)[0], 4);
    waldo__keyring_free(ring);
}

Test(keyring_text, a_last_line_needs_no_newline)
{
    waldo__keyring *ring = NULL;
    cr_assert_geq(parse("key a " KEY_A, strlen("key a " KEY_A), &ring, NULL), 0);
    waldo__keyring_free(ring);
}

/* Each is the text of line 2, and what the error says of it. */
static const struct {
    const char *line;
    const char *message;
} bad_lines[] = {
    {"keys b " KEY_B, "keys:2: a line is empty, or begins with # or the word key"},
    {KEY_B, "keys:2: a line is empty, or begins with # or the word key"},
    {"key", "keys:2: a name has 1 to 63 of the characters A-Z a-z 0-9 . _ -"},
    {"key " KEY_B, "keys:2: a name has 1 to 63 of the characters A-Z a-z 0-9 . _ -"},
    {"key b/c " KEY_B, "keys:2: a name has 1 to 63 of the characters A-Z a-z 0-9 . _ -"},
    {"key b123456789012345678901234567890123456789012345678901234567890123 " KEY_B,
     "keys:2: a name has 1 to 63 of the characters A-Z a-z 0-9 . _ -"},
    {"key b", "keys:2: a key has 32 bytes, as 44 characters of base64"},
    {"key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "keys:2: a key has 32 bytes, as 44 characters of base64"},
    {"key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
     "keys:2: a key has 32 bytes, as 44 characters of base64"},
    {"key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
     "keys:2: a key has 32 bytes, as 44 characters of base64"},
    {"key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
     "keys:2: a key has 32 bytes, as 44 characters of base64"},
    {"key b BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA_AAAA=",
     "keys:2: a key has 32 bytes, as 44 characters of base64"},
    {"key a " KEY_B, "keys:2: the name stands in line 1 already"},
    {"key b " KEY_A, "keys:2: the key stands in line 1 already"},
    {"key b " KEY_B " everything",
     "keys:2: unknown right: there are create=, call=, shutdown and list"},
    {"key b " KEY_B " Shutdown",
     "keys:2: unknown right: there are create=, call=, shutdown and list"},
    {"key b " KEY_B " create",
     "keys:2: unknown right: there are create=, call=, shutdown and list"},
    {"key b " KEY_B " # a comment",
     "keys:2: unknown right: there are create=, call=, shutdown and list"},
    {"key b " KEY_B " create=", "keys:2: create= and call= take * or typeids with commas between "
                                "them"},
    {"key b " KEY_B " create=dict,",
     "keys:2: create= and call= take * or typeids with commas between them"},
    {"key b " KEY_B " call=dict, list",
     "keys:2: create= and call= take * or typeids with commas between them"},
    {"key b " KEY_B " call=a call=b", "keys:2: the same right stands twice"},
    {"key b " KEY_B " list list", "keys:2: the same right stands twice"},
    {"key b " KEY_B "\r", "keys:2: a control character, perhaps the CR of a CR LF"},
    {"key b\a " KEY_B, "keys:2: a control character, perhaps the CR of a CR LF"},
};

Test(keyring_text, bad_lines_are_named_and_not_quoted)
{
    for (size_t i = 0; i < COUNT(bad_lines); i++) {
        char text[512];
        int size = snprintf(text, sizeof text, "key a %s\n%s\nkey z %s\n", KEY_A, bad_lines[i].line,
                            KEY_A);
        waldo__keyring *ring = NULL;
        waldo_error error = WALDO_ERROR_INIT;
        cr_assert_eq(parse(text, (size_t)size, &ring, &error), WALDO_EVALUE, "line %zu", i);
        cr_assert_null(ring);
        cr_assert_str_eq(error.message, bad_lines[i].message, "line %zu: %s", i, error.message);
        cr_assert_null(strstr(error.message, "AAAA"));
    }
}

Test(keyring_text, a_nul_is_a_control_character)
{
    static const char text[] = "key a\0b " KEY_A "\n";
    waldo__keyring *ring = NULL;
    waldo_error error;
    cr_assert_eq(parse(text, sizeof text - 1, &ring, &error), WALDO_EVALUE);
    cr_assert_str_eq(error.message, "keys:1: a control character, perhaps the CR of a CR LF");
}

Test(keyring_text, no_key_at_all_is_an_error)
{
    static const char *const texts[] = {"", "\n\n", "# key a " KEY_A "\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        waldo__keyring *ring = NULL;
        waldo_error error;
        cr_assert_eq(parse(texts[i], strlen(texts[i]), &ring, &error), WALDO_EVALUE);
        cr_assert_str_eq(error.message, "keys: holds no key");
    }
}

/* Different keys for as many numbers as are needed here. */
static size_t write_key(char *text, size_t size, unsigned number)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return (size_t)snprintf(text, size, "key k%u %c%cAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
                            number, digits[number / 64 % 64], digits[number % 64]);
}

Test(keyring_text, the_number_of_keys_is_bounded)
{
    static char text[(WALDO__KEYRING_MAX_KEYS + 1) * 64];
    size_t size = 0;
    size_t allowed = 0;
    for (unsigned i = 0; i <= WALDO__KEYRING_MAX_KEYS; i++) {
        allowed = size;
        size += write_key(text + size, sizeof text - size, i);
    }
    waldo__keyring *ring = NULL;
    waldo_error error;
    cr_assert_eq(parse(text, size, &ring, &error), WALDO_ELIMIT);
    cr_assert_str_eq(error.message, "keys:1025: more than 1024 keys");
    cr_assert_geq(parse(text, allowed, &ring, NULL), 0);
    cr_assert_eq(waldo__keyring_count(ring), (size_t)WALDO__KEYRING_MAX_KEYS);
    waldo__keyring_free(ring);
}

Test(keyring_text, the_size_is_bounded)
{
    static char text[WALDO__KEYRING_MAX_SIZE + 1];
    memset(text, '\n', sizeof text);
    memcpy(text, "key a " KEY_A, strlen("key a " KEY_A));
    waldo__keyring *ring = NULL;
    cr_assert_eq(parse(text, sizeof text, &ring, NULL), WALDO_ELIMIT);
    cr_assert_geq(parse(text, sizeof text - 1, &ring, NULL), 0);
    waldo__keyring_free(ring);
}
