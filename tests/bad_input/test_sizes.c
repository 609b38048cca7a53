/* Messages larger than anybody agreed to. */
#include "raw_client.h"
#include "server.h"

/* A call of consume with so many bytes. */
static int consume(bad_thing *thing, size_t size, waldo_error *err)
{
    static uint8_t bytes[1 << 20];
    Bad__Blob blob = BAD__BLOB__INIT;
    Bad__Number *result = NULL;

    cr_assert_leq(size, sizeof bytes);
    blob.data.data = bytes;
    blob.data.len = size;
    int status = bad_thing_consume(thing, &blob, &result, err);
    if (status >= 0) {
        cr_assert_eq(result->n, (int64_t)size);
        bad__number__free_unpacked(result, NULL);
    }
    return status;
}

/* A call of produce of so many bytes. */
static int produce(bad_thing *thing, int64_t size, waldo_error *err)
{
    Bad__Number number = BAD__NUMBER__INIT;
    Bad__Blob *result = NULL;

    number.n = size;
    int status = bad_thing_produce(thing, &number, &result, err);
    if (status >= 0) {
        cr_assert_eq(result->data.len, (size_t)size);
        bad__blob__free_unpacked(result, NULL);
    }
    return status;
}

TEST_OVER_ENGINES(sizes, a_request_too_large)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(consume(thing, TEST_MAX_MESSAGE, &err), WALDO_ETOOBIG, "%s", err.message);
    assert_error(err, WALDO_ETOOBIG, "more than the 65536 that are allowed");
    assert_works(thing);
    cr_assert_eq(consume(thing, 1 << 20, &err), WALDO_ETOOBIG, "%s", err.message);
    cr_assert_eq(consume(thing, TEST_MAX_MESSAGE - 100, &err), 0, "%s", err.message);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

TEST_OVER_ENGINES(sizes, a_reply_too_large)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(produce(thing, TEST_MAX_MESSAGE, &err), WALDO_ETOOBIG, "%s", err.message);
    assert_error(err, WALDO_ETOOBIG, "the reply has 65");
    assert_error(err, WALDO_ETOOBIG, "more than the 65536 that are allowed");
    assert_works(thing);
    cr_assert_eq(produce(thing, 10 << 20, &err), WALDO_ETOOBIG, "%s", err.message);
    cr_assert_eq(produce(thing, TEST_MAX_MESSAGE - 100, &err), 0, "%s", err.message);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* A client that takes less than the server would send. */
TEST_OVER_ENGINES(sizes, a_client_that_takes_less)
{
    waldo_manager_options options = {.max_message = 8192};
    waldo_manager *manager = NULL;
    waldo_error err = WALDO_ERROR_INIT;

    cr_assert_eq(waldo_connect(server->url, &options, &manager, &err), 0, "%s", err.message);
    bad_thing *thing = server_thing(manager);
    cr_assert_eq(produce(thing, 9000, &err), WALDO_ETOOBIG, "%s", err.message);
    assert_error(err, WALDO_ETOOBIG, "more than the 8192 that are allowed");
    cr_assert_eq(consume(thing, 9000, &err), WALDO_ETOOBIG, "%s", err.message);
    assert_error(err, WALDO_ETOOBIG, "more than the 8192 that are allowed");
    cr_assert_eq(produce(thing, 8000, &err), 0, "%s", err.message);
    assert_works(thing);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* A peer that sends it all the same is cut off. */
TEST_OVER_ENGINES(sizes, a_request_too_large_sent_all_the_same)
{
    static uint8_t bytes[4 << 20];
    raw_client client = raw_open(server->url);

    int status = raw_send(&client, bytes, sizeof bytes);
    if (status >= 0)
        status = raw_receive(&client);
    cr_assert_eq(status, WALDO_EGONE);
    raw_close(&client);
}

/* Before its HELLO a connection of the direct engine takes only little. */
Test(sizes, a_first_message_too_large, .fini = daemon_kill_all)
{
    static uint8_t bytes[8192];
    test_server server = {.descriptors = 0};
    server_start(&server, "tcp://127.0.0.1:0");
    raw_client client = raw_open(server.url);

    int status = raw_send(&client, bytes, sizeof bytes);
    if (status >= 0)
        status = raw_receive(&client);
    cr_assert_eq(status, WALDO_EGONE);
    raw_close(&client);
    server_stop(&server);
}

/* It is cut, not refused. */
TEST_OVER_ENGINES(sizes, an_error_text_that_is_long)
{
    waldo_manager *manager = server_connect(server);
    bad_thing *thing = server_thing(manager);
    Bad__Report report = BAD__REPORT__INIT;
    Bad__Number *result = NULL;
    waldo_error err = WALDO_ERROR_INIT;
    static char text[30001];

    for (size_t i = 0; i + 1 < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA9", 2);
    report.code = WALDO_EVALUE;
    report.text = text;
    cr_assert_eq(bad_thing_fail(thing, &report, &result, &err), WALDO_EVALUE, "%s", err.message);
    cr_assert_eq(strlen(err.message), sizeof err.message - 2);
    bad_thing_unref(thing);
    waldo_manager_unref(manager);
}

/* What a client takes may be too little for anything, and nothing has to be undone for that. */
TEST_OVER_ENGINES(sizes, a_transaction_without_steps_whose_outcome_is_too_large)
{
    for (size_t size = 1; size < 300; size++) {
        waldo_manager_options options = {.max_message = size};
        waldo_error err = WALDO_ERROR_INIT;
        waldo_manager *manager = NULL;
        waldo_transaction *transaction = NULL;

        if (waldo_connect(server->url, &options, &manager, &err) < 0)
            continue;
        cr_assert_eq(waldo_transaction_new(manager, &transaction, &err), 0);
        int status = waldo_transaction_commit(transaction, NULL, &err);
        cr_assert(status == 0 || status == WALDO_ETOOBIG, "%zu: %d %s", size, status, err.message);
        cr_assert_eq(waldo_transaction_failed_step(transaction), -1);
        waldo_transaction_unref(transaction);
        waldo_manager_unref(manager);
    }
    assert_serves(server);
}
