/* The table of codes, and how an error is filled in. */
#include <waldo/error.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error_internal.h"

static const struct {
    int code;
    const char *name;
    const char *type;
    const char *text;
} rows[] = {
#define ROW(name, number, type, text) {WALDO_##name, "WALDO_" #name, type, text},
    WALDO_ERROR_MAP(ROW)
#undef ROW
};

enum { ROWS = sizeof rows / sizeof rows[0] };

Test(error, every_code_has_a_name_a_class_and_a_text)
{
    cr_assert_geq(ROWS, 39);
    for (size_t i = 0; i < ROWS; i++) {
        cr_assert_lt(rows[i].code, 0);
        cr_assert_str_eq(waldo_error_name(rows[i].code), rows[i].name);
        cr_assert_str_eq(waldo_error_type(rows[i].code), rows[i].type);
        cr_assert_str_eq(waldo_error_text(rows[i].code), rows[i].text);
        cr_assert(waldo__error_is_known(rows[i].code));
        cr_assert_lt(strlen(rows[i].type), sizeof((waldo_error *)0)->type_name);
    }
}

Test(error, no_number_and_no_name_stands_twice)
{
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = i + 1; k < ROWS; k++) {
            cr_assert_neq(rows[i].code, rows[k].code, "%s", rows[k].name);
            cr_assert_str_neq(rows[i].name, rows[k].name);
        }
}

Test(error, codes_that_are_none)
{
    cr_assert_str_eq(waldo_error_name(0), "WALDO_OK");
    cr_assert_str_eq(waldo_error_name(7), "WALDO_OK");
    cr_assert_str_eq(waldo_error_text(0), "success");
    cr_assert_str_eq(waldo_error_name(-999), "unknown error");
    cr_assert_str_eq(waldo_error_text(-999), "unknown error");
    cr_assert_str_eq(waldo_error_type(-999), "RemoteError");
    cr_assert_not(waldo__error_is_known(-999));
    cr_assert_not(waldo__error_is_known(0));
    cr_assert_not(waldo__error_is_known(42));
}

Test(error, set_fills_everything)
{
    waldo_error err;

    memset(&err, 'x', sizeof err);
    cr_assert_eq(waldo_error_set(&err, WALDO_EKEY, "'%s' and %d", "x", 5), WALDO_EKEY);
    cr_assert_eq(err.code, WALDO_EKEY);
    cr_assert_str_eq(err.type_name, "KeyError");
    cr_assert_str_eq(err.message, "'x' and 5");
    cr_assert_str_eq(err.trace, "");
    cr_assert_eq(waldo_error_set(NULL, WALDO_EVALUE, "nobody %s", "reads"), WALDO_EVALUE);
}

Test(error, an_error_may_be_filled_from_its_own_text)
{
    waldo_error err = WALDO_ERROR_INIT;

    waldo_error_set(&err, WALDO_EVALUE, "inner");
    waldo_error_set(&err, WALDO_ETYPE, "outer: %s", err.message);
    cr_assert_str_eq(err.message, "outer: inner");
}

/* A text of `lead` letters and then é, which is two bytes, without end. */
static void set_long(waldo_error *err, size_t lead)
{
    char text[4000];

    memset(text, 'a', lead);
    for (size_t i = lead; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA9", 3);
    waldo_error_set(err, WALDO_EVALUE, "%s", text);
}

Test(error, a_long_text_is_cut_between_characters)
{
    waldo_error err = WALDO_ERROR_INIT;

    for (size_t lead = 0; lead < 4; lead++) {
        set_long(&err, lead);
        size_t length = strlen(err.message);
        cr_assert_eq(length, lead % 2 == 0 ? sizeof err.message - 2 : sizeof err.message - 1);
        cr_assert_str_eq(err.message + length - 2, "\xC3\xA9");
    }
}

Test(error, a_text_that_just_fits_is_not_cut)
{
    char text[sizeof((waldo_error *)0)->message + 1];
    waldo_error err = WALDO_ERROR_INIT;

    memset(text, 'a', sizeof text);
    text[sizeof err.message - 1] = '\0';
    waldo_error_set(&err, WALDO_EVALUE, "%s", text);
    cr_assert_str_eq(err.message, text);
    text[sizeof err.message - 1] = 'a';
    text[sizeof err.message] = '\0';
    waldo_error_set(&err, WALDO_EVALUE, "%s", text);
    cr_assert_eq(strlen(err.message), sizeof err.message - 1);
}

/* Errors travel as UTF-8: what is not would make the whole reply unreadable. */
Test(error, what_is_no_utf8_is_replaced)
{
    static const struct {
        const char *given, *kept;
    } texts[] = {
        {"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", "caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"},
        {"a\xFFz", "a?z"},
        {"a\xC3", "a?"},
        {"a\xC3z", "a?z"},
        {"\xE2\x82z", "??z"},
        {"\x80", "?"},
        {"\xC0\xAF", "??"},           /* an overlong slash */
        {"\xED\xA0\x80", "???"},      /* half of a surrogate pair */
        {"\xF4\x90\x80\x80", "????"}, /* beyond U+10FFFF */
        {"\xF0\x9F\x98", "???"},
    };
    waldo_error err = WALDO_ERROR_INIT;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        waldo_error_set(&err, WALDO_EVALUE, "%s", texts[i].given);
        cr_expect_str_eq(err.message, texts[i].kept, "%zu: %s", i, err.message);
    }
}

Test(error, errno_values)
{
    static const struct {
        int number;
        int code;
    } known[] = {
        {ECONNREFUSED, WALDO_EREFUSED}, {ENOENT, WALDO_ENOTFOUND},
        {EEXIST, WALDO_EEXIST},         {EADDRINUSE, WALDO_EADDRESSINUSE},
        {EACCES, WALDO_EPERMISSION},    {EPERM, WALDO_EPERMISSION},
        {ENOMEM, WALDO_ENOMEM},         {ETIMEDOUT, WALDO_ETIMEOUT},
        {EINTR, WALDO_EINTERRUPTED},    {EPIPE, WALDO_EGONE},
        {ECONNRESET, WALDO_EGONE},      {ECONNABORTED, WALDO_EGONE},
        {ENOTCONN, WALDO_EGONE},        {EMFILE, WALDO_ELIMIT},
        {ENFILE, WALDO_ELIMIT},         {EIO, WALDO_ESYSTEM},
        {99999, WALDO_ESYSTEM},
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        waldo_error err = WALDO_ERROR_INIT;
        char wanted[300];
        snprintf(wanted, sizeof wanted, "file 7: %s", strerror(known[i].number));
        cr_assert_eq(waldo_error_system(&err, known[i].number, "file %d", 7), known[i].code, "%s",
                     wanted);
        cr_assert_eq(err.code, known[i].code);
        cr_assert_str_eq(err.message, wanted);
        cr_assert_str_eq(err.type_name, waldo_error_type(known[i].code));
        cr_assert_eq(waldo_error_system(NULL, known[i].number, "x"), known[i].code);
    }
}

Test(error, a_long_path_keeps_its_reason)
{
    waldo_error err = WALDO_ERROR_INIT;
    char path[1000];

    /* An odd lead puts every boundary inside a character. */
    path[0] = '/';
    for (size_t i = 1; i + 2 < sizeof path; i += 2)
        memcpy(path + i, "\xC3\xA9", 3);
    waldo_error_system(&err, ENOENT, "%s", path);
    char *reason = strstr(err.message, ": No such file or directory");
    cr_assert_not_null(reason, "%s", err.message);
    cr_assert(reason[-1] == '?' || (unsigned char)reason[-1] == 0xA9, "%s", err.message);
}

Test(error, print)
{
    waldo_error err = WALDO_ERROR_INIT;
    char *text = NULL;
    size_t size = 0;

    waldo_error_set(&err, WALDO_EKEY, "'x'");
    FILE *stream = open_memstream(&text, &size);
    cr_assert_not_null(stream);
    waldo_error_print(&err, stream);
    strcpy(err.trace, "in shop.Counter.add");
    waldo_error_print(&err, stream);
    fclose(stream);
    cr_assert_str_eq(text, "KeyError: 'x'\nKeyError: 'x'\nin shop.Counter.add\n");
    free(text);
}

Test(error, init_is_no_error)
{
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(err.code, 0);
    cr_assert_str_eq(err.type_name, "");
    cr_assert_str_eq(err.message, "");
    cr_assert_str_eq(err.trace, "");
}
