/* Rows F1 to F8: Lock, RLock, Semaphore, BoundedSemaphore. */
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "rows_waiting.h"

static waldo_value *no_wait(void)
{
    return waldo_v_tuple(waldo_v_bool(false));
}

static waldo_value *within(double seconds)
{
    return waldo_v_tuple(waldo_v_bool(true), waldo_v(seconds));
}

/* A client that does what it is told with one object, until it hears None: the method's name and
 * its arguments, in turn. */
CLIENT(hand)
{
    waldo_proxy *proxy = row_proxy(row_hear());
    for (;;) {
        waldo_value *name = row_hear();
        const char *method;
        if (waldo_value_get_str(name, &method, NULL, NULL) < 0) {
            waldo_value_unref(name);
            break;
        }
        waldo_value *result = NULL;
        int status = waldo_proxy_call(proxy, method, row_hear(), &result, &err);
        row_say(status < 0 ? waldo_v_str(err.message) : result);
        waldo_value_unref(name);
    }
    waldo_proxy_unref(proxy);
}

row_client *hand_start(waldo_proxy *proxy, bool process)
{
    row_client *hand = process ? row_start_process("hand") : row_start("hand");
    row_tell(hand, row_token(proxy));
    return hand;
}

void hand_begin(row_client *hand, const char *method, waldo_value *arguments)
{
    row_tell(hand, waldo_v_str(method));
    row_tell(hand, arguments);
}

waldo_value *hand_call(row_client *hand, const char *method, waldo_value *arguments)
{
    hand_begin(hand, method, arguments);
    return row_listen(hand);
}

void hand_end(row_client *hand)
{
    row_tell(hand, waldo_v_none());
    row_finish(hand);
}

long waiting_for(waldo_proxy *proxy)
{
    char *text = waldo_proxy_str(proxy);
    expect(text != NULL);
    const char *found = strstr(text, " waiting");
    while (found && found > text && found[-1] >= '0' && found[-1] <= '9')
        found--;
    long count = found ? strtol(found, NULL, 10) : 0;
    free(text);
    return count;
}

/* ---- Lock ---- */

ROW(F1_acquire_and_release, "Lock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
    expect_repr(row_call(lock, "acquire", no_wait()), "False");
    expect_repr(row_call(lock, "acquire", within(0.01)), "False");
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    must_fail(row_try(lock, "release", waldo_v_none()), WALDO_ERUNTIME);
    expect_text(err.message, "release unlocked lock");
    expect_text(err.type_name, "RuntimeError");
    expect_repr(row_call(lock, "acquire", waldo_v_fields("blocking", waldo_v_bool(false))), "True");
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    waldo_proxy_unref(lock);
}

ROW(F1_first_come_first_served, "Lock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
    enum { HANDS = 3 };
    row_client *hands[HANDS];
    for (int i = 0; i < HANDS; i++) {
        hands[i] = hand_start(lock, false);
        hand_begin(hands[i], "acquire", waldo_v_none());
        row_until(waiting_for(lock) == i + 1);
    }
    for (int i = 0; i < HANDS; i++) {
        for (int k = i; k < HANDS; k++)
            expect(!row_has_said(hands[k]));
        expect_repr(row_call(lock, "release", waldo_v_none()), "None");
        expect_repr(row_listen(hands[i]), "True");
    }
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    for (int i = 0; i < HANDS; i++)
        hand_end(hands[i]);
    waldo_proxy_unref(lock);
}

static void refuse_timeouts(waldo_proxy *lock)
{
    must_fail(row_try(lock, "acquire", waldo_v_tuple(waldo_v_bool(false), waldo_v(1))),
              WALDO_EVALUE);
    expect_text(err.message, "can't specify a timeout for a non-blocking call");
    must_fail(row_try(lock, "acquire", within(-2)), WALDO_EVALUE);
    expect_text(err.message, "timeout value must be a non-negative number");
    must_fail(row_try(lock, "acquire", within(-0.5)), WALDO_EVALUE);
    must_fail(row_try(lock, "acquire", within(NAN)), WALDO_EVALUE);
    expect_text(err.message, "Invalid value NaN (not a number)");
    must_fail(row_try(lock, "acquire", waldo_v_tuple(waldo_v_bool(true), waldo_v("soon"))),
              WALDO_ETYPE);
    /* -1 is Python's default: as long as it takes. */
    expect_repr(row_call(lock, "acquire", within(-1)), "True");
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
}

ROW(F2_timeouts_that_are_none, "Lock RLock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    waldo_proxy *rlock = row_create("RLock", waldo_v_none());
    refuse_timeouts(lock);
    refuse_timeouts(rlock);
    waldo_proxy_unref(lock);
    waldo_proxy_unref(rlock);
}

ROW(F3_anybody_may_release_it, "Lock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    row_client *hand = hand_start(lock, false);
    expect_repr(hand_call(hand, "acquire", waldo_v_none()), "True");
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
    expect_repr(hand_call(hand, "release", waldo_v_none()), "None");
    hand_end(hand);
    must_fail(row_try(lock, "release", waldo_v_none()), WALDO_ERUNTIME);
    waldo_proxy_unref(lock);
}

ROW(F3_a_child_acquires_and_exits_and_the_parent_releases, "Lock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    row_client *hand = hand_start(lock, true);
    expect_repr(hand_call(hand, "acquire", waldo_v_none()), "True");
    hand_end(hand);
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    must_fail(row_try(lock, "release", waldo_v_none()), WALDO_ERUNTIME);
    waldo_proxy_unref(lock);
}

static void show_locked(const char *type_id)
{
    waldo_proxy *lock = row_create(type_id, waldo_v_none());
    expect_repr(row_call(lock, "locked", waldo_v_none()), "False");
    expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
    expect_repr(row_call(lock, "locked", waldo_v_none()), "True");
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    expect_repr(row_call(lock, "locked", waldo_v_none()), "False");
    waldo_proxy_unref(lock);
}

ROW(F4_locked, "Lock RLock Condition Semaphore BoundedSemaphore")
{
    show_locked("Lock");
    show_locked("RLock");
    show_locked("Condition");
    show_locked("Semaphore"); /* which fails in CPython */
    show_locked("BoundedSemaphore");
}

/* ---- RLock ---- */

ROW(F5_owned_by_a_thread_of_a_client, "RLock")
{
    waldo_proxy *lock = row_create("RLock", waldo_v_none());
    row_client *hand = hand_start(lock, false);
    must_fail(row_try(lock, "release", waldo_v_none()), WALDO_ERUNTIME);
    expect_text(err.message, "cannot release un-acquired lock");
    expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
    expect_repr(row_call(lock, "acquire", no_wait()), "True");
    expect_repr(hand_call(hand, "acquire", no_wait()), "False");
    expect_repr(hand_call(hand, "release", waldo_v_none()), "'cannot release un-acquired lock'");
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    expect_repr(hand_call(hand, "acquire", no_wait()), "False");
    hand_begin(hand, "acquire", waldo_v_none());
    row_until(waiting_for(lock) == 1);
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
    expect_repr(row_listen(hand), "True");
    must_fail(row_try(lock, "release", waldo_v_none()), WALDO_ERUNTIME);
    expect_repr(hand_call(hand, "release", waldo_v_none()), "None");
    hand_end(hand);
    expect_repr(row_call(lock, "locked", waldo_v_none()), "False");
    waldo_proxy_unref(lock);
}

/* ---- with ---- */

static int leave_early(waldo_lock *lock)
{
    int status;
    WALDO_WITH(waldo_lock, lock, 0, &status, &err)
    return must(waldo_lock_locked(lock, &err));
    return -1;
}

ROW(F6_with_a_lock_held, "Lock RLock")
{
    waldo_lock *lock;
    waldo_rlock *rlock;
    int status, ran = 0;
    must(waldo_lock_new(row_manager(), &lock, &err));
    must(waldo_rlock_new(row_manager(), &rlock, &err));
    WALDO_WITH(waldo_lock, lock, WALDO_FOREVER, &status, &err)
    {
        WALDO_WITH(waldo_rlock, rlock, 1.0, &status, &err)
        ran = must(waldo_lock_locked(lock, &err)) + must(waldo_rlock_locked(rlock, &err));
        expect_equal(status, 1);
        WALDO_WITH(waldo_lock, lock, 0.01, &status, &err)
        ran = 99;
        expect_equal(status, 0);
    }
    expect_equal(ran, 2);
    expect_equal(leave_early(lock), 1);
    WALDO_WITH(waldo_lock, lock, 0, &status, &err)
    break;
    expect_equal(must(waldo_lock_locked(lock, &err)), 0);
    expect_equal(must(waldo_rlock_locked(rlock, &err)), 0);
    waldo_lock_unref(lock);
    waldo_rlock_unref(rlock);
}

ROW(F6_each_acquisition_has_a_larger_token, "Lock RLock")
{
    waldo_lock *lock;
    waldo_grant first, second = {0, true};
    must(waldo_lock_new(row_manager(), &lock, &err));
    expect_equal(must(waldo_lock_acquire_grant(lock, 0, &first, &err)), 1);
    expect_equal(must(waldo_lock_acquire_grant(lock, 0, &second, &err)), 0);
    expect_equal(second.token, 0);
    must(waldo_lock_release(lock, &err));
    expect_equal(must(waldo_lock_acquire_grant(lock, 0, &second, &err)), 1);
    expect(second.token > first.token);
    expect(!second.owner_died);
    must(waldo_lock_release(lock, &err));
    waldo_lock_unref(lock);
    /* An RLock that is acquired again is still the same acquisition. */
    waldo_rlock *rlock;
    must(waldo_rlock_new(row_manager(), &rlock, &err));
    must(waldo_rlock_acquire_grant(rlock, 0, &first, &err));
    must(waldo_rlock_acquire_grant(rlock, 0, &second, &err));
    expect_equal(first.token, second.token);
    must(waldo_rlock_release(rlock, &err));
    must(waldo_rlock_release(rlock, &err));
    waldo_rlock_unref(rlock);
}

/* ---- semaphores ---- */

static void use_up(waldo_proxy *semaphore, int permits)
{
    for (int i = 0; i < permits; i++)
        expect_repr(row_call(semaphore, "acquire", waldo_v_none()), "True");
    expect_repr(row_call(semaphore, "acquire", no_wait()), "False");
    expect_repr(row_call(semaphore, "acquire", within(0.01)), "False");
}

ROW(F7_so_many_acquires_succeed, "Semaphore")
{
    waldo_proxy *semaphore = row_create("Semaphore", waldo_v_tuple(waldo_v(2)));
    use_up(semaphore, 2);
    for (int i = 0; i < 5; i++)
        expect_repr(row_call(semaphore, "release", waldo_v_none()), "None");
    use_up(semaphore, 5);
    for (int i = 0; i < 5; i++)
        expect_repr(row_call(semaphore, "release", waldo_v_none()), "None");
    waldo_proxy_unref(semaphore);
    semaphore = row_create("Semaphore", waldo_v_none());
    use_up(semaphore, 1);
    waldo_proxy_unref(semaphore);
}

ROW(F7_what_a_semaphore_refuses, "Semaphore BoundedSemaphore")
{
    must_fail(row_try_create("Semaphore", waldo_v_tuple(waldo_v(-1))), WALDO_EVALUE);
    expect_text(err.message, "semaphore initial value must be >= 0");
    must_fail(row_try_create("BoundedSemaphore", waldo_v_tuple(waldo_v(-1))), WALDO_EVALUE);
    must_fail(row_try_create("Semaphore", waldo_v_tuple(waldo_v("two"))), WALDO_ETYPE);
    waldo_proxy *semaphore = row_create("Semaphore", waldo_v_tuple(waldo_v(0)));
    must_fail(row_try(semaphore, "acquire", waldo_v_tuple(waldo_v_bool(false), waldo_v(1))),
              WALDO_EVALUE);
    expect_text(err.message, "can't specify timeout for non-blocking acquire");
    expect_repr(row_call(semaphore, "acquire", within(-1)), "False");
    waldo_proxy_unref(semaphore);
}

ROW(F7_a_release_wakes_who_waits, "Semaphore")
{
    waldo_proxy *semaphore = row_create("Semaphore", waldo_v_tuple(waldo_v(0)));
    row_client *hand = hand_start(semaphore, false);
    hand_begin(hand, "acquire", waldo_v_none());
    row_until(waiting_for(semaphore) == 1);
    expect_repr(row_call(semaphore, "release", waldo_v_none()), "None");
    expect_repr(row_listen(hand), "True");
    expect_repr(row_call(semaphore, "acquire", no_wait()), "False");
    hand_end(hand);
    waldo_proxy_unref(semaphore);
}

ROW(F8_over_release, "BoundedSemaphore")
{
    waldo_proxy *semaphore = row_create("BoundedSemaphore", waldo_v_tuple(waldo_v(2)));
    must_fail(row_try(semaphore, "release", waldo_v_none()), WALDO_EVALUE);
    expect_text(err.message, "Semaphore released too many times");
    expect_text(err.type_name, "ValueError");
    use_up(semaphore, 2);
    for (int i = 0; i < 2; i++)
        expect_repr(row_call(semaphore, "release", waldo_v_none()), "None");
    must_fail(row_try(semaphore, "release", waldo_v_none()), WALDO_EVALUE);
    waldo_proxy_unref(semaphore);
}
