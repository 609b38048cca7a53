/* What the tests of values share. Functions here TAKE their values. */
#ifndef WALDO_TESTS_UNIT_VALUE_SUPPORT_H
#define WALDO_TESTS_UNIT_VALUE_SUPPORT_H

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <waldo/value.h>

static inline void expect_repr(waldo_value *value, const char *expected)
{
    cr_assert_not_null(value);
    char *repr = waldo_value_repr(value);
    cr_assert_not_null(repr);
    cr_assert_str_eq(repr, expected);
    free(repr);
    waldo_value_unref(value);
}

static inline int equal(waldo_value *left, waldo_value *right)
{
    cr_assert(left && right);
    int status = waldo_value_equal(left, right, NULL);
    cr_assert_eq(waldo_value_equal(right, left, NULL), status, "equality is symmetric");
    waldo_value_unref(left);
    waldo_value_unref(right);
    return status;
}

static inline uint64_t hash_of(waldo_value *value)
{
    uint64_t hash = 0;
    cr_assert(value && waldo_value_hash(value, &hash, NULL) >= 0);
    waldo_value_unref(value);
    return hash;
}

/* A list in a list in a list ... */
static inline waldo_value *nested(int depth)
{
    waldo_value *value = waldo_v_list();
    for (int i = 1; i < depth; i++)
        value = waldo_v_list(value);
    return value;
}

#define EXPECT_ERROR(call, expected_code, expected_message)                                        \
    do {                                                                                           \
        waldo_error err = WALDO_ERROR_INIT;                                                        \
        waldo_error *reterr = &err;                                                                \
        int status_ = (call);                                                                      \
        cr_assert_eq(status_, (expected_code), "%d: %s", status_, err.message);                    \
        cr_assert_eq(err.code, (expected_code));                                                   \
        cr_assert_str_eq(err.message, (expected_message));                                         \
    } while (0)

#endif
