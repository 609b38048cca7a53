/* Rows F15 to F21: Event and Barrier. */
#include "row.h"
#include "rows_waiting.h"

ROW(F15_event, "Event")
{
    waldo_proxy *event = row_create("Event", waldo_v_none());
    expect_repr(row_call(event, "is_set", waldo_v_none()), "False");
    expect_repr(row_call(event, "wait", waldo_v_tuple(waldo_v(0))), "False");
    expect_repr(row_call(event, "wait", waldo_v_tuple(waldo_v(-1))), "False");
    double begin = row_now();
    expect_repr(row_call(event, "wait", waldo_v_fields("timeout", waldo_v(0.1))), "False");
    expect(row_now() - begin >= 0.1);
    expect_repr(row_call(event, "set", waldo_v_none()), "None");
    expect_repr(row_call(event, "is_set", waldo_v_none()), "True");
    expect_repr(row_call(event, "wait", waldo_v_none()), "True");
    expect_repr(row_call(event, "wait", waldo_v_tuple(waldo_v(0))), "True");
    expect_repr(row_call(event, "clear", waldo_v_none()), "None");
    expect_repr(row_call(event, "is_set", waldo_v_none()), "False");
    must_fail(row_try(event, "wait", waldo_v_tuple(waldo_v(NAN))), WALDO_EVALUE);
    waldo_proxy_unref(event);
}

ROW(F15_set_wakes_all, "Event")
{
    waldo_proxy *event = row_create("Event", waldo_v_none());
    enum { HANDS = 4 };
    row_client *hands[HANDS];
    for (int i = 0; i < HANDS; i++) {
        hands[i] = hand_start(event, i % 2 == 0);
        hand_begin(hands[i], "wait", i == 0 ? waldo_v_tuple(waldo_v(600)) : waldo_v_none());
    }
    row_until(waiting_for(event) == HANDS);
    expect_repr(row_call(event, "set", waldo_v_none()), "None");
    for (int i = 0; i < HANDS; i++) {
        expect_repr(row_listen(hands[i]), "True");
        hand_end(hands[i]);
    }
    waldo_proxy_unref(event);
}

ROW(F15_the_handle, "Event")
{
    waldo_event *event;
    must(waldo_event_new(row_manager(), &event, &err));
    expect_equal(must(waldo_event_is_set(event, &err)), 0);
    expect_equal(must(waldo_event_wait(event, 0.01, &err)), 0);
    must(waldo_event_set(event, &err));
    expect_equal(must(waldo_event_wait(event, WALDO_FOREVER, &err)), 1);
    must(waldo_event_clear(event, &err));
    must_fail(waldo_event_wait(event, -1, &err), WALDO_EVALUE);
    must_fail(waldo_event_wait(event, NAN, &err), WALDO_EVALUE);
    waldo_event_unref(event);
}

/* ---- Barrier ---- */

static waldo_value *attribute(waldo_proxy *barrier, const char *name)
{
    return row_call(barrier, "__getattribute__", waldo_v_tuple(waldo_v(name)));
}

static bool waits(waldo_proxy *barrier, int64_t count)
{
    waldo_value *value = attribute(barrier, "n_waiting");
    int64_t number = -1;
    must(waldo_value_get_int64(value, &number, &err));
    waldo_value_unref(value);
    return number == count;
}

static waldo_proxy *new_barrier(int parties)
{
    return row_create("Barrier", waldo_v_tuple(waldo_v(parties)));
}

static void begin_waits(waldo_proxy *barrier, row_client **hands, int count)
{
    for (int i = 0; i < count; i++) {
        hand_begin(hands[i], "wait", waldo_v_none());
        row_until(waits(barrier, i + 1));
    }
}

enum { HANDS = 3 };

static void start_hands(waldo_proxy *barrier, row_client **hands)
{
    for (int i = 0; i < HANDS; i++)
        hands[i] = hand_start(barrier, i % 2 == 0);
}

static void end_hands(row_client **hands)
{
    for (int i = 0; i < HANDS; i++)
        hand_end(hands[i]);
}

ROW(F16_all_wait_for_each_other, "Barrier")
{
    waldo_proxy *barrier = new_barrier(HANDS + 1);
    expect_repr(attribute(barrier, "parties"), "4");
    row_client *hands[HANDS];
    start_hands(barrier, hands);
    for (int round = 0; round < 3; round++) {
        begin_waits(barrier, hands, HANDS);
        for (int i = 0; i < HANDS; i++)
            expect(!row_has_said(hands[i]));
        expect_repr(row_call(barrier, "wait", waldo_v_none()), "3");
        static const char *const places[] = {"0", "1", "2"};
        for (int i = 0; i < HANDS; i++)
            expect_repr(row_listen(hands[i]), places[i]);
        expect(waits(barrier, 0));
        expect_repr(attribute(barrier, "broken"), "False");
    }
    must_fail(row_try(barrier, "__getattribute__", waldo_v_tuple(waldo_v("_count"))),
              WALDO_EATTRIBUTE);
    expect_text(err.message, "'Barrier' object has no attribute '_count'");
    end_hands(hands);
    waldo_proxy_unref(barrier);
}

/* ---- row F17 ---- */

static int write_down(void *data, waldo_error *reterr)
{
    waldo_value *value = NULL;
    int status = waldo_proxy_call(data, "get", waldo_v_none(), &value, reterr);
    int64_t number = 0;
    if (status >= 0)
        status = waldo_value_get_int64(value, &number, reterr);
    waldo_value_unref(value);
    if (status >= 0 && number < 0)
        status = waldo_error_set(reterr, WALDO_EASSERTION, "told to fail");
    if (status < 0)
        return status;
    value = NULL;
    status = waldo_proxy_call(data, "set", waldo_v_tuple(waldo_v(number + 1)), &value, reterr);
    waldo_value_unref(value);
    return status;
}

/* Waits with the action, as often as told. */
CLIENT(act)
{
    waldo_proxy *proxy = row_proxy(row_hear());
    waldo_proxy *value = row_proxy(row_hear());
    waldo_barrier *barrier;
    must(waldo_barrier_from_proxy(proxy, &barrier, &err));
    for (;;) {
        waldo_value *told = row_hear();
        bool over = waldo_value_kind(told) == WALDO_KIND_NONE;
        waldo_value_unref(told);
        if (over)
            break;
        int64_t index = -1;
        int status =
            waldo_barrier_wait_action(barrier, write_down, value, ROW_PATIENCE, &index, &err);
        row_say(status < 0 ? waldo_v_str(waldo_error_name(status)) : waldo_v(index));
    }
    waldo_barrier_unref(barrier);
    waldo_proxy_unref(proxy);
    waldo_proxy_unref(value);
}

typedef struct actors {
    waldo_barrier *barrier;
    waldo_proxy *value;
    row_client *clients[HANDS];
} actors;

static void start_actors(actors *all)
{
    must(waldo_barrier_new_with_action(row_manager(), HANDS, WALDO_FOREVER, &all->barrier, &err));
    all->value = row_create("Value", waldo_v_tuple(waldo_v("i"), waldo_v(0)));
    for (int i = 0; i < HANDS; i++) {
        all->clients[i] = row_start("act");
        row_tell(all->clients[i], row_token(waldo_barrier_proxy(all->barrier)));
        row_tell(all->clients[i], row_token(all->value));
    }
}

static void end_actors(actors *all)
{
    for (int i = 0; i < HANDS; i++) {
        row_tell(all->clients[i], waldo_v_none());
        row_finish(all->clients[i]);
    }
    waldo_barrier_unref(all->barrier);
    waldo_proxy_unref(all->value);
}

ROW(F17_the_last_one_runs_the_action_before_any_is_released, "Barrier Value")
{
    actors all;
    start_actors(&all);
    static const char *const counts[] = {"1", "2", "3"};
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < HANDS; i++)
            row_tell(all.clients[i], waldo_v("go"));
        int64_t sum = 0;
        for (int i = 0; i < HANDS; i++) {
            waldo_value *heard = row_listen(all.clients[i]);
            int64_t index = 0;
            must(waldo_value_get_int64(heard, &index, &err));
            waldo_value_unref(heard);
            sum += index;
            expect_repr(row_call(all.value, "get", waldo_v_none()), counts[round]);
        }
        expect_equal(sum, 0 + 1 + 2);
    }
    must_fail(waldo_barrier_wait(all.barrier, 1.0, NULL, &err), WALDO_ENOTIMPLEMENTED);
    end_actors(&all);
}

ROW(F17_an_action_that_fails_breaks_the_barrier, "Barrier Value")
{
    actors all;
    start_actors(&all);
    waldo_value_unref(row_call(all.value, "set", waldo_v_tuple(waldo_v(-1))));
    for (int i = 0; i < HANDS; i++)
        row_tell(all.clients[i], waldo_v("go"));
    int failed = 0, broken = 0;
    for (int i = 0; i < HANDS; i++) {
        waldo_value *heard = row_listen(all.clients[i]);
        const char *text = "";
        must(waldo_value_get_str(heard, &text, NULL, &err));
        failed += text[7] == 'A'; /* WALDO_EASSERTION */
        broken += text[7] == 'B';
        waldo_value_unref(heard);
    }
    expect_equal(failed, 1);
    expect_equal(broken, HANDS - 1);
    expect_equal(must(waldo_barrier_broken(all.barrier, &err)), 1);
    end_actors(&all);
}

/* ---- rows F18 to F21 ---- */

static void expect_broken(row_client *hand, const char *why)
{
    waldo_value *heard = row_listen(hand);
    const char *text = NULL;
    must(waldo_value_get_str(heard, &text, NULL, &err));
    expect_text(text, why);
    waldo_value_unref(heard);
}

ROW(F18_abort, "Barrier")
{
    waldo_proxy *barrier = new_barrier(HANDS + 1);
    row_client *hands[HANDS];
    start_hands(barrier, hands);
    begin_waits(barrier, hands, HANDS);
    expect_repr(row_call(barrier, "abort", waldo_v_none()), "None");
    for (int i = 0; i < HANDS; i++)
        expect_broken(hands[i], "the barrier was aborted");
    expect_repr(attribute(barrier, "broken"), "True");
    expect(waits(barrier, 0));
    must_fail(row_try(barrier, "wait", waldo_v_none()), WALDO_EBROKENBARRIER);
    expect_text(err.type_name, "BrokenBarrierError");
    end_hands(hands);
    waldo_proxy_unref(barrier);
}

ROW(F19_reset, "Barrier")
{
    waldo_proxy *barrier = new_barrier(HANDS);
    row_client *hands[HANDS];
    start_hands(barrier, hands);
    begin_waits(barrier, hands, HANDS - 1);
    expect_repr(row_call(barrier, "reset", waldo_v_none()), "None");
    for (int i = 0; i < HANDS - 1; i++)
        expect_broken(hands[i], "the barrier was reset");
    expect_repr(attribute(barrier, "broken"), "False");
    for (int round = 0; round < 2; round++) {
        begin_waits(barrier, hands, HANDS - 1);
        hand_begin(hands[HANDS - 1], "wait", waldo_v_none());
        for (int i = 0; i < HANDS; i++)
            waldo_value_unref(row_listen(hands[i]));
        expect_repr(row_call(barrier, "abort", waldo_v_none()), "None");
        expect_repr(row_call(barrier, "reset", waldo_v_none()), "None");
        expect_repr(attribute(barrier, "broken"), "False");
    }
    end_hands(hands);
    waldo_proxy_unref(barrier);
}

ROW(F20_a_timeout_breaks_it_for_all, "Barrier")
{
    waldo_proxy *barrier = new_barrier(HANDS + 2);
    row_client *hands[HANDS];
    start_hands(barrier, hands);
    begin_waits(barrier, hands, HANDS);
    must_fail(row_try(barrier, "wait", waldo_v_tuple(waldo_v(0.05))), WALDO_EBROKENBARRIER);
    for (int i = 0; i < HANDS; i++)
        expect_broken(hands[i], "somebody's timeout passed");
    expect_repr(attribute(barrier, "broken"), "True");
    expect_repr(row_call(barrier, "reset", waldo_v_none()), "None");
    must_fail(row_try(barrier, "wait", waldo_v_tuple(waldo_v(0))), WALDO_EBROKENBARRIER);
    end_hands(hands);
    waldo_proxy_unref(barrier);
}

ROW(F20_the_timeout_of_the_constructor, "Barrier")
{
    waldo_proxy *barrier =
        row_create("Barrier", waldo_v_fields("parties", waldo_v(2), "timeout", waldo_v(0.05)));
    must_fail(row_try(barrier, "wait", waldo_v_none()), WALDO_EBROKENBARRIER);
    waldo_proxy_unref(barrier);
    waldo_barrier *handle;
    must(waldo_barrier_new(row_manager(), 2, 0.05, &handle, &err));
    must_fail(waldo_barrier_wait(handle, WALDO_BARRIER_TIMEOUT, NULL, &err), WALDO_EBROKENBARRIER);
    must(waldo_barrier_reset(handle, &err));
    must_fail(waldo_barrier_wait(handle, 0.01, NULL, &err), WALDO_EBROKENBARRIER);
    must_fail(waldo_barrier_wait(handle, -2, NULL, &err), WALDO_EVALUE);
    int64_t count = -1;
    must(waldo_barrier_parties(handle, &count, &err));
    expect_equal(count, 2);
    must(waldo_barrier_n_waiting(handle, &count, &err));
    expect_equal(count, 0);
    waldo_barrier_unref(handle);
}

ROW(F21_one_party_does_not_wait, "Barrier")
{
    waldo_proxy *barrier = new_barrier(1);
    for (int i = 0; i < 3; i++)
        expect_repr(row_call(barrier, "wait", waldo_v_none()), "0");
    waldo_proxy_unref(barrier);
    must_fail(row_try_create("Barrier", waldo_v_tuple(waldo_v(0))), WALDO_EVALUE);
    expect_text(err.message, "parties must be >= 1");
    must_fail(row_try_create("Barrier", waldo_v_tuple(waldo_v(-3))), WALDO_EVALUE);
}
