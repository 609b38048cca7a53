/* Arguments that nobody should give, and some do: the server says what is wrong with them, and goes
 * on. */
#include <math.h>
#include <string.h>

#include "row.h"

#define with waldo_v_tuple

static waldo_value *none(void)
{
    return waldo_v_none();
}

static waldo_value *slice(const char *text)
{
    return waldo_v_extension("slice", text, strlen(text));
}

/* 2^70 */
static waldo_value *huge(void)
{
    return waldo_v_int_text("1180591620717411303424", 10);
}

ROW(H3_odd_slices, "list")
{
    static const char *const malformed[] = {"",        ":",     "1",     "1:2",   "a:b:c",
                                            "1:2:3:4", " 1:2:", "0x1::", "1.5::", "::0x1"};
    waldo_proxy *list = row_create("list", with(waldo_v("abc")));
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        must_fail(row_try(list, "__getitem__", with(slice(malformed[i]))), WALDO_EVALUE);
        must_fail(row_try(list, "__setitem__", with(slice(malformed[i]), with())), WALDO_EVALUE);
        must_fail(row_try(list, "__delitem__", with(slice(malformed[i]))), WALDO_EVALUE);
    }
    must_fail(row_try(list, "__getitem__", with(waldo_v_extension("slice", "::\0", 3))),
              WALDO_EVALUE);
    must_fail(row_try(list, "__getitem__", with(waldo_v_extension("other", "::", 2))), WALDO_ETYPE);
    /* The largest numbers there are, and larger ones. */
    row_gives(list, "__getitem__", with(slice("::-9223372036854775808")), "['c']");
    row_gives(list, "__getitem__", with(slice("::9223372036854775807")), "['a']");
    row_gives(list, "__getitem__", with(slice("-9223372036854775808:9223372036854775807:")),
              "['a', 'b', 'c']");
    row_gives(list, "__getitem__", with(slice("99999999999999999999::-1")), "['c', 'b', 'a']");
    waldo_proxy_unref(list);
}

ROW(H3_odd_numbers, "list Array dict")
{
    waldo_proxy *list = row_create("list", with(waldo_v("abc")));
    must_fail(row_try(list, "__getitem__", with(huge())), WALDO_EINDEX);
    must_fail(row_try(list, "__getitem__", with(waldo_v(1.0))), WALDO_ETYPE);
    row_gives(list, "__getitem__", with(waldo_v_bool(true)), "'b'");
    must_fail(row_try(list, "insert", with(huge(), none())), WALDO_EOVERFLOW);
    must_fail(row_try(list, "pop", with(huge())), WALDO_EOVERFLOW);
    must_fail(row_try(list, "pop", with(none())), WALDO_ETYPE);
    must_fail(row_try(list, "__mul__", with(huge())), WALDO_EOVERFLOW);
    must_fail(row_try(list, "__imul__", with(waldo_v(INT64_MAX))), WALDO_EOVERFLOW);
    row_gives(list, "__mul__", with(waldo_v(INT64_MIN)), "[]");
    row_gives(list, "count", with(waldo_v((double)NAN)), "0");
    row_gives(list, "sort", waldo_v_fields("reverse", waldo_v(1)), "None");
    row_gives(list, "#GETVALUE", none(), "['c', 'b', 'a']");
    waldo_proxy_unref(list);
    waldo_proxy *array = row_create("Array", with(waldo_v("i"), with(waldo_v(1))));
    must_fail(row_try(array, "__setitem__", with(waldo_v(0), huge())), WALDO_EOVERFLOW);
    must_fail(row_try(array, "__setitem__", with(waldo_v(0), waldo_v((double)NAN))), WALDO_ETYPE);
    row_gives(array, "#GETVALUE", none(), "array('i', [1])");
    waldo_proxy_unref(array);
    waldo_proxy *dict = row_create("dict", none());
    must_fail(row_try(dict, "popitems", with(waldo_v(-1))), WALDO_EOVERFLOW);
    must_fail(row_try(dict, "next_items", with(waldo_v(INT64_MAX), waldo_v(0), waldo_v(9))),
              WALDO_ERUNTIME);
    row_gives(dict, "__setitem__", with(waldo_v((double)NAN), none()), "None");
    must_fail(row_try(dict, "__getitem__", with(waldo_v((double)NAN))), WALDO_EKEY);
    waldo_proxy_unref(dict);
}

static const char *const lockers[] = {"Lock", "RLock", "Condition", "Semaphore",
                                      "BoundedSemaphore"};

/* What is free is had at once, however long one would have waited. */
ROW(F2_odd_timeouts, "Lock RLock Condition Semaphore BoundedSemaphore")
{
    static const double allowed[] = {INFINITY, 1e300, 1e18, -0.0, 5e-324};
    for (size_t i = 0; i < sizeof lockers / sizeof lockers[0]; i++) {
        waldo_proxy *lock = row_create(lockers[i], none());
        for (size_t j = 0; j < sizeof allowed / sizeof allowed[0]; j++) {
            row_gives(lock, "acquire", with(waldo_v_bool(true), waldo_v(allowed[j])), "True");
            row_gives(lock, "release", none(), "None");
        }
        must_fail(row_try(lock, "acquire", with(waldo_v(1), waldo_v((double)NAN))), WALDO_EVALUE);
        must_fail(row_try(lock, "acquire", with(waldo_v(1), waldo_v("x"))), WALDO_ETYPE);
        must_fail(row_try(lock, "acquire", with(waldo_v("x"))), WALDO_ETYPE);
        must_fail(row_try(lock, "release", with(waldo_v(1))), WALDO_ETYPE);
        row_gives(lock, "acquire", with(waldo_v(0)), "True");
        row_gives(lock, "locked", none(), "True");
        row_gives(lock, "release", none(), "None");
        waldo_proxy_unref(lock);
    }
}

ROW(F7_the_largest_semaphore, "Semaphore")
{
    waldo_proxy *semaphore = row_create("Semaphore", with(waldo_v(INT64_MAX)));
    row_gives(semaphore, "release", none(), "None");
    row_gives(semaphore, "acquire", none(), "True");
    waldo_proxy_unref(semaphore);
    must_fail(row_try_create("Semaphore", with(huge())), WALDO_EOVERFLOW);
    must_fail(row_try_create("Semaphore", with(waldo_v(INT64_MIN))), WALDO_EVALUE);
}

ROW(F12_odd_numbers_to_notify, "Condition")
{
    static const int64_t numbers[] = {0, -1, INT64_MIN, INT64_MAX};
    waldo_proxy *condition = row_create("Condition", none());
    row_gives(condition, "acquire", none(), "True");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        row_gives(condition, "notify", with(waldo_v(numbers[i])), "None");
    row_gives(condition, "wait", with(waldo_v(-1.0)), "False");
    must_fail(row_try(condition, "wait", with(waldo_v((double)NAN))), WALDO_EVALUE);
    row_gives(condition, "release", none(), "None");
    waldo_proxy_unref(condition);
}

ROW(F21_barriers_that_cannot_be, "Barrier")
{
    static const int64_t parties[] = {0, -5, INT64_MIN};
    for (size_t i = 0; i < sizeof parties / sizeof parties[0]; i++) {
        must_fail(row_try_create("Barrier", with(waldo_v(parties[i]))), WALDO_EVALUE);
        expect_text(err.message, "parties must be >= 1");
    }
    waldo_proxy *barrier = row_create("Barrier", with(waldo_v(INT64_MAX)));
    must_fail(row_try(barrier, "wait", with(waldo_v((double)NAN))), WALDO_EVALUE);
    must_fail(row_try(barrier, "wait", with(waldo_v(-1.0))), WALDO_EBROKENBARRIER);
    must_fail(row_try(barrier, "__getattribute__", with(waldo_v("x"))), WALDO_EATTRIBUTE);
    waldo_proxy_unref(barrier);
}

ROW(G4_odd_timeouts, "Queue")
{
    static const double allowed[] = {INFINITY, 1e300, 1e18, -0.0, 5e-324};
    waldo_proxy *queue = row_create("Queue", with(waldo_v(INT64_MIN)));
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        row_gives(queue, "put", with(waldo_v(1), waldo_v(1), waldo_v(allowed[i])), "None");
        row_gives(queue, "get", with(waldo_v(1), waldo_v(allowed[i])), "1");
    }
    must_fail(row_try(queue, "get", with(waldo_v(1), waldo_v((double)NAN))), WALDO_EVALUE);
    must_fail(row_try(queue, "get", with(waldo_v(1), waldo_v(-1e300))), WALDO_EVALUE);
    must_fail(row_try(queue, "get", with(waldo_v(1), waldo_v("x"))), WALDO_ETYPE);
    must_fail(row_try(queue, "take", with(waldo_v((double)NAN))), WALDO_EVALUE);
    must_fail(row_try(queue, "take", with(waldo_v(0))), WALDO_EVALUE);
    must_fail(row_try(queue, "get_many", with(waldo_v(0))), WALDO_EVALUE);
    must_fail(row_try(queue, "get_many", with(waldo_v(INT64_MAX), waldo_v(0))), WALDO_EEMPTY);
    must_fail(row_try(queue, "acknowledge", with(waldo_v(-1))), WALDO_EKEY);
    waldo_proxy_unref(queue);
    must_fail(row_try_create("Queue", with(huge())), WALDO_EOVERFLOW);
    must_fail(row_try_create("Queue", with(waldo_v("x"))), WALDO_ETYPE);
}

/* Containers that read themselves and each other at the same time wait for nobody for ever. */
CLIENT(read_each_other)
{
    waldo_proxy *one = row_proxy(row_hear()), *other = row_proxy(row_hear());
    for (int i = 0; i < 50; i++) {
        row_gives(one, "update", with(row_token(other)), "None");
        row_gives(one, "update", with(row_token(one)), "None");
    }
    waldo_proxy_unref(other);
    waldo_proxy_unref(one);
}

ROW(H4_dicts_that_read_each_other, "dict")
{
    waldo_proxy *dicts[2] = {row_create("dict", with(waldo_v_dict(waldo_v(1), waldo_v("a")))),
                             row_create("dict", with(waldo_v_dict(waldo_v(2), waldo_v("b"))))};
    row_client *clients[2];
    for (size_t i = 0; i < 2; i++) {
        clients[i] = row_start("read_each_other");
        row_tell(clients[i], row_token(dicts[i]));
        row_tell(clients[i], row_token(dicts[1 - i]));
    }
    for (size_t i = 0; i < 2; i++)
        row_finish(clients[i]);
    for (size_t i = 0; i < 2; i++) {
        row_gives(dicts[i], "__len__", none(), "2");
        waldo_proxy_unref(dicts[i]);
    }
}
