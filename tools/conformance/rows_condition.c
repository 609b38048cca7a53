/* Rows F9 to F14: Condition. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "rows_waiting.h"

static waldo_proxy *new_condition(void)
{
    return row_create("Condition", waldo_v_none());
}

static void acquire(waldo_proxy *lock)
{
    expect_repr(row_call(lock, "acquire", waldo_v_none()), "True");
}

static void release(waldo_proxy *lock)
{
    expect_repr(row_call(lock, "release", waldo_v_none()), "None");
}

/* One that holds the lock and waits. */
static void begin_wait(row_client *hand, waldo_value *arguments)
{
    expect_repr(hand_call(hand, "acquire", waldo_v_none()), "True");
    hand_begin(hand, "wait", arguments);
}

/* As the condition's text says it: <Condition(<unlocked RLock object>, 2)>. */
static bool sleep_there(waldo_proxy *condition, int count)
{
    char *text = waldo_proxy_str(condition);
    char end[16];
    snprintf(end, sizeof end, ", %d)>", count);
    bool found =
        text && strlen(text) > strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
    free(text);
    return found;
}

ROW(F9_its_own_lock_is_an_rlock, "Condition")
{
    waldo_proxy *condition = new_condition();
    acquire(condition);
    acquire(condition);
    row_client *hand = hand_start(condition, false);
    expect_repr(hand_call(hand, "acquire", waldo_v_tuple(waldo_v_bool(false))), "False");
    release(condition);
    expect_repr(hand_call(hand, "acquire", waldo_v_tuple(waldo_v_bool(false))), "False");
    release(condition);
    must_fail(row_try(condition, "release", waldo_v_none()), WALDO_ERUNTIME);
    expect_text(err.message, "cannot release un-acquired lock");
    hand_end(hand);
    waldo_proxy_unref(condition);
}

ROW(F9_it_shares_a_lock, "Condition Lock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    waldo_proxy *condition = row_create("Condition", waldo_v_tuple(row_token(lock)));
    acquire(condition);
    expect_repr(row_call(lock, "locked", waldo_v_none()), "True");
    release(lock);
    acquire(lock);
    expect_repr(row_call(condition, "wait", waldo_v_tuple(waldo_v(0))), "False");
    expect_repr(row_call(condition, "locked", waldo_v_none()), "True");
    release(condition);
    must_fail(row_try(condition, "release", waldo_v_none()), WALDO_ERUNTIME);
    expect_text(err.message, "release unlocked lock");
    /* The condition keeps the lock alive. */
    waldo_proxy_unref(lock);
    acquire(condition);
    release(condition);
    waldo_proxy_unref(condition);
}

ROW(F9_it_shares_an_rlock_by_its_handle, "Condition RLock")
{
    waldo_rlock *lock;
    waldo_condition *condition;
    must(waldo_rlock_new(row_manager(), &lock, &err));
    must(waldo_condition_new(row_manager(), waldo_rlock_proxy(lock), &condition, &err));
    must(waldo_rlock_acquire(lock, WALDO_FOREVER, &err));
    must(waldo_condition_acquire(condition, 0, &err));
    expect_equal(must(waldo_condition_wait(condition, 0.01, &err)), 0);
    must(waldo_condition_release(condition, &err));
    must(waldo_rlock_release(lock, &err));
    expect_equal(must(waldo_condition_locked(condition, &err)), 0);
    waldo_rlock_unref(lock);
    waldo_condition_unref(condition);
}

ROW(F9_what_is_no_lock, "Condition Event")
{
    must_fail(row_try_create("Condition", waldo_v_tuple(waldo_v(5))), WALDO_EATTRIBUTE);
    expect_text(err.message, "'int' object has no attribute 'acquire'");
    waldo_proxy *event = row_create("Event", waldo_v_none());
    must_fail(row_try_create("Condition", waldo_v_tuple(row_token(event))), WALDO_ETYPE);
    waldo_proxy_unref(event);
}

ROW(F10_without_the_lock, "Condition Lock")
{
    waldo_proxy *lock = row_create("Lock", waldo_v_none());
    waldo_proxy *shared = row_create("Condition", waldo_v_tuple(row_token(lock)));
    waldo_proxy *own = new_condition();
    waldo_proxy *both[] = {shared, own};
    for (int i = 0; i < 2; i++) {
        must_fail(row_try(both[i], "wait", waldo_v_none()), WALDO_ERUNTIME);
        expect_text(err.message, "cannot wait on un-acquired lock");
        must_fail(row_try(both[i], "notify", waldo_v_none()), WALDO_ERUNTIME);
        expect_text(err.message, "cannot notify on un-acquired lock");
        must_fail(row_try(both[i], "notify_all", waldo_v_none()), WALDO_ERUNTIME);
        expect_text(err.type_name, "RuntimeError");
    }
    row_client *hand = hand_start(own, false);
    acquire(own);
    expect_repr(hand_call(hand, "notify", waldo_v_none()), "'cannot notify on un-acquired lock'");
    release(own);
    hand_end(hand);
    waldo_proxy_unref(own);
    waldo_proxy_unref(shared);
    waldo_proxy_unref(lock);
}

ROW(F11_the_result_of_wait, "Condition")
{
    waldo_proxy *condition = new_condition();
    acquire(condition);
    acquire(condition);
    expect_repr(row_call(condition, "wait", waldo_v_tuple(waldo_v(0))), "False");
    expect_repr(row_call(condition, "wait", waldo_v_tuple(waldo_v(-1))), "False");
    double begin = row_now();
    expect_repr(row_call(condition, "wait", waldo_v_tuple(waldo_v(0.1))), "False");
    expect(row_now() - begin >= 0.1);
    release(condition);
    release(condition);
    must_fail(row_try(condition, "release", waldo_v_none()), WALDO_ERUNTIME);
    waldo_proxy_unref(condition);
}

ROW(F11_the_lock_is_free_meanwhile, "Condition")
{
    waldo_proxy *condition = new_condition();
    row_client *sleeper = hand_start(condition, false);
    expect_repr(hand_call(sleeper, "acquire", waldo_v_none()), "True");
    begin_wait(sleeper, waldo_v_none());
    row_until(sleep_there(condition, 1));
    acquire(condition);
    expect_repr(row_call(condition, "notify", waldo_v_none()), "None");
    expect(sleep_there(condition, 0));
    /* Notified, it waits for the lock, and gets it as deep as it had it. */
    expect(!row_has_said(sleeper));
    release(condition);
    expect_repr(row_listen(sleeper), "True");
    expect_repr(hand_call(sleeper, "release", waldo_v_none()), "None");
    expect_repr(row_call(condition, "acquire", waldo_v_tuple(waldo_v_bool(false))), "False");
    expect_repr(hand_call(sleeper, "release", waldo_v_none()), "None");
    expect_repr(hand_call(sleeper, "release", waldo_v_none()), "'cannot release un-acquired lock'");
    hand_end(sleeper);
    waldo_proxy_unref(condition);
}

enum { SLEEPERS = 4 };

static void start_sleepers(waldo_proxy *condition, row_client **sleepers)
{
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = hand_start(condition, i % 2 == 0);
        begin_wait(sleepers[i], waldo_v_none());
        row_until(sleep_there(condition, i + 1));
    }
}

static void notify(waldo_proxy *condition, waldo_value *n)
{
    acquire(condition);
    expect_repr(row_call(condition, "notify", n), "None");
    release(condition);
}

/* Those that were woken release the lock, in the order in which they came. */
static void expect_awake(row_client **sleepers, int first, int count)
{
    for (int i = first; i < first + count; i++) {
        expect_repr(row_listen(sleepers[i]), "True");
        for (int k = i + 1; k < SLEEPERS; k++)
            expect(!row_has_said(sleepers[k]));
        expect_repr(hand_call(sleepers[i], "release", waldo_v_none()), "None");
    }
}

ROW(F12_notify_wakes_one_or_so_many, "Condition")
{
    waldo_proxy *condition = new_condition();
    notify(condition, waldo_v_tuple(waldo_v(3))); /* it is not remembered */
    row_client *sleepers[SLEEPERS];
    start_sleepers(condition, sleepers);
    notify(condition, waldo_v_none());
    expect_awake(sleepers, 0, 1);
    expect(sleep_there(condition, 3));
    notify(condition, waldo_v_tuple(waldo_v(2)));
    expect_awake(sleepers, 1, 2);
    expect(sleep_there(condition, 1));
    notify(condition, waldo_v_tuple(waldo_v(0)));
    expect(sleep_there(condition, 1));
    notify(condition, waldo_v_fields("n", waldo_v(9)));
    expect_awake(sleepers, 3, 1);
    for (int i = 0; i < SLEEPERS; i++)
        hand_end(sleepers[i]);
    waldo_proxy_unref(condition);
}

ROW(F13_notify_all_wakes_all, "Condition")
{
    waldo_proxy *condition = new_condition();
    row_client *late = hand_start(condition, false);
    begin_wait(late, waldo_v_tuple(waldo_v(0.05)));
    expect_repr(row_listen(late), "False");
    expect_repr(hand_call(late, "release", waldo_v_none()), "None");
    row_client *sleepers[SLEEPERS];
    start_sleepers(condition, sleepers);
    acquire(condition);
    expect_repr(row_call(condition, "notify_all", waldo_v_none()), "None");
    expect(sleep_there(condition, 0));
    release(condition);
    for (int i = 0; i < SLEEPERS; i++) {
        expect_repr(row_listen(sleepers[i]), "True");
        expect_repr(hand_call(sleepers[i], "release", waldo_v_none()), "None");
        hand_end(sleepers[i]);
    }
    hand_end(late);
    waldo_proxy_unref(condition);
}

/* ---- row F14 ---- */

typedef struct state {
    waldo_proxy *value;
    int64_t wanted;
    int looks;
} state;

/* Is the value what is wanted? */
static int is_there(void *data)
{
    state *looked = data;
    looked->looks++;
    waldo_value *value = row_call(looked->value, "get", waldo_v_none());
    int64_t number = 0;
    must(waldo_value_get_int64(value, &number, &err));
    waldo_value_unref(value);
    return number == looked->wanted;
}

static int refuse(void *data)
{
    (void)data;
    return WALDO_EASSERTION;
}

/* Counts the value up to 4, and notifies at each step. */
CLIENT(count_up)
{
    waldo_proxy *proxy = row_proxy(row_hear());
    waldo_proxy *value = row_proxy(row_hear());
    waldo_condition *condition;
    must(waldo_condition_from_proxy(proxy, &condition, &err));
    for (int i = 1; i <= 4; i++) {
        must(waldo_condition_acquire(condition, WALDO_FOREVER, &err));
        waldo_value_unref(row_call(value, "set", waldo_v_tuple(waldo_v(i))));
        must(waldo_condition_notify(condition, 1, &err));
        must(waldo_condition_release(condition, &err));
    }
    row_say(waldo_v("done"));
    waldo_condition_unref(condition);
    waldo_proxy_unref(proxy);
    waldo_proxy_unref(value);
}

ROW(F14_wait_for_asks_in_the_caller, "Condition Value")
{
    waldo_condition *condition;
    must(waldo_condition_new(row_manager(), NULL, &condition, &err));
    state looked = {row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(0))), 0, 0};
    must(waldo_condition_acquire(condition, 0, &err));
    expect_equal(must(waldo_condition_wait_for(condition, is_there, &looked, 0, &err)), 1);
    expect_equal(looked.looks, 1);
    looked.wanted = 4;
    row_client *counter = row_start("count_up");
    row_tell(counter, row_token(waldo_condition_proxy(condition)));
    row_tell(counter, row_token(looked.value));
    expect_equal(must(waldo_condition_wait_for(condition, is_there, &looked, ROW_PATIENCE, &err)),
                 1);
    expect_repr(row_listen(counter), "'done'");
    row_finish(counter);
    must(waldo_condition_release(condition, &err));
    waldo_condition_unref(condition);
    waldo_proxy_unref(looked.value);
}

ROW(F14_wait_for_ends, "Condition Value")
{
    waldo_condition *condition;
    must(waldo_condition_new(row_manager(), NULL, &condition, &err));
    state looked = {row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(0))), 1, 0};
    must(waldo_condition_acquire(condition, 0, &err));
    double begin = row_now();
    expect_equal(must(waldo_condition_wait_for(condition, is_there, &looked, 0.1, &err)), 0);
    expect(row_now() - begin >= 0.1);
    expect_equal(looked.looks, 2);
    expect_equal(waldo_condition_wait_for(condition, refuse, NULL, 1.0, &err), WALDO_EASSERTION);
    must_fail(waldo_condition_wait_for(condition, is_there, &looked, -1.0, &err), WALDO_EVALUE);
    must(waldo_condition_release(condition, &err));
    waldo_condition_unref(condition);
    waldo_proxy_unref(looked.value);
}
