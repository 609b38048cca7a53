/* Row F15, pain 48: Event. */
#include <criterion/criterion.h>

#include <waldo/mp/sync.h>

#include "unit/memory/children.h"

static waldo_error err;
static waldo_mp_event *signalled;

Test(event, set_clear_wait)
{
    waldo_mp_event *event;
    OK(waldo_mp_event_new(&event, &err));
    cr_expect_not(waldo_mp_event_is_set(event));
    cr_expect_eq(waldo_mp_event_wait(event, 0, &err), 0);
    cr_expect_eq(waldo_mp_event_wait(event, 0.05, &err), 0);
    waldo_mp_event_set(event);
    waldo_mp_event_set(event);
    cr_expect(waldo_mp_event_is_set(event));
    cr_expect_eq(waldo_mp_event_wait(event, 0, &err), 1);
    cr_expect_eq(waldo_mp_event_wait(event, WALDO_FOREVER, &err), 1);
    waldo_mp_event_clear(event);
    cr_expect_eq(waldo_mp_event_wait(event, 0, &err), 0);
    waldo_mp_event_unref(event);
}

struct pair {
    waldo_mp_event *ready;
    waldo_mp_event *go;
};

static int wait_for_go(void *data)
{
    struct pair *pair = data;
    waldo_mp_event_set(pair->ready);
    return waldo_mp_event_wait(pair->go, SOON, NULL);
}

Test(event, wakes_all)
{
    struct pair pair;
    OK(waldo_mp_event_new(&pair.ready, &err));
    OK(waldo_mp_event_new(&pair.go, &err));
    pid_t children[5];
    for (int i = 0; i < 5; ++i)
        children[i] = start_child(wait_for_go, &pair);
    cr_expect_eq(waldo_mp_event_wait(pair.ready, SOON, &err), 1);
    waldo_mp_event_set(pair.go);
    for (int i = 0; i < 5; ++i)
        cr_expect_eq(join_child(children[i]), 1);
    waldo_mp_event_unref(pair.ready);
    waldo_mp_event_unref(pair.go);
}

static void set_it(int signal)
{
    (void)signal;
    /* Its header says that this may be done. */
    waldo_mp_event_set(signalled); // NOLINT(bugprone-signal-handler,cert-sig30-c)
}

Test(event, may_be_set_by_a_signal_handler_of_who_waits)
{
    OK(waldo_mp_event_new(&signalled, &err));
    signal(SIGALRM, set_it);
    ualarm(1000, 0);
    cr_expect_eq(waldo_mp_event_wait(signalled, SOON, &err), 1);
    waldo_mp_event_unref(signalled);
}
