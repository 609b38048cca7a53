/* Rows B20 to B24, D9, D10 and D20: calls that wait, and clients that go away. That a server goes
 * away (D18) is shown by tests/conformance. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trial_rows.h"

CLIENT(wait_on_common)
{
    trial_common *common = NULL;
    Trial__Number *number = NULL;
    must(trial_common_new(row_manager(), &common, &err));
    must(trial_common_wait(common, &number, &err));
    row_say(waldo_v(number->n));
    trial__number__free_unpacked(number, NULL);
    trial_common_unref(common);
}

static void wake(trial_common *common, int64_t n)
{
    Trial__Number number = TRIAL__NUMBER__INIT;
    number.n = n;
    must(trial_common_wake(common, &number, &err));
}

/* ---- row B23 ---- */

ROW(B23_a_parked_call_holds_up_nobody, "Counter")
{
    int64_t parked = row_event_count("parked");
    trial_common *common = NULL;
    must(trial_common_new(row_manager(), &common, &err));
    row_client *clients[5];
    for (size_t i = 0; i < 5; i++)
        clients[i] = row_start("wait_on_common");
    row_await_event("parked", parked + 5);
    /* The same manager, another one, and the same object. */
    must(waldo_manager_ping(row_manager(), &err));
    waldo_manager *other = row_connect();
    must(waldo_manager_ping(other, &err));
    waldo_manager_unref(other);
    wake(common, 42);
    for (size_t i = 0; i < 5; i++) {
        expect_repr(row_listen(clients[i]), "42");
        row_finish(clients[i]);
    }
    trial_common_unref(common);
}

/* Hears a sleeper, the event to wait for, and how often it will have happened. */
CLIENT(sleep_there)
{
    waldo_proxy *sleeper = row_proxy(row_hear());
    waldo_value *until = row_hear();
    waldo_value_unref(row_call(sleeper, "sleep", until));
    waldo_proxy_unref(sleeper);
}

/* Until "morning" comes once more. */
static row_client *start_sleep(waldo_proxy *sleeper, int64_t mornings)
{
    row_client *client = row_start("sleep_there");
    row_tell(client, row_token(sleeper));
    row_tell(client, waldo_v_fields("name", waldo_v("morning"), "count", waldo_v(mornings + 1)));
    return client;
}

ROW(B23_a_handler_that_blocks_holds_up_its_object_only, "Counter")
{
    int64_t sleeping = row_event_count("sleeping"), mornings = row_event_count("morning");
    waldo_proxy *sleeper = row_create("Sleeper", waldo_v_none());
    waldo_proxy *other = row_create("Sleeper", waldo_v_none());
    row_client *client = start_sleep(sleeper, mornings);
    row_await_event("sleeping", sleeping + 1);
    expect_repr(row_call(other, "turn", waldo_v_none()), "{'n': 0}");
    must(waldo_proxy_set_timeout(sleeper, 0.05, &err));
    must_fail(row_try(sleeper, "turn", waldo_v_none()), WALDO_ETIMEOUT);
    must(waldo_proxy_set_timeout(sleeper, 0, &err));
    char *text = NULL;
    must(waldo_manager_debug_info(row_manager(), &text, &err));
    expect(strstr(text, "(busy)"));
    free(text);
    row_post_event("morning");
    row_finish(client);
    waldo_value_unref(row_call(sleeper, "turn", waldo_v_none()));
    waldo_proxy_unref(sleeper);
    waldo_proxy_unref(other);
}

/* ---- row B24: one call on an object at a time, unless its type wants otherwise ---- */

enum { TURNS = 50, TURNERS = 4 };

CLIENT(take_turns)
{
    waldo_value *token = row_hear();
    waldo_proxy *proxy = row_proxy(token);
    trial_sleeper *sleeper = NULL;
    int64_t before = -1;
    must(trial_sleeper_from_proxy(proxy, &sleeper, &err));
    for (int i = 0; i < TURNS; i++) {
        Trial__Number *turn = NULL;
        must(trial_sleeper_turn(sleeper, &turn, &err));
        /* Each turn is somebody's, and a client's are in order. */
        expect(turn->n > before);
        before = turn->n;
        trial__number__free_unpacked(turn, NULL);
    }
    trial_sleeper_unref(sleeper);
    waldo_proxy_unref(proxy);
}

ROW(B24_serial, "Counter")
{
    waldo_proxy *sleeper = row_create("Sleeper", waldo_v_none());
    row_client *clients[TURNERS];
    for (size_t i = 0; i < TURNERS; i++)
        clients[i] = row_start("take_turns");
    for (size_t i = 0; i < TURNERS; i++)
        row_tell(clients[i], row_token(sleeper));
    for (size_t i = 0; i < TURNERS; i++)
        row_finish(clients[i]);
    expect_repr(row_call(sleeper, "turn", waldo_v_none()), "{'n': 200}");
    waldo_proxy_unref(sleeper);
}

ROW(B24_concurrent, "Counter")
{
    int64_t sleeping = row_event_count("sleeping"), mornings = row_event_count("morning");
    waldo_proxy *wide = row_create("WideSleeper", waldo_v_none());
    row_client *clients[3];
    for (size_t i = 0; i < 3; i++)
        clients[i] = start_sleep(wide, mornings);
    row_await_event("sleeping", sleeping + 3);
    expect_repr(row_call(wide, "together", waldo_v_none()), "{'n': 3}");
    row_post_event("morning");
    for (size_t i = 0; i < 3; i++)
        row_finish(clients[i]);
    waldo_proxy_unref(wide);
}

/* ---- row D20: a call that was given up ---- */

/* With Python every later call returns the reply before its own. */
ROW(D20_a_call_that_is_given_up, "Counter")
{
    trial_common *common = NULL;
    Trial__Number *number = NULL, one = TRIAL__NUMBER__INIT;
    must(trial_common_new(row_manager(), &common, &err));
    must(waldo_proxy_set_timeout(trial_common_proxy(common), 0.05, &err));
    must_fail(trial_common_wait(common, &number, &err), WALDO_ETIMEOUT);
    expect(!number);
    must(waldo_proxy_set_timeout(trial_common_proxy(common), 0, &err));
    /* The sum is everybody's. */
    must(trial_common_add(common, NULL, &number, &err));
    int64_t before = number->n;
    trial__number__free_unpacked(number, NULL);
    one.n = 1;
    for (int64_t i = 1; i <= 6; i++) {
        if (i == 6)
            wake(common, 42);
        must(trial_common_add(common, &one, &number, &err));
        expect_equal(number->n, before + i);
        trial__number__free_unpacked(number, NULL);
    }
    trial_common_unref(common);
}

/* ---- rows B20, D9 and D10: clients that go without a word ---- */

ROW(B20_a_waiting_client_that_is_killed, "Counter")
{
    int64_t parked = row_event_count("parked"), cancelled = row_event_count("cancelled"),
            forgotten = row_event_count("forgotten");
    row_client *client = row_start_process("wait_on_common");
    row_await_event("parked", parked + 1);
    row_kill(client);
    row_await_event("cancelled", cancelled + 1);
    row_await_event("forgotten", forgotten + 1);
}

/* Creates five counters, and ends without giving anything back. */
CLIENT(hold_counters)
{
    for (int i = 0; i < 5; i++)
        (void)row_counter(row_manager(), i);
    row_say(waldo_v("held"));
    waldo_value_unref(row_hear());
    _exit(0);
}

static row_client *start_holder(void)
{
    row_client *client = row_start_process("hold_counters");
    expect_repr(row_listen(client), "'held'");
    expect_equal(row_objects(), 5);
    return client;
}

ROW(D9_a_process_that_ends, "Counter")
{
    int64_t destroyed = row_event_count("destroyed");
    row_client *client = start_holder();
    row_tell(client, waldo_v("end"));
    row_finish(client);
    row_await_event("destroyed", destroyed + 5);
    expect_equal(row_objects(), 0);
}

/* With Python its objects stay until the server ends. */
ROW(D10_a_process_that_is_killed, "Counter")
{
    int64_t destroyed = row_event_count("destroyed");
    row_client *client = start_holder();
    row_kill(client);
    row_await_event("destroyed", destroyed + 5);
    expect_equal(row_objects(), 0);
}
