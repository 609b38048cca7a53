/* Rows B1 to B19, B21: what a server answers. Those in which somebody waits or goes away are in
 * test_waiting.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "raw.h"

TestSuite(server, .init = harness_begin_with_server, .fini = harness_clean_up, .timeout = 60);

static void *connect_and_ping(void *url)
{
    static int connected;
    waldo_manager *manager = NULL;
    waldo_error error;
    int status = waldo_connect(url, NULL, &manager, &error);
    if (status >= 0)
        status = waldo_manager_ping(manager, &error);
    waldo_manager_unref(manager);
    cr_expect_geq(status, 0, "%s", error.message);
    return status >= 0 ? &connected : NULL;
}

/* Python refused some once more came than the backlog holds. */
Row(server, B1_many_connections_at_once)
{
    if (harness_transport_is("inproc"))
        harness_skip("libnanomsg's inproc is not safe when many connect at once");
    pthread_t threads[40];
    int connected = 0;
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, connect_and_ping, (void *)harness_url()), 0);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        connected += result != NULL;
    }
    cr_assert_eq(connected, 40);
}

Row(server, B3_first_comes_HELLO)
{
    static const Waldo__Wire__Operation operations[] = {
        WALDO__WIRE__OPERATION__PING, WALDO__WIRE__OPERATION__CREATE, WALDO__WIRE__OPERATION__CALL,
        WALDO__WIRE__OPERATION__SHUTDOWN};
    raw_client client = raw_open(harness_url());
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        request.operation = operations[i];
        must_fail(raw_request(&client, &request), WALDO_EPROTOCOL);
    }
    raw_hello(&client);
    request.operation = WALDO__WIRE__OPERATION__PING;
    must(raw_request(&client, &request));
    raw_close(&client);
}

Row(server, B3_unknown_requests)
{
    raw_client client = raw_open(harness_url());
    raw_hello(&client);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    static const int operations[] = {0, 99, -1, INT32_MIN};
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        request.operation = (Waldo__Wire__Operation)operations[i];
        must_fail(raw_request(&client, &request), WALDO_EPROTOCOL);
    }
    must_fail(raw_bytes(&client, "\xff\xff\xff\xff", 4), WALDO_EPROTOCOL);
    request.operation = WALDO__WIRE__OPERATION__PING;
    must(raw_request(&client, &request));
    raw_close(&client);
}

/* Python opens four connections to create an object and one more to drop it. */
Row(server, B4_one_connection_for_everything)
{
    waldo_manager *manager = harness_connect();
    must(waldo_manager_ping(manager, &err));
    size_t before = harness_descriptors();
    for (int i = 0; i < 50; i++) {
        trial_counter *counter = harness_counter(manager, i);
        cr_assert_eq(harness_add(counter, 1), i + 1);
        trial_counter_unref(counter);
        cr_assert_eq(harness_descriptors(), before);
    }
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
}

Row(server, B5_create)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *proxy = NULL;
    trial_counter *counter = NULL;
    Trial__Number negative = TRIAL__NUMBER__INIT;
    negative.n = -1;
    must_fail(waldo_proxy_create(manager, "NoSuchType", waldo_v_none(), &proxy, &err), WALDO_EKEY);
    cr_assert_not_null(strstr(err.message, "NoSuchType"));
    /* With Python it is a RemoteError, whatever the constructor raises. */
    must_fail(trial_counter_new(manager, &negative, &counter, &err), WALDO_EVALUE);
    cr_assert_str_eq(err.type_name, "ValueError");
    cr_assert_str_eq(err.message, "a counter cannot start at -1");
    cr_assert_not_null(strstr(err.trace, "Counter"));
    must_fail(
        waldo_proxy_create(manager, "Counter", waldo_v_tuple(waldo_v(1), waldo_v(2)), &proxy, &err),
        WALDO_ETYPE);
    must_fail(waldo_proxy_create(manager, "Counter", waldo_v_fields("m", waldo_v(1)), &proxy, &err),
              WALDO_ETYPE);
    cr_assert_eq(harness_objects(manager), 0);
    must(waldo_proxy_create(manager, "Counter", waldo_v_fields("n", waldo_v(1)), &proxy, &err));
    waldo_proxy_unref(proxy);
    waldo_manager_unref(manager);
}

static int name_it(waldo_manager *manager, waldo_proxy *referent, waldo_proxy **ret_name)
{
    waldo_value *reference = NULL;
    must(waldo_proxy_to_value(referent, &reference, &err));
    return waldo_proxy_create(manager, "FooName", reference, ret_name, &err);
}

Row(server, B6_name_only_types)
{
    waldo_manager *manager = harness_connect();
    waldo_proxy *foo = NULL, *name = NULL, *wrong = NULL;
    must_fail(waldo_proxy_create(manager, "FooName", waldo_v_none(), &wrong, &err), WALDO_EVALUE);
    cr_assert_str_eq(err.message, "Without callable, must have one non-keyword argument");
    must_fail(waldo_proxy_create(manager, "FooName", waldo_v(5), &wrong, &err), WALDO_ETYPE);
    trial_counter *counter = harness_counter(manager, 0);
    must_fail(name_it(manager, trial_counter_proxy(counter), &wrong), WALDO_ETYPE);
    trial_counter_unref(counter);
    must(waldo_proxy_create(manager, "Bar", waldo_v_none(), &foo, &err));
    must(name_it(manager, foo, &name));
    cr_assert_str_eq(waldo_proxy_typeid(name), "FooName");
    /* Each name has its own exposed set, and keeps the referent. */
    waldo_proxy_unref(foo);
    waldo_value *result = NULL;
    must_fail(waldo_proxy_call(name, "g", waldo_v_none(), &result, &err), WALDO_EVALUE);
    must_fail(waldo_proxy_call(name, "_h", waldo_v_none(), &result, &err), WALDO_EATTRIBUTE);
    waldo_proxy_unref(name);
    cr_assert_eq(harness_objects(manager), 0);
    waldo_manager_unref(manager);
}

Row(server, B7_the_same_referent_is_the_same_object)
{
    waldo_manager *first = harness_connect(), *second = harness_connect();
    trial_common *one = NULL, *other = NULL;
    must(trial_common_new(first, &one, &err));
    must(trial_common_new(second, &other, &err));
    cr_assert_eq(waldo_proxy_object(trial_common_proxy(one)),
                 waldo_proxy_object(trial_common_proxy(other)));
    cr_assert_eq(harness_objects(first), 1);
    trial_common_unref(one);
    cr_assert_eq(harness_objects(second), 1);
    Trial__Number five = TRIAL__NUMBER__INIT, *sum = NULL;
    five.n = 5;
    must(trial_common_add(other, &five, &sum, &err));
    cr_assert_eq(sum->n, 5);
    trial__number__free_unpacked(sum, NULL);
    trial_common_unref(other);
    cr_assert_eq(harness_objects(second), 0);
    waldo_manager_unref(first);
    waldo_manager_unref(second);
}

static char *debug_info(waldo_manager *manager)
{
    char *text = NULL;
    must(waldo_manager_debug_info(manager, &text, &err));
    return text;
}

static void check_debug_info(waldo_manager *manager, uint64_t id, int references, const char *shows)
{
    char expected[256];
    char *text = debug_info(manager);
    snprintf(expected, sizeof expected, "  %" PRIu64 ":       refcount=%d\n    %s", id, references,
             shows);
    cr_assert_str_eq(text, expected);
    free(text);
}

Row(server, B8_the_creator_holds_one_reference)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 5);
    uint64_t id = waldo_proxy_object(trial_counter_proxy(counter));
    check_debug_info(manager, id, 1, "Counter(5)");
    trial_counter *again = trial_counter_ref(counter);
    check_debug_info(manager, id, 1, "Counter(5)");
    trial_counter_unref(again);
    check_debug_info(manager, id, 1, "Counter(5)");
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
    harness_await("destroyed", 1);
}

Row(server, B9_number_of_objects)
{
    waldo_manager *manager = harness_connect(), *other = harness_connect();
    trial_counter *counters[10];
    for (size_t i = 0; i < 10; i++) {
        counters[i] = harness_counter(manager, 0);
        cr_assert_eq(harness_objects(other), i + 1);
    }
    for (size_t i = 0; i < 10; i++) {
        trial_counter_unref(counters[i]);
        cr_assert_eq(harness_objects(manager), 9 - i);
    }
    waldo_manager_unref(other);
    waldo_manager_unref(manager);
}

Row(server, B10_debug_info)
{
    waldo_manager *manager = harness_connect();
    char *text = debug_info(manager);
    cr_assert_str_eq(text, "");
    free(text);
    trial_counter *counters[3];
    char expected[512] = "";
    for (size_t i = 0; i < 3; i++) {
        counters[i] = harness_counter(manager, (int64_t)i);
        sprintf(expected + strlen(expected), "%s  %" PRIu64 ":       refcount=1\n    Counter(%zu)",
                i > 0 ? "\n" : "", waldo_proxy_object(trial_counter_proxy(counters[i])), i);
    }
    text = debug_info(manager);
    cr_assert_str_eq(text, expected);
    free(text);
    for (size_t i = 0; i < 3; i++)
        trial_counter_unref(counters[i]);
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    check_debug_info(manager, waldo_proxy_object(trial_raiser_proxy(raiser)), 1,
                     "(its repr failed)");
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

Row(server, B11_references_that_are_not_held)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 0);
    uint64_t id = waldo_proxy_object(trial_counter_proxy(counter));
    raw_client client = raw_open(harness_url());
    raw_hello(&client);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.incarnation = client.incarnation;
    request.operation = WALDO__WIRE__OPERATION__DROP;
    request.object = id;
    /* Somebody else's reference is not this session's to give back. */
    must_fail(raw_request(&client, &request), WALDO_EKEY);
    request.operation = WALDO__WIRE__OPERATION__ATTACH;
    must(raw_request(&client, &request));
    request.operation = WALDO__WIRE__OPERATION__DROP;
    request.count = 2;
    must_fail(raw_request(&client, &request), WALDO_EKEY);
    request.count = UINT32_MAX;
    must_fail(raw_request(&client, &request), WALDO_EKEY);
    request.count = 1;
    must(raw_request(&client, &request));
    must_fail(raw_request(&client, &request), WALDO_EKEY);
    cr_assert_eq(harness_add(counter, 1), 1);
    request.object = id + 1000;
    must_fail(raw_request(&client, &request), WALDO_EKEY);
    request.operation = WALDO__WIRE__OPERATION__ATTACH;
    must_fail(raw_request(&client, &request), WALDO_EKEY);
    raw_close(&client);
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

Row(server, B13_methods_of_types_and_objects)
{
    waldo_manager *manager = harness_connect();
    waldo_type_info *info = NULL;
    must(waldo_manager_describe(manager, "Counter", &info, &err));
    cr_assert_str_eq(info->type_id, "Counter");
    cr_assert_eq(info->method_count, 3);
    cr_assert_str_eq(info->methods[0].name, "add");
    cr_assert_str_eq(info->methods[0].signature, "add(trial.Number) returns (trial.Number)");
    cr_assert_str_eq(info->methods[0].comment, "Adds and returns the sum.");
    cr_assert_str_eq(info->methods[0].parameters[0], "n: int64");
    cr_assert_null(info->methods[0].parameters[1]);
    cr_assert_str_eq(info->methods[2].returns, "Counter");
    waldo_type_info_free(info);
    must_fail(waldo_manager_describe(manager, "NoSuchType", &info, &err), WALDO_EKEY);
    char **typeids = NULL;
    must(waldo_manager_typeids(manager, &typeids, &err));
    bool found = false;
    for (size_t i = 0; typeids[i]; i++) {
        found = found || strcmp(typeids[i], "ReadMaker") == 0;
        cr_assert(i == 0 || strcmp(typeids[i - 1], typeids[i]) < 0);
    }
    cr_assert(found);
    free(typeids);
    waldo_manager_unref(manager);
}

Row(server, B15_objects_that_are_not_there)
{
    raw_client client = raw_open(harness_url());
    raw_hello(&client);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__CALL;
    request.name = (char *)"get";
    request.incarnation = client.incarnation;
    static const uint64_t ids[] = {0, 12345, UINT64_MAX};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        request.object = ids[i];
        must_fail(raw_request(&client, &request), WALDO_EKEY);
    }
    request.operation = WALDO__WIRE__OPERATION__PING;
    must(raw_request(&client, &request));
    raw_close(&client);
}

Row(server, B16_methods_that_are_not_there)
{
    waldo_manager *manager = harness_connect();
    trial_bar *bar = NULL;
    waldo_value *result = NULL;
    must(trial_bar_new(manager, &bar, &err));
    waldo_proxy *proxy = trial_bar_proxy(bar);
    must_fail(waldo_proxy_call(proxy, "g", waldo_v_none(), &result, &err), WALDO_EATTRIBUTE);
    cr_assert_str_eq(err.type_name, "AttributeError");
    cr_assert_str_eq(err.message, "'Bar' exposes no method 'g'");
    raw_client client = raw_open(harness_url());
    raw_hello(&client);
    Waldo__Wire__Request request = WALDO__WIRE__REQUEST__INIT;
    request.operation = WALDO__WIRE__OPERATION__CALL;
    request.object = waldo_proxy_object(proxy);
    request.incarnation = client.incarnation;
    /* g by its number, and numbers that nothing has. */
    static const uint32_t numbers[] = {2, 4, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        request.method = numbers[i];
        must_fail(raw_request(&client, &request), WALDO_EATTRIBUTE);
    }
    raw_close(&client);
    trial_bar_unref(bar);
    waldo_manager_unref(manager);
}

Row(server, B16_methods_that_are_always_there)
{
    waldo_manager *manager = harness_connect();
    trial_counter *counter = harness_counter(manager, 6);
    static const char *const names[] = {"__str__", "__repr__", "#GETVALUE"};
    static const char *const shown[] = {"'Counter(6)'", "'Counter(6)'", "6"};
    for (size_t i = 0; i < 3; i++) {
        waldo_value *result = NULL;
        must(waldo_proxy_call(trial_counter_proxy(counter), names[i], waldo_v_none(), &result,
                              &err));
        char *text = waldo_value_repr(result);
        cr_assert_str_eq(text, shown[i]);
        free(text);
        waldo_value_unref(result);
    }
    trial_counter_unref(counter);
    waldo_manager_unref(manager);
}

static int raise(trial_raiser *raiser, int code, const char *type_name, const char *message)
{
    Trial__Failure failure = TRIAL__FAILURE__INIT;
    failure.code = code;
    failure.type_name = (char *)type_name;
    failure.message = (char *)message;
    return trial_raiser_raise(raiser, &failure, &err);
}

Row(server, B17_errors_cross_as_what_they_are)
{
    static const int codes[] = {
#define CODE(name, number, type, text) number,
        WALDO_ERROR_MAP(CODE)
#undef CODE
    };
    waldo_manager *manager = harness_connect();
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        must_fail(raise(raiser, codes[i], "", "for this reason"), codes[i]);
        cr_assert_str_eq(err.type_name, waldo_error_type(codes[i]));
        cr_assert_str_eq(err.message, "for this reason");
        cr_assert_not_null(strstr(err.trace, "trial.Raiser.raise"));
    }
    must_fail(raise(raiser, WALDO_EKEY, "PaymentError", "no funds"), WALDO_EKEY);
    cr_assert_str_eq(err.type_name, "PaymentError");
    char message[2000];
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    must_fail(raise(raiser, WALDO_EVALUE, "", message), WALDO_EVALUE);
    cr_assert_eq(strlen(err.message), sizeof err.message - 1);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

Row(server, B17_handlers_that_say_nothing_of_use)
{
    waldo_manager *manager = harness_connect();
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    static const struct {
        int64_t given;
        int code;
    } cases[] = {{WALDO_EINDEX, WALDO_EINDEX},
                 {-999, WALDO_ERUNTIME},
                 {1, WALDO_ERUNTIME},
                 {77, WALDO_ERUNTIME},
                 {WALDO_DEFERRED, WALDO_ERUNTIME}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Trial__Number number = TRIAL__NUMBER__INIT;
        number.n = cases[i].given;
        must_fail(trial_raiser_give(raiser, &number, &err), cases[i].code);
        cr_assert_neq(err.message[0], '\0');
    }
    trial_maker *maker = NULL;
    trial_counter *nothing = NULL;
    must(trial_maker_new(manager, &maker, &err));
    must_fail(trial_maker_nothing(maker, &nothing, &err), WALDO_ERUNTIME);
    trial_maker_unref(maker);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

Row(server, B18_results_that_cannot_be_sent)
{
    waldo_manager *manager = harness_connect();
    trial_raiser *raiser = NULL;
    trial_box *box = NULL;
    waldo_value *result = NULL;
    Trial__Blob *blob = NULL;
    Trial__Number size = TRIAL__NUMBER__INIT;
    must(trial_raiser_new(manager, &raiser, &err));
    must(trial_box_new(manager, &box, &err));
    must_fail(waldo_proxy_call(trial_raiser_proxy(raiser), "garble", waldo_v_none(), &result, &err),
              WALDO_EPROTOCOL);
    size.n = HARNESS_MAX_MESSAGE + 1;
    must_fail(trial_box_zeros(box, &size, &blob, &err), WALDO_ETOOBIG);
    size.n = HARNESS_MAX_MESSAGE - 100;
    must(trial_box_zeros(box, &size, &blob, &err));
    cr_assert_eq(blob->data.len, (size_t)size.n);
    trial__blob__free_unpacked(blob, NULL);
    trial_box_unref(box);
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

/* In Python these kill the serving thread, and the caller's connection stays dead. */
Row(server, B19_errors_that_end_a_program)
{
    waldo_manager *manager = harness_connect();
    trial_raiser *raiser = NULL;
    must(trial_raiser_new(manager, &raiser, &err));
    static const char *const names[] = {"KeyboardInterrupt", "SystemExit", "GeneratorExit"};
    for (size_t i = 0; i < 3; i++) {
        must_fail(raise(raiser, WALDO_ERUNTIME, names[i], "the end"), WALDO_ERUNTIME);
        cr_assert_str_eq(err.type_name, names[i]);
        must(waldo_manager_ping(manager, &err));
    }
    trial_raiser_unref(raiser);
    waldo_manager_unref(manager);
}

Row(server, B21_ping)
{
    waldo_manager *manager = harness_connect();
    must(waldo_manager_ping(manager, &err));
    waldo_manager_unref(manager);
}
