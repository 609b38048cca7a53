/* Row F22, which is a bug in CPython: holders and waiters that die. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "row.h"
#include "rows_waiting.h"

/* Holds something, waits, and dies. */
static row_client *doomed(waldo_proxy *proxy)
{
    return hand_start(proxy, true);
}

static bool is_locked(waldo_proxy *lock)
{
    waldo_value *value = row_call(lock, "locked", waldo_v_none());
    bool locked = false;
    must(waldo_value_get_bool(value, &locked, &err));
    waldo_value_unref(value);
    return locked;
}

/* All that can be acquired: at the same time, since a death takes time to be noticed. */
static const char *const types[] = {"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition"};
enum { TYPES = sizeof types / sizeof types[0] };

ROW(F22_what_a_dead_client_held_is_free, "Lock RLock Semaphore BoundedSemaphore Condition")
{
    waldo_proxy *locks[TYPES];
    row_client *holders[TYPES];
    for (int i = 0; i < TYPES; i++) {
        locks[i] = row_create(types[i], waldo_v_none());
        holders[i] = doomed(locks[i]);
        expect_repr(hand_call(holders[i], "acquire", waldo_v_none()), "True");
        expect(is_locked(locks[i]));
    }
    for (int i = 0; i < TYPES; i++)
        row_kill(holders[i]);
    for (int i = 0; i < TYPES; i++) {
        expect_repr(row_call(locks[i], "acquire", waldo_v_none()), "True");
        expect_repr(row_call(locks[i], "release", waldo_v_none()), "None");
        expect(!is_locked(locks[i]));
        waldo_proxy_unref(locks[i]);
    }
}

ROW(F22_the_next_one_is_told_once, "Lock")
{
    waldo_lock *lock;
    must(waldo_lock_new(row_manager(), &lock, &err));
    row_client *holder = doomed(waldo_lock_proxy(lock));
    expect_repr(hand_call(holder, "acquire", waldo_v_none()), "True");
    row_kill(holder);
    waldo_grant grant = {0, false};
    expect_equal(must(waldo_lock_acquire_grant(lock, WALDO_FOREVER, &grant, &err)),
                 WALDO_OWNER_DIED);
    expect(grant.owner_died);
    must(waldo_lock_release(lock, &err));
    expect_equal(must(waldo_lock_acquire(lock, 0, &err)), 1);
    must(waldo_lock_release(lock, &err));
    waldo_lock_unref(lock);
}

/* Kills a process as soon as the lock is held and somebody waits for it in the condition. */
CLIENT(kill_it)
{
    waldo_value *process = row_hear();
    int64_t pid = 0;
    must(waldo_value_get_int64(process, &pid, &err));
    waldo_value_unref(process);
    waldo_proxy *condition = row_proxy(row_hear());
    row_until(is_locked(condition) && waiting_for(condition) == 1);
    kill((pid_t)pid, SIGKILL);
    row_say(waldo_v("done"));
    waldo_proxy_unref(condition);
}

/* A second process that takes the lock while this one waits, and dies with it. */
ROW(F22_wait_tells_of_a_dead_holder, "Condition")
{
    waldo_condition *condition;
    must(waldo_condition_new(row_manager(), NULL, &condition, &err));
    row_client *holder = doomed(waldo_condition_proxy(condition));
    must(waldo_condition_acquire(condition, 0, &err));
    hand_begin(holder, "acquire", waldo_v_none());
    row_until(waiting_for(waldo_condition_proxy(condition)) == 1);
    row_client *killer = row_start("kill_it");
    row_tell(killer, waldo_v(row_process(holder)));
    row_tell(killer, row_token(waldo_condition_proxy(condition)));
    waldo_grant grant = {0, false};
    expect_equal(must(waldo_condition_wait_grant(condition, 0.01, &grant, &err)), 0);
    expect(grant.owner_died);
    expect(grant.token >= 3);
    must(waldo_condition_release(condition, &err));
    expect_repr(row_listen(killer), "'done'");
    row_finish(killer);
    row_kill(holder);
    waldo_condition_unref(condition);
}

/* The hand waits for the lock, as one of so many. */
static void wait_for(row_client *hand, waldo_proxy *lock, int count)
{
    hand_begin(hand, "acquire", waldo_v_none());
    row_until(waiting_for(lock) == count);
}

/* The place of a dead one among those who wait is given to nobody. */
ROW(F22_a_dead_waiter_takes_nothing, "Lock RLock Semaphore BoundedSemaphore Condition")
{
    waldo_proxy *locks[TYPES];
    row_client *dead[TYPES], *next[TYPES];
    for (int i = 0; i < TYPES; i++) {
        locks[i] = row_create(types[i], waldo_v_none());
        expect_repr(row_call(locks[i], "acquire", waldo_v_none()), "True");
        dead[i] = doomed(locks[i]);
        wait_for(dead[i], locks[i], 1);
        next[i] = hand_start(locks[i], false);
        wait_for(next[i], locks[i], 2);
    }
    /* The server does not know yet that they are dead. */
    for (int i = 0; i < TYPES; i++) {
        row_kill(dead[i]);
        expect_repr(row_call(locks[i], "release", waldo_v_none()), "None");
    }
    for (int i = 0; i < TYPES; i++) {
        expect_repr(row_listen(next[i]), "True");
        expect_repr(hand_call(next[i], "release", waldo_v_none()), "None");
        hand_end(next[i]);
        waldo_proxy_unref(locks[i]);
    }
}

ROW(F22_a_notification_is_not_lost_with_a_dead_one, "Condition")
{
    waldo_proxy *condition = row_create("Condition", waldo_v_none());
    row_client *hands[2] = {doomed(condition), hand_start(condition, false)};
    for (int i = 0; i < 2; i++) {
        expect_repr(hand_call(hands[i], "acquire", waldo_v_none()), "True");
        hand_begin(hands[i], "wait", waldo_v_none());
    }
    /* The lock is had when both wait. */
    expect_repr(row_call(condition, "acquire", waldo_v_none()), "True");
    expect_repr(row_call(condition, "notify", waldo_v_none()), "None");
    row_kill(hands[0]);
    expect_repr(row_call(condition, "release", waldo_v_none()), "None");
    expect_repr(row_listen(hands[1]), "True");
    expect_repr(hand_call(hands[1], "release", waldo_v_none()), "None");
    hand_end(hands[1]);
    waldo_proxy_unref(condition);
}

ROW(F22_permits_that_were_events_do_not_come_back, "Semaphore")
{
    waldo_proxy *events = row_create("Semaphore", waldo_v_tuple(waldo_v(0)));
    row_client *consumer = doomed(events);
    for (int i = 0; i < 3; i++)
        expect_repr(row_call(events, "release", waldo_v_none()), "None");
    for (int i = 0; i < 3; i++)
        expect_repr(hand_call(consumer, "acquire", waldo_v_none()), "True");
    int64_t objects = row_objects();
    row_kill(consumer);
    row_until(row_objects() <= objects);
    expect_repr(row_call(events, "acquire", waldo_v_tuple(waldo_v_bool(false))), "False");
    waldo_proxy_unref(events);
}

static bool waits(waldo_proxy *barrier, const char *how_many)
{
    char *text = waldo_proxy_str(barrier);
    bool found = text && strstr(text, how_many);
    free(text);
    return found;
}

ROW(F22_a_barrier_breaks_at_once, "Barrier")
{
    waldo_proxy *barrier = row_create("Barrier", waldo_v_tuple(waldo_v(3)));
    row_client *hands[2] = {doomed(barrier), hand_start(barrier, false)};
    for (int i = 0; i < 2; i++)
        hand_begin(hands[i], "wait", waldo_v_none());
    row_until(waits(barrier, "waiters=2/3"));
    row_kill(hands[0]);
    waldo_value_unref(row_listen(hands[1]));
    must_fail(row_try(barrier, "wait", waldo_v_none()), WALDO_EBROKENBARRIER);
    hand_end(hands[1]);
    waldo_proxy_unref(barrier);
}

ROW(F22_a_participant_that_dies_elsewhere_breaks_it_too, "Barrier")
{
    waldo_proxy *barrier = row_create("Barrier", waldo_v_tuple(waldo_v(2)));
    row_client *partner = doomed(barrier);
    hand_begin(partner, "wait", waldo_v_none());
    waldo_value_unref(row_call(barrier, "wait", waldo_v_none()));
    waldo_value_unref(row_listen(partner));
    row_kill(partner);
    must_fail(row_try(barrier, "wait", waldo_v_none()), WALDO_EBROKENBARRIER);
    /* One that says goodbye is no participant any more. */
    expect_repr(row_call(barrier, "reset", waldo_v_none()), "None");
    partner = hand_start(barrier, true);
    hand_begin(partner, "wait", waldo_v_none());
    waldo_value_unref(row_call(barrier, "wait", waldo_v_none()));
    waldo_value_unref(row_listen(partner));
    hand_end(partner);
    partner = hand_start(barrier, true);
    hand_begin(partner, "wait", waldo_v_none());
    waldo_value_unref(row_call(barrier, "wait", waldo_v_none()));
    waldo_value_unref(row_listen(partner));
    hand_end(partner);
    waldo_proxy_unref(barrier);
}

/* ---- row B10: who waits for whom ---- */

static bool debug_info_says(const char *what)
{
    char *text = NULL;
    must(waldo_manager_debug_info(row_manager(), &text, &err));
    bool found = strstr(text, what) != NULL;
    free(text);
    return found;
}

/* Takes two locks, one after the other. */
CLIENT(take_two)
{
    waldo_proxy *first = row_proxy(row_hear());
    waldo_proxy *second = row_proxy(row_hear());
    row_say(row_call(first, "acquire", waldo_v_none()));
    waldo_value_unref(row_hear());
    row_say(row_call(second, "acquire", waldo_v_none()));
    /* The row may have released one of them. */
    (void)row_try(second, "release", waldo_v_none());
    (void)row_try(first, "release", waldo_v_none());
    waldo_proxy_unref(first);
    waldo_proxy_unref(second);
}

ROW(B10_a_deadlock_is_shown, "Lock RLock")
{
    waldo_proxy *locks[] = {row_create("Lock", waldo_v_none()),
                            row_create("RLock", waldo_v_none())};
    row_client *takers[2];
    for (int i = 0; i < 2; i++) {
        takers[i] = row_start_process("take_two");
        row_tell(takers[i], row_token(locks[i]));
        row_tell(takers[i], row_token(locks[1 - i]));
        expect_repr(row_listen(takers[i]), "True");
    }
    row_tell(takers[0], waldo_v("go"));
    row_until(waiting_for(locks[1]) == 1);
    expect(debug_info_says("; waiting: session "));
    expect(!debug_info_says("deadlock"));
    row_tell(takers[1], waldo_v("go"));
    row_until(waiting_for(locks[0]) == 1);
    expect(debug_info_says("  deadlock: session "));
    expect(debug_info_says(" waits for Lock "));
    expect(debug_info_says(" waits for RLock "));
    /* Whoever likes may release the Lock; that ends it. */
    expect_repr(row_call(locks[0], "release", waldo_v_none()), "None");
    for (int i = 1; i >= 0; i--)
        expect_repr(row_listen(takers[i]), "True");
    expect(!debug_info_says("deadlock"));
    for (int i = 0; i < 2; i++) {
        row_finish(takers[i]);
        waldo_proxy_unref(locks[i]);
    }
}

/* ---- row F22: kills at any moment ---- */

/* Takes the lock and gives it back until it dies. */
CLIENT(use_lock)
{
    waldo_proxy *proxy = row_proxy(row_hear());
    waldo_lock *lock;
    must(waldo_lock_from_proxy(proxy, &lock, &err));
    row_say(waldo_v("ready"));
    for (;;) {
        must(waldo_lock_acquire(lock, WALDO_FOREVER, &err));
        must(waldo_lock_release(lock, &err));
    }
}

ROW(F22_kills_at_any_moment, "Lock")
{
    enum { CLIENTS = 8, MOST_BETWEEN = 30000 };
    waldo_lock *lock;
    must(waldo_lock_new(row_manager(), &lock, &err));
    row_client *clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = row_start_process("use_lock");
        row_tell(clients[i], row_token(waldo_lock_proxy(lock)));
        expect_repr(row_listen(clients[i]), "'ready'");
    }
    uint64_t before = 0;
    for (int i = 0; i < CLIENTS; i++) {
        usleep((useconds_t)(i * 7919 % MOST_BETWEEN)); /* in no rhythm */
        row_kill(clients[i]);
        /* It is had by one at a time, and each time by another acquisition, however many died. */
        waldo_grant grant;
        must(waldo_lock_acquire_grant(lock, WALDO_FOREVER, &grant, &err));
        expect(grant.token > before);
        before = grant.token;
        must(waldo_lock_release(lock, &err));
    }
    row_until(waiting_for(waldo_lock_proxy(lock)) == 0);
    expect_equal(must(waldo_lock_acquire(lock, 0, &err)) > 0, 1);
    must(waldo_lock_release(lock, &err));
    waldo_lock_unref(lock);
}
