/* A server that ended and came again at the same place, or that breaks its connections. */
#include <stdatomic.h>

#include "../held_port.h"
#include "fake_server.h"
#include "server.h"

static int call(bad_thing *thing, waldo_error *err)
{
    Bad__Number number = BAD__NUMBER__INIT, *result = NULL;

    return bad_thing_echo(thing, &number, &result, err);
}

/* The new server does not know the object, and never takes another one for it. */
static void assert_stale(bad_thing *thing)
{
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(call(thing, &err), WALDO_EKEY, "%s", err.message);
    assert_error(err, WALDO_EKEY, "belonged to an earlier life of the server");
}

/* The same for the first call after the restart; but if it was sent to the old server, nobody can
 * tell what became of it. */
static void assert_stale_or_unknown(bad_thing *thing)
{
    waldo_error err = WALDO_ERROR_INIT;

    if (call(thing, &err) != WALDO_EUNKNOWNOUTCOME)
        assert_error(err, WALDO_EKEY, "belonged to an earlier life of the server");
    else
        assert_error(err, WALDO_EUNKNOWNOUTCOME, "which may have run");
}

static void restart(const char *scheme)
{
    int holder;
    char listen[DAEMON_URL_SIZE];
    hold_port(scheme, listen, sizeof listen, &holder);
    test_server first = {.descriptors = 0}, second = {.descriptors = 0};
    server_start(&first, listen);
    waldo_manager *manager = server_connect(&first);
    bad_thing *stale = server_thing(manager);
    waldo_error err = WALDO_ERROR_INIT;

    assert_works(stale);
    daemon_stop(&first.daemon);
    server_start(&second, first.url);
    cr_assert_str_eq(second.url, first.url);
    assert_stale_or_unknown(stale);
    assert_stale(stale);
    /* The same id, in the new life: it is another object. */
    bad_thing *fresh = server_thing(manager);
    cr_assert_eq(waldo_proxy_object(bad_thing_proxy(fresh)),
                 waldo_proxy_object(bad_thing_proxy(stale)));
    assert_stale(stale);
    assert_works(fresh);
    waldo_proxy *attached = NULL;
    cr_assert_eq(waldo_proxy_copy(bad_thing_proxy(stale), &attached, &err), WALDO_EKEY);
    cr_assert_null(attached);
    /* Giving the stale one back takes nothing from the other. */
    bad_thing_unref(stale);
    assert_works(fresh);
    await_objects(manager, 1);
    bad_thing_unref(fresh);
    waldo_manager_unref(manager);
    server_stop(&second);
    close(holder);
}

Test(lives, an_object_of_an_earlier_life_direct, .fini = daemon_kill_all)
{
    restart("tcp");
}

Test(lives, an_object_of_an_earlier_life_nanomsg, .fini = daemon_kill_all)
{
    restart("nn+tcp");
}

/* A call under way when its server was killed, and the same address serves again. */
static void come_back(const char *scheme)
{
    int holder;
    char listen[DAEMON_URL_SIZE];
    hold_port(scheme, listen, sizeof listen, &holder);
    test_server first = {.descriptors = 0}, second = {.descriptors = 0};
    server_start(&first, listen);
    waldo_manager *manager = server_connect(&first);
    waiting_call call = {.thing = server_thing(manager), .method = bad_thing_hold};
    waldo_error err = WALDO_ERROR_INIT;

    waiting_call_start(&call, O_WRONLY);
    cr_assert_eq(daemon_end(&first.daemon, SIGKILL), -SIGKILL);
    close(first.daemon.errors);
    server_start(&second, first.url);
    waiting_call_join(&call);
    cr_assert_eq(call.status, WALDO_EUNKNOWNOUTCOME, "%s", call.err.message);
    cr_assert_eq(waldo_manager_ping(manager, &err), 0, "%s", err.message);
    assert_stale(call.thing);
    bad_thing_unref(call.thing);
    waldo_manager_unref(manager);
    server_stop(&second);
    close(holder);
}

Test(lives, a_server_that_was_killed_and_comes_back_direct, .fini = daemon_kill_all)
{
    come_back("tcp");
}

Test(lives, a_server_that_was_killed_and_comes_back_nanomsg, .fini = daemon_kill_all)
{
    come_back("nn+tcp");
}

Test(lives, a_server_that_was_killed, .fini = daemon_kill_all)
{
    static const char *const urls[] = {"tcp://127.0.0.1:0", "nn+tcp://127.0.0.1:0"};

    for (size_t i = 0; i < 2; i++) {
        test_server server = {.descriptors = 0};
        server_start(&server, urls[i]);
        waldo_manager *manager = server_connect(&server);
        waiting_call call = {.thing = server_thing(manager), .method = bad_thing_hold};
        waldo_error err = WALDO_ERROR_INIT;
        waiting_call_start(&call, O_WRONLY);
        cr_assert_eq(daemon_end(&server.daemon, SIGKILL), -SIGKILL);
        waiting_call_join(&call);
        cr_assert_eq(call.status, WALDO_EGONE, "%s", call.err.message);
        cr_assert_eq(waldo_manager_ping(manager, &err), WALDO_EGONE, "%s", err.message);
        bad_thing_unref(call.thing);
        waldo_manager_unref(manager);
    }
}

static atomic_int breaks;

static bool answer_welcome_and_break(const Waldo__Wire__Request *request, waldo__buffer *reply)
{
    if (request->operation == WALDO__WIRE__OPERATION__HELLO) {
        fake_welcome(reply, WALDO__WIRE__PROTOCOL__PROTOCOL_VERSION, FAKE_INCARNATION,
                     FAKE_LEASE_MS);
        return true;
    }
    atomic_fetch_add(&breaks, 1);
    return false;
}

/* It lets the client in each time, and breaks the connection over each request: the client does not
 * try for ever, although it has all the time there is. */
Test(lives, a_server_that_breaks_every_connection)
{
    fake_server server = {.serve = fake_speak_waldo, .answer = answer_welcome_and_break};
    waldo_manager_options options = {.call_timeout = WALDO_FOREVER};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    bad_thing *thing = NULL;

    fake_start(&server);
    cr_assert_eq(waldo_connect(fake_url(&server, "tcp"), &options, &manager, &err), 0, "%s",
                 err.message);
    cr_assert_eq(bad_thing_new(manager, &thing, &err), WALDO_EGONE, "%s", err.message);
    cr_assert_eq(waldo_manager_ping(manager, &err), WALDO_EGONE, "%s", err.message);
    cr_assert_gt(atomic_load(&breaks), 1, "it did not try again");
    waldo_manager_unref(manager);
    fake_stop(&server);
}
