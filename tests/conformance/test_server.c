/* Rows B3 to B16: what a server answers to requests that libwaldo does not make. All others are in
 * tools/conformance. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "raw.h"

TestSuite(server, .init = harness_begin_with_server, .fini = harness_clean_up, .timeout = 60);

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

Row(server, B16_numbers_that_no_method_has)
{
    waldo_manager *manager = harness_connect();
    trial_bar *bar = NULL;
    must(trial_bar_new(manager, &bar, &err));
    waldo_proxy *proxy = trial_bar_proxy(bar);
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
