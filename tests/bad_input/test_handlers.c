/* Handlers with mistakes, and arguments that are none: the caller hears of it, nobody else does. */
#include "raw_client.h"
#include "server.h"

/* ---- handlers that fail ---- */

TEST_OVER_ENGINES(handlers, a_handler_that_fails)
{
    static const struct {
        int code;
        int seen;
        const char *type, *text;
    } failures[] = {
        {WALDO_EKEY, WALDO_EKEY, "KeyError", "'x'"},
        {WALDO_EOVERFLOW, WALDO_EOVERFLOW, "OverflowError", "past 2^63"},
        {WALDO_EGONE, WALDO_EGONE, "ManagerGoneError", "it says so"},
        {-999, WALDO_EREMOTE, "RemoteError", "a code of its own"},
    };
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);

    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        Bad__Report report = BAD__REPORT__INIT;
        Bad__Number *result = NULL;
        waldo_error err = WALDO_ERROR_INIT;
        report.code = failures[i].code;
        report.text = (char *)failures[i].text;
        cr_assert_eq(bad_thing_fail(thing, &report, &result, &err), failures[i].seen, "%s",
                     err.message);
        cr_assert_eq(err.code, failures[i].seen);
        cr_assert_str_eq(err.type_name, failures[i].type);
        cr_assert_str_eq(err.message, failures[i].text);
        cr_assert_not_null(strstr(err.trace, "in bad.Thing.fail of object "), "%s", err.trace);
        cr_assert_not_null(strstr(err.trace, "typeid 'Thing'"), "%s", err.trace);
        cr_assert_null(result);
    }
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* A text that cannot travel does not take the error with it. */
TEST_OVER_ENGINES(handlers, a_handler_whose_text_is_not_utf8)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(bad_thing_fail_with_bytes(thing, &result, &err), WALDO_EVALUE, "%s", err.message);
    cr_assert_str_eq(err.message, "not ?? text");
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

TEST_OVER_ENGINES(handlers, a_handler_that_returns_nonsense)
{
    static const int returned[] = {42, 1, 3, INT32_MAX};
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number number = BAD__NUMBER__INIT, *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    for (size_t i = 0; i < sizeof returned / sizeof returned[0]; i++) {
        char words[40];
        snprintf(words, sizeof words, "the handler returned %d", returned[i]);
        number.n = returned[i];
        cr_assert_eq(bad_thing_nonsense(thing, &number, &result, &err), WALDO_ERUNTIME);
        assert_error(err, WALDO_ERUNTIME, words);
    }
    /* Negative ones that are no code, and codes without a text. */
    number.n = INT32_MIN;
    cr_assert_eq(bad_thing_nonsense(thing, &number, &result, &err), WALDO_ERUNTIME, "%s",
                 err.message);
    number.n = WALDO_EINDEX;
    cr_assert_eq(bad_thing_nonsense(thing, &number, &result, &err), WALDO_EINDEX);
    assert_error(err, WALDO_EINDEX, waldo_error_text(WALDO_EINDEX));
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

TEST_OVER_ENGINES(handlers, a_handler_that_only_says_it_deferred)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(bad_thing_pretend_to_defer(thing, &result, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "the handler returned 2");
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* A timeout is a result; the caller's own deadline is an error, and comes first where it is
 * earlier. */
TEST_OVER_ENGINES(handlers, a_handler_with_a_timeout)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number time = BAD__NUMBER__INIT;
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    for (time.n = 0; time.n < 30; time.n += 10) {
        cr_assert_eq(bad_thing_nap(thing, &time, &result, &err), 0, "%s", err.message);
        cr_expect_eq(result->n, 1);
        bad__number__free_unpacked(result, NULL);
    }
    time.n = -1;
    cr_assert_eq(bad_thing_nap(thing, &time, &result, &err), WALDO_EVALUE);
    assert_error(err, WALDO_EVALUE, "no time for a nap");
    cr_assert_eq(waldo_proxy_set_timeout(bad_thing_proxy(thing), 0.05, &err), 0);
    time.n = 60 * 60 * 1000;
    cr_assert_eq(bad_thing_nap(thing, &time, &result, &err), WALDO_ETIMEOUT);
    cr_assert_eq(waldo_proxy_set_timeout(bad_thing_proxy(thing), 0, &err), 0);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* The second time is an error, and no call is lost to it. */
TEST_OVER_ENGINES(handlers, a_handler_that_defers_twice)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(bad_thing_defer_twice(thing, &result, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "it was deferred before");
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

TEST_OVER_ENGINES(handlers, a_handler_that_leaves_its_reply_unset)
{
    waldo_manager *manager = server_connect(server);
    bad_mute *mute = NULL;
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(bad_mute_new(manager, &mute, &err), 0, "%s", err.message);
    cr_assert_eq(bad_mute_quiet(mute, &result, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "the handler left its reply unset");
    bad_mute_unref(mute);
    waldo_manager_unref(manager);
}

TEST_OVER_ENGINES(handlers, exports)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager), *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(bad_thing_export_nothing(thing, &result, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "the handler exported no object");
    cr_assert_eq(bad_thing_export_twice(thing, &result, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "an object was exported already");
    cr_assert_eq(bad_thing_export_another(thing, &result, &err), WALDO_ETYPE);
    assert_error(err, WALDO_ETYPE, "'Thing' is a bad.Thing, but a bad.Picky was exported");
    cr_assert_null(result);
    await_objects(manager, 1);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

TEST_OVER_ENGINES(handlers, a_proxy_of_a_typeid_that_is_not_offered)
{
    waldo_manager *manager = server_connect(server);
    waldo_proxy *lost = NULL;
    waldo_value *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_proxy_create(manager, "Lost", waldo_v_none(), &lost, &err), 0);
    cr_assert_eq(waldo_proxy_call(lost, "twin", waldo_v_none(), &result, &err), WALDO_EKEY);
    assert_error(err, WALDO_EKEY, "returns a 'Nowhere', which this server does not offer");
    waldo_proxy_unref(lost);
    waldo_manager_unref(manager);
}

/* ---- constructors ---- */

TEST_OVER_ENGINES(handlers, a_constructor_that_fails)
{
    waldo_manager *manager = server_connect(server);
    bad_picky *picky = NULL;
    Bad__Report report = BAD__REPORT__INIT;
    waldo_error err = WALDO_ERROR_INIT;

    report.code = WALDO_EPERMISSION;
    report.text = (char *)"not today";
    cr_assert_eq(bad_picky_new(manager, &report, &picky, &err), WALDO_EPERMISSION);
    assert_error(err, WALDO_EPERMISSION, "not today");
    cr_assert_not_null(strstr(err.trace, "typeid 'Picky'"), "%s", err.trace);
    report.code = 42;
    cr_assert_eq(bad_picky_new(manager, &report, &picky, &err), WALDO_ERUNTIME);
    assert_error(err, WALDO_ERUNTIME, "the constructor returned 42");
    cr_assert_null(picky);
    await_objects(manager, 0);
    waldo_manager_unref(manager);
}

/* ---- generators ---- */

TEST_OVER_ENGINES(handlers, a_generator_that_returns_nonsense)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number two = BAD__NUMBER__INIT;
    bad_thing_count_iterator *items = NULL;
    const Bad__Number *item = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    two.n = 2;
    cr_assert_eq(bad_thing_count(thing, &two, &items, &err), 0, "%s", err.message);
    for (int64_t i = 0; i < 2; i++) {
        cr_assert_eq(bad_thing_count_next(items, &item, &err), 1, "%s", err.message);
        cr_assert_eq(item->n, i);
    }
    cr_assert_eq(bad_thing_count_next(items, &item, &err), WALDO_ERUNTIME, "%s", err.message);
    assert_error(err, WALDO_ERUNTIME, "the handler returned 42");
    cr_assert_eq(bad_thing_count_next(items, &item, &err), 0, "afterwards it is exhausted");
    bad_thing_count_unref(items);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* A generator that is left in the middle. */
TEST_OVER_ENGINES(handlers, a_generator_that_nobody_exhausts)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Number many = BAD__NUMBER__INIT;
    bad_thing_count_iterator *items = NULL;
    const Bad__Number *item = NULL;

    many.n = 1000;
    cr_assert_eq(bad_thing_count(thing, &many, &items, NULL), 0);
    cr_assert_eq(bad_thing_count_next(items, &item, NULL), 1);
    bad_thing_count_unref(items);
    await_objects(manager, 1);
    cr_assert_eq(bad_thing_count(thing, &many, &items, NULL), 0);
    bad_thing_count_unref(items);
    await_objects(manager, 1);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* ---- arguments ---- */

TEST_OVER_ENGINES(handlers, arguments_of_a_wrong_type)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    waldo_proxy *proxy = bad_thing_proxy(thing);
    waldo_value *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_proxy_call(proxy, "echo", waldo_v_tuple(waldo_v("five")), &result, &err),
                 WALDO_ETYPE, "%s", err.message);
    cr_assert_eq(waldo_proxy_call(proxy, "echo", waldo_v_fields("n", waldo_v(2.5)), &result, &err),
                 WALDO_ETYPE, "%s", err.message);
    cr_assert_eq(waldo_proxy_call(proxy, "echo", waldo_v_fields("m", waldo_v(5)), &result, &err),
                 WALDO_ETYPE, "%s", err.message);
    cr_assert_not_null(strstr(err.message, "m"), "%s", err.message);
    cr_assert_eq(
        waldo_proxy_call(proxy, "echo", waldo_v_tuple(waldo_v(1), waldo_v(2)), &result, &err),
        WALDO_ETYPE, "%s", err.message);
    cr_assert_eq(waldo_proxy_call(proxy, "echo", waldo_v_list(waldo_v(1)), &result, &err),
                 WALDO_ETYPE, "%s", err.message);
    cr_assert_eq(
        waldo_proxy_call(proxy, "echo", waldo_v_fields("n", waldo_v(UINT64_MAX)), &result, &err),
        WALDO_EOVERFLOW, "%s", err.message);
    cr_assert_null(result);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* Typed bytes of another message: what is the number of a Number is the length of a Blob. */
TEST_OVER_ENGINES(handlers, arguments_of_another_message)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    raw_client client = raw_enter(server->url, "sixteen letters!");
    Waldo__Wire__Request request = raw_request(&client, WALDO__WIRE__OPERATION__CALL,
                                               waldo_proxy_object(bad_thing_proxy(thing)));
    Bad__Blob blob = BAD__BLOB__INIT;
    Bad__Report report = BAD__REPORT__INIT;

    blob.data.data = (uint8_t *)"bytes";
    blob.data.len = 5;
    request.name = (char *)"echo";
    cr_assert_eq(raw_exchange(&client, &request, &blob.base), WALDO_EPROTOCOL);
    cr_assert_not_null(strstr(client.reply->error_message, "bad.Number"), "%s",
                       client.reply->error_message);
    report.code = 7;
    request.name = (char *)"consume";
    cr_assert_eq(raw_exchange(&client, &request, &report.base), WALDO_EPROTOCOL);
    cr_assert_not_null(strstr(client.reply->error_message, "bad.Blob"), "%s",
                       client.reply->error_message);
    raw_leave(&client);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* ---- calls that wait ---- */

/* Its caller gives up; the server forgets the call, and the next one runs. */
TEST_OVER_ENGINES(handlers, a_deferred_call_that_is_given_up)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Fifo none = BAD__FIFO__INIT;
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_proxy_set_timeout(bad_thing_proxy(thing), 0.05, NULL), 0);
    cr_assert_eq(bad_thing_park(thing, &none, &result, &err), WALDO_ETIMEOUT, "%s", err.message);
    cr_assert_eq(waldo_proxy_set_timeout(bad_thing_proxy(thing), 0, NULL), 0);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* Its caller hears at once that the server ends. */
static void park_until_shutdown(const char *listen)
{
    test_server server = {.descriptors = 0};
    server_start(&server, listen);
    waldo_manager *manager = server_connect(&server);
    waiting_call call = {.thing = server_thing(manager), .method = bad_thing_park};

    waiting_call_start(&call, O_RDONLY);
    daemon_stop(&server.daemon);
    waiting_call_join(&call);
    cr_assert_eq(call.status, WALDO_EGONE, "%s", call.err.message);
    assert_error(call.err, WALDO_EGONE, "the server is shutting down");
    bad_thing_unref(call.thing);
    waldo_manager_unref(manager);
}

Test(handlers, a_deferred_call_that_is_never_completed_direct, .fini = daemon_kill_all)
{
    park_until_shutdown("tcp://127.0.0.1:0");
}

Test(handlers, a_deferred_call_that_is_never_completed_nanomsg, .fini = daemon_kill_all)
{
    park_until_shutdown("nn+tcp://127.0.0.1:0");
}
